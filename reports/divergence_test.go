package reports

import (
	"math"
	"strings"
	"testing"

	"secura/experiments/record"
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
