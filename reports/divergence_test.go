package reports

import (
	"math"
	"slices"
	"strings"
	"testing"

	"secura/experiments/record"
	"secura/experiments/suite"
	"secura/reports/metric"
	"secura/reports/synthetic"
	"secura/reports/tables"
)

// Five methods that forget the more the further they are from the backbone; the reference has
// nothing to say.
func TestDivergenceGoesWithForgetting(t *testing.T) {
	s := synthetic.Run{Tasks: synthetic.TaskNames(3), Methods: synthetic.Named("seq", "er", "ewc", "kl", "frozen"), Seeds: 1, Orders: 1, Knowledge: true, Score: synthetic.Fade}
	plain := s
	s.End = func(f *synthetic.CellFiles) {
		if strings.HasPrefix(f.Id, "frozen") {
			return
		}
		m := float64(strings.Index("seq er  ewc kl", f.Id[:2])/4 + 1)
		for i, e := range f.Events {
			if e.Kind == record.Boundary {
				text, battery := 0.125*m*float64(e.Index), 0.5*float64(e.Index)/m
				f.Events[i].Divergence = &record.Divergence{HeldOut: &text, Knowledge: &battery}
			}
		}
	}
	shown, err := tables.Named(load(t, s.Make(t, nil)), "kl")
	synthetic.Must(t, err)
	if got := textsOf(rowOf(t, shown[0], "er")[:5]); got != "0.2500 0.7500 0.2500 0.7500" {
		t.Error(got)
	}
	if row := rowOf(t, shown[0], "frozen"); row[1].Text != "–" {
		t.Errorf("the untouched backbone has %v", textsOf(row))
	}
	// Both forgetting and what is lost of knowledge grow from method to method.
	all := strings.Join(shown[0].Remarks, "\n")
	if !strings.Contains(all, "forgetting: 1.00, of 4 methods") || !strings.Contains(all, "knowledge lost: -1.00, of 4 methods") {
		t.Error(all)
	}
	if _, err := tables.Named(load(t, plain.Make(t, nil)), "kl"); err == nil || !strings.Contains(err.Error(), "evaluation.kl=true") {
		t.Error(err)
	}
}

// Where the stream has no evaluations within, what the tasks lost stands for forgetting; and known
// items of the battery are lost though K does not fall, because others are won.
func TestDivergenceGoesWithWhatWasLost(t *testing.T) {
	names := []string{"seq", "er", "ewc", "kl"}
	s := synthetic.Run{Tasks: synthetic.TaskNames(3), Methods: synthetic.Named(names...), Seeds: 1, Orders: 1, Knowledge: true, Score: synthetic.Fade,
		Evaluation: map[string]any{"every": suite.EveryFinal}}
	at := func(id string) int {
		return slices.IndexFunc(names, func(name string) bool { return strings.HasPrefix(id, name+"-") })
	}
	s.End = func(f *synthetic.CellFiles) {
		m := at(f.Id)
		for i, e := range f.Events {
			if e.Kind != record.Boundary {
				continue
			}
			text := float64(m)
			f.Events[i].Divergence = &record.Divergence{HeldOut: &text}
			if e.Index > 0 && e.Index < 3 {
				f.Events[i].Scores = slices.DeleteFunc(slices.Clone(e.Scores), func(x record.TaskScores) bool { return x.Task != s.Tasks[e.Index-1] })
			}
		}
	}
	run := s.Make(t, nil)
	battery := load(t, run).Suite.Knowledge[0].Name
	for i, name := range names {
		for boundary, right := range map[int]string{0: "xxxx....", 3: strings.Repeat("x", 4-i) + strings.Repeat(".", i) + "xxxx"} {
			synthetic.WritePredictions(t, run.Cell(name+"-s0-o0"), boundary, synthetic.BatteryPredictions(battery, 0, right))
		}
	}
	shown, err := tables.Named(load(t, run), "kl")
	synthetic.Must(t, err)
	if head := shown[0].Columns[5:]; strings.Join(head[0].Head, " ") != "tasks lost" || strings.Join(head[1].Head, " ") != "known lost" {
		t.Errorf("%+v", head)
	}
	if got := textsOf(rowOf(t, shown[0], "kl")); !strings.Contains(got, " 75.0 ") {
		t.Errorf("one of four known items is left, and %s is shown", got)
	}
	all := strings.Join(shown[0].Remarks, "\n")
	for _, want := range []string{"held-out text and what the tasks lost (-BWT): 1.00, of 4 methods", "held-out text and the known items lost: 1.00, of 4 methods", "knowledge lost: none, 0 pairs"} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in\n%s", want, all)
		}
	}
}

// Spearman's correlation counted by hand: ranks 1, 2.5, 2.5, 4 against 2, 1, 3, 4.
func TestRankCorrelation(t *testing.T) {
	got := metric.RankCorrelation([]float64{-1, 0, 0, 100}, []float64{0.2, 0.1, 0.3, 0.4})
	// Deviations -1.5, 0, 0, 1.5 and -0.5, -1.5, 0.5, 1.5: products 0.75 + 2.25, squares 4.5 and 5.
	if want := 3 / math.Sqrt(4.5*5); !got.Defined() || math.Abs(got.Number-want) > 1e-12 {
		t.Errorf("%+v, want %g", got, want)
	}
	for reason, pair := range map[string][2][]float64{"3 pairs": {{1, 2, 3}, {1, 2, 3}}, "are equal": {{1, 1, 1, 1}, {1, 2, 3, 4}}} {
		if v := metric.RankCorrelation(pair[0], pair[1]); !strings.Contains(v.Undefined, reason) {
			t.Errorf("%+v, want the reason %q", v, reason)
		}
	}
}
