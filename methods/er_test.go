package methods

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"
)

func openER(t *testing.T) *Session {
	return open(t, ER, "", toySetting(1), func(p *ERParams) { p.Buffer, p.ReplayRatio = 0.5, 0.5 })
}

func TestReplayedRowsChangeTheWeights(t *testing.T) {
	after := map[string]map[string][]float32{}
	for key, replayed := range map[string][]Row{"none": nil, "one": {{Task: 1, Index: 3}}, "two": {{Task: 1, Index: 3}, {Task: 1, Index: 5}}} {
		s := openER(t)
		if s.ReplayRows() != 2 {
			t.Fatalf("%d rows can be replayed, want half of %d", s.ReplayRows(), toyRows)
		}
		if _, err := s.Step(toyBatch(2, rowsOf(0, 0), replayed), toyRate); err != nil {
			t.Fatal(err)
		}
		after[key] = effective(t, s)
	}
	if distance(after["none"], after["one"]) == 0 || distance(after["one"], after["two"]) == 0 {
		t.Error("replayed rows change nothing")
	}
}

// Before the first replay the rows after the batch are empty: the step is SEQ's.
func TestEmptyReplayRowsChangeNothing(t *testing.T) {
	er, seq := openER(t), open[*LoRAParams](t, Seq, "", toySetting(1), nil)
	a, err := er.Step(toyBatch(2, rowsOf(0, 0), nil), toyRate)
	if err != nil {
		t.Fatal(err)
	}
	b, err := seq.Step(toyBatch(0, rowsOf(0, 0), nil), toyRate)
	if err != nil {
		t.Fatal(err)
	}
	if d := distance(effective(t, er), effective(t, seq)); !(d <= 1e-5) || !(max(a.Loss-b.Loss, b.Loss-a.Loss) <= 1e-5) {
		t.Errorf("the weights are %g from SEQ's, the losses %g and %g", d, a.Loss, b.Loss)
	}
	garbage := toyBatch(2, rowsOf(0, 0), []Row{{Task: 1, Index: 1}, {Task: 1, Index: 2}})
	clear(garbage.Weights[toyRows*toyAnswers:])
	other := openER(t)
	if _, err := other.Step(garbage, toyRate); err != nil {
		t.Fatal(err)
	}
	if d := distance(effective(t, er), effective(t, other)); !(d <= 1e-6) {
		t.Errorf("rows of weight 0 move the weights by %g", d)
	}
}

func TestTheMemoryIsOfferedEveryRowOnce(t *testing.T) {
	s := openER(t)
	m := s.hooks.State.(interface {
		MarshalJSON() ([]byte, error)
		Rows() []Row
	})
	r := rand.New(rand.NewPCG(5, 6))
	if rows := s.MixBatch(rowsOf(0, 0), r); rows != nil {
		t.Errorf("the first batch replays %v", rows)
	}
	for i := range 3 * toyExamples / toyRows {
		for _, row := range s.MixBatch(rowsOf(0, i*toyRows), r) {
			if row.Task != 0 {
				t.Errorf("%v was replayed before its task came", row)
			}
		}
	}
	if seen, held := shown(t, m), len(m.Rows()); seen != toyExamples || held != toyExamples {
		t.Errorf("the memory was shown %d rows and holds %d, want %d", seen, held, toyExamples)
	}
	drawn := s.MixBatch(rowsOf(1, 0), r)
	if len(drawn) != 2 || slices.ContainsFunc(drawn, func(row Row) bool { return row.Task != 0 }) {
		t.Errorf("the second task's first batch replays %v", drawn)
	}
	if seen, held := shown(t, m), len(m.Rows()); seen != toyExamples+toyRows || held != toyExamples {
		t.Errorf("the memory was shown %d rows and holds %d", seen, held)
	}
}

// shown is how many rows a memory was offered so far, as its checkpoint says.
func shown(t *testing.T, memory json.Marshaler) int {
	t.Helper()
	raw, err := memory.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	var state struct{ Seen int }
	if err := json.Unmarshal(raw, &state); err != nil {
		t.Fatal(err)
	}
	return state.Seen
}
