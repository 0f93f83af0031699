package methods

import (
	"encoding/json"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"secura/methods/adapter"
)

// The loss of one step, term by term, and its gradient are torch's.
func TestDERPlusPlusIsTorchs(t *testing.T) {
	raw, err := os.ReadFile("testdata/der_plus_plus/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var reference struct {
		Alpha, Beta, Loss float64
		Terms             []float64
		Logits, Gradient  matrix
		Targets           [][]int32
		Counted           matrix
		Kept              matrix
	}
	if err := json.Unmarshal(raw, &reference); err != nil {
		t.Fatal(err)
	}
	const current, draw, answers = 3, 2, 2
	const rows = current + 2*draw
	vocabulary := reference.Logits.columns
	kept, first := make([]float32, rows*answers*vocabulary), make([]float32, rows*answers)
	copy(kept[current*answers*vocabulary:], reference.Kept.values)
	copy(first[current*answers:], reference.Counted.values[current*answers:(current+draw)*answers])
	inputs := []*tensors.Tensor{
		tensorOf(reference.Logits.values, []int{rows, answers, vocabulary}),
		tensors.FromFlatDataAndDimensions(slices.Concat(reference.Targets...), rows, answers),
		tensorOf(reference.Counted.values, []int{rows, answers}),
		tensorOf(kept, []int{rows, answers, vocabulary}), tensorOf(first, []int{rows, answers}),
	}
	out, err := toy.Run("dark experience", inputs, func(in []*graph.Node) []*graph.Node {
		l := &Loss{Logits: in[0], Counted: in[2], session: &Session{Setting: Setting{Rows: current}, hooks: Hooks{ReplayApart: true}},
			batch: batchNodes{targets: in[1], weights: in[2], recalled: in[3], recalledCounted: in[4]}}
		distance, again := l.darkTerms()
		terms := []*graph.Node{l.crossEntropy(), distance, again}
		loss := sum([]*graph.Node{terms[0], graph.MulScalar(distance, reference.Alpha), graph.MulScalar(again, reference.Beta)})
		return append(terms, loss, graph.Gradient(loss, in[0])[0])
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range append(reference.Terms, reference.Loss) {
		if got := float64(floats(t, out[i])[0]); !(math.Abs(got-want) <= 1e-5*want) {
			t.Errorf("number %d of the terms and the loss is %g, torch's is %g", i, got, want)
		}
	}
	if d := apart(floats(t, out[4]), reference.Gradient.values); !(d <= 1e-6) {
		t.Errorf("the gradient is %g from torch's, of at most %g", d, largest(reference.Gradient.values))
	}
}

// openDER keeps every row: the toy's stream has 16. Without clipping gradients add up.
func openDER(t *testing.T, logitWeight, replayWeight float64) *Session {
	setting := toySetting(1)
	setting.Clip, setting.Diagnostics = 0, true
	return open(t, DERPlusPlus, "toy", setting, func(p *DERPlusPlusParams) {
		p.Buffer, p.LogitWeight, p.ReplayWeight = 1, logitWeight, replayWeight
	})
}

// mixed draws the rows to replay beside a batch and makes a step of them.
func mixed(t *testing.T, s *Session, current []Row, r *rand.Rand, rate float64) (replayed []Row, result StepResult) {
	t.Helper()
	replayed = s.MixBatch(current, r)
	result, err := s.Step(toyBatch(s.ReplayRows(), current, replayed), rate)
	if err != nil {
		t.Fatal(err)
	}
	return replayed, result
}

// What is kept of a row are the logits that the model gave for it before the step in which it was
// first learned, one line for each token of its answer.
func TestLogitsAreThoseOfTheFirstStep(t *testing.T) {
	s := openDER(t, 1, 1)
	memory, r := s.hooks.Logits.(*darkMemory), rand.New(rand.NewPCG(3, 4))
	mixed(t, s, rowsOf(0, 0), r, toyRate) // B is 0 in it: another step follows
	list, err := s.Effective()
	if err != nil {
		t.Fatal(err)
	}
	batch := toyBatch(0, rowsOf(0, toyRows), nil)
	out, err := toy.RunBatch("logits", toy.Weights(list), batch, func(in Inputs) []*graph.Node {
		return []*graph.Node{toy.Model.Config.Logits(in.Weights, tail(toy.Model.Config.Hidden(in.Weights, in.Rows, nil), toyAnswers))}
	})
	if err != nil {
		t.Fatal(err)
	}
	want := floats(t, out[0])
	release([]*tensors.Tensor{out[0]})
	onHost(t, list)
	mixed(t, s, rowsOf(0, toyRows), r, toyRate)
	before := memory.logits[Row{Task: 0, Index: toyRows}]
	if len(memory.logits) != 2*toyRows {
		t.Fatalf("logits of %d rows are kept, expected %d", len(memory.logits), 2*toyRows)
	}
	vocabulary := toy.Model.Config.Vocabulary
	for i, row := range rowsOf(0, toyRows) {
		var own []float32
		for slot := i * toyAnswers; slot < (i+1)*toyAnswers; slot++ {
			if batch.Weights[slot] != 0 {
				own = append(own, want[slot*vocabulary:(slot+1)*vocabulary]...)
			}
		}
		if d := apart(own, memory.logits[row]); !(d <= 1e-5) {
			t.Errorf("%v: kept logits are %g from those of the model before the step, of at most %g", row, d, largest(own))
		}
	}
	mixed(t, s, rowsOf(0, toyRows), r, toyRate) // the rows again: they stay as they were
	if apart(before, memory.logits[Row{Task: 0, Index: toyRows}]) != 0 {
		t.Error("what was kept of a row changed when it came again")
	}
}

// Each of the two terms has a value, a gradient of its own and a share in what is learned.
func TestDarkTermsHaveAGradientAndChangeTheResult(t *testing.T) {
	type outcome struct {
		loss, term float64
		gradients  map[string][]float32
		weights    map[string][]float32
	}
	outcomes := map[string]outcome{}
	for name, w := range map[string][2]float64{"none": {0, 0}, "logits": {1, 0}, "labels": {0, 1}, "both": {1, 1}} {
		s, r := openDER(t, 0, 0), rand.New(rand.NewPCG(3, 4)) // all are compared after the same steps
		for i := range 3 {
			mixed(t, s, rowsOf(0, i*toyRows), r, toyRate)
		}
		if err := s.resetOptimizer(); err != nil {
			t.Fatal(err)
		}
		if err := s.Set(coefficients+"logit_weight", []float32{float32(w[0])}); err != nil {
			t.Fatal(err)
		}
		if err := s.Set(coefficients+"replay_weight", []float32{float32(w[1])}); err != nil {
			t.Fatal(err)
		}
		_, result := mixed(t, s, rowsOf(1, 0), r, toyRate)
		outcomes[name] = outcome{result.Loss, measure(t, result.Measures, "replay/term"), gradients(t, s), effective(t, s)}
	}
	none := outcomes["none"]
	for name, got := range outcomes {
		t.Logf("%s: loss %.4f, of it replayed %.4f", name, got.loss, got.term)
		if !(math.Abs(got.loss-none.loss-got.term) <= 1e-5*got.loss) {
			t.Errorf("%s: the loss is %g, without the terms %g, and they %g", name, got.loss, none.loss, got.term)
		}
		if name == "none" {
			continue
		}
		if !(got.term > 1e-3) || !(distance(got.gradients, none.gradients) > 1e-4) || distance(got.weights, none.weights) == 0 {
			t.Errorf("%s: the term is %g, its gradient at most %g, and it moves the weights by %g", name, got.term,
				distance(got.gradients, none.gradients), distance(got.weights, none.weights))
		}
	}
	if d := outcomes["both"].term - outcomes["logits"].term - outcomes["labels"].term; !(math.Abs(d) <= 1e-5) {
		t.Errorf("both terms are %g more than each alone", d)
	}
	for name, both := range outcomes["both"].gradients {
		for i, g := range both {
			alone := outcomes["logits"].gradients[name][i] + outcomes["labels"].gradients[name][i] - none.gradients[name][i]
			if !(math.Abs(float64(g-alone)) <= 1e-4) {
				t.Fatalf("%s[%d] has the gradient %g, the terms alone give %g", name, i, g, alone)
			}
		}
	}
}

// Rows whose logits are held and rows that are learned by their labels are two draws, as in the
// paper's equation 6, with a ratio's rows each.
func TestTheTwoDrawsAreIndependent(t *testing.T) {
	s, r := openDER(t, 1, 1), rand.New(rand.NewPCG(3, 4))
	s.MixBatch(rowsOf(0, 0), r) // the reservoir is empty: nothing is drawn
	differ := 0
	for i := range 8 {
		drawn := s.MixBatch(rowsOf(0, i*toyRows), r)
		half := len(drawn) / 2
		if len(drawn) != s.ReplayRows() {
			t.Fatalf("%d rows are replayed, expected %d", len(drawn), s.ReplayRows())
		}
		if !slices.Equal(drawn[:half], drawn[half:]) {
			differ++
		}
	}
	if differ < 4 { // draws of 2 among 4 to 8 rows are seldom the same
		t.Errorf("the draws differ in %d of 8 batches", differ)
	}
}

// Before anything is replayed the step is SEQ's.
func TestDERPlusPlusBeginsAsSeq(t *testing.T) {
	setting := toySetting(1)
	setting.Clip = 0
	s, seq := openDER(t, 1, 1), open[*LoRAParams](t, Seq, "unclipped", setting, nil)
	_, a := mixed(t, s, rowsOf(0, 0), rand.New(rand.NewPCG(3, 4)), toyRate)
	b, err := seq.Step(toyBatch(0, rowsOf(0, 0), nil), toyRate)
	if err != nil {
		t.Fatal(err)
	}
	if d := distance(effective(t, s), effective(t, seq)); !(d <= 1e-5) || !(math.Abs(a.Loss-b.Loss) <= 1e-5) {
		t.Errorf("the weights are %g from SEQ's, the losses %g and %g", d, a.Loss, b.Loss)
	}
}

// A small reservoir drops rows and their logits together, also one that is replayed in the step
// that drops it; what it needs at most is what it says.
func TestDroppedRowsTakeTheirLogitsAlong(t *testing.T) {
	s := open(t, DERPlusPlus, "small", toySetting(1), func(p *DERPlusPlusParams) { p.Buffer = 0.25 })
	memory, r := s.hooks.Logits.(*darkMemory), rand.New(rand.NewPCG(3, 4))
	if want := 4*16 + 4*4*toyAnswers*toy.Model.Config.Vocabulary; memory.Bytes() != want {
		t.Errorf("the memory says %d bytes, expected %d", memory.Bytes(), want)
	}
	dropped := 0
	for task := range 2 {
		for i := range 2 {
			replayed := s.MixBatch(rowsOf(task, i*toyRows), r)
			for k, row := range replayed[:len(replayed)/2] {
				if s.hooks.Logits.Recall(k) == nil {
					t.Errorf("%v is replayed without its logits", row)
				}
				if !slices.Contains(memory.Rows(), row) {
					dropped++
				}
			}
			if _, err := s.Step(toyBatch(s.ReplayRows(), rowsOf(task, i*toyRows), replayed), toyRate); err != nil {
				t.Fatal(err)
			}
			if len(memory.logits) != len(memory.Rows()) {
				t.Errorf("logits of %d rows, the reservoir has %d", len(memory.logits), len(memory.Rows()))
			}
			for _, row := range memory.Rows() {
				if memory.logits[row] == nil {
					t.Errorf("%v has no logits", row)
				}
			}
		}
	}
	if dropped == 0 {
		t.Error("no row was dropped in a step that replays it: the draws test nothing")
	}
}

// A step whose rows are not offered, as in a recovery, learns two draws again and keeps the logits
// of nothing.
func TestRowsThatAreNotOfferedLeaveNoLogits(t *testing.T) {
	s, r := openDER(t, 1, 1), rand.New(rand.NewPCG(3, 4))
	mixed(t, s, rowsOf(0, 0), r, toyRate)
	mixed(t, s, rowsOf(1, 0), r, toyRate)
	memory := s.hooks.Logits.(*darkMemory)
	seen, kept := shown(t, memory.Reservoir), maps.Clone(memory.logits)
	replayed := s.MixBatch(nil, r)
	if len(replayed) != s.ReplayRows() || memory.Recall(0) == nil {
		t.Errorf("%v is replayed, its logits %v", replayed, memory.Recall(0))
	}
	if _, err := s.Step(toyBatch(s.ReplayRows(), rowsOf(0, 0), replayed), toyRate); err != nil {
		t.Fatal(err)
	}
	if now := shown(t, memory.Reservoir); now != seen || !maps.EqualFunc(memory.logits, kept, slices.Equal[[]float32]) {
		t.Errorf("the memory was shown %d rows, before %d, and keeps the logits of %d, before %d", now, seen, len(memory.logits), len(kept))
	}
}

// Saved within a task, the logits come back bit by bit, and what does not fit is refused.
func TestLogitsAreSaved(t *testing.T) {
	s, r := openDER(t, 1, 1), rand.New(rand.NewPCG(3, 4))
	for i := range 2 {
		mixed(t, s, rowsOf(0, i*toyRows), r, toyRate)
	}
	dir := t.TempDir()
	if err := s.SaveWithin(dir); err != nil {
		t.Fatal(err)
	}
	other := openDER(t, 1, 1)
	if err := other.LoadWithin(dir); err != nil {
		t.Fatal(err)
	}
	a, b := s.hooks.Logits.(*darkMemory), other.hooks.Logits.(*darkMemory)
	if len(b.logits) != toyExamples {
		t.Errorf("logits of %d rows came back", len(b.logits))
	}
	for row, values := range a.logits {
		if apart(values, b.logits[row]) != 0 {
			t.Errorf("%v: other logits came back", row)
		}
	}
	one := b.Kept()["0"]
	for want, kept := range map[string]map[string]adapter.Matrix{
		"logits of slot 0 are not there": {},
		"logits of 9 rows, expected 8":   func() map[string]adapter.Matrix { k := a.Kept(); k["8"] = one; return k }(),
	} {
		if err := b.Restore(kept); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
	if err := open[*LoRAParams](t, Seq, "", toySetting(1), nil).LoadWithin(dir); err == nil {
		t.Error("seq took the logits")
	}
}

func TestRecalledLogitsMustFitTheirRow(t *testing.T) {
	s, r := openDER(t, 1, 1), rand.New(rand.NewPCG(3, 4))
	mixed(t, s, rowsOf(0, 0), r, toyRate)
	replayed := s.MixBatch(rowsOf(0, toyRows), r)
	memory := s.hooks.Logits.(*darkMemory)
	memory.recalled[0] = memory.recalled[0][:toy.Model.Config.Vocabulary] // of one answer; it has two or three
	if _, err := s.Step(toyBatch(s.ReplayRows(), rowsOf(0, toyRows), replayed), toyRate); err == nil || !strings.Contains(err.Error(), "answer 2, 1 were kept") {
		t.Error(err)
	}
}
