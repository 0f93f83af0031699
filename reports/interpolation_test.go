package reports

import (
	"strings"
	"testing"

	"secura/experiments/record"
	"secura/reports/synthetic"
	"secura/reports/tables"
)

// SEQ forgets more than SECURA, which is learned less; its mixture 0.5 has 0.6 on both tasks and
// all of K, and dominates.
func TestAMixtureMayDominate(t *testing.T) {
	s := synthetic.Run{Tasks: synthetic.TaskNames(2), Methods: synthetic.Named("secura", "seq", "er", "joint"), Seeds: 1, Orders: 1, Knowledge: true,
		Score: func(m, _, _, _ int) float64 { return 0.4 + 0.125*float64(m) }}
	plain := s
	s.End = func(f *synthetic.CellFiles) {
		if !strings.HasPrefix(f.Id, "seq") {
			return
		}
		for i, e := range f.Events {
			if e.Kind != record.Boundary || e.Index != 2 {
				continue
			}
			for _, m := range []struct{ mix, score, k float64 }{{0.25, 0.2, 0.95}, {0.5, 0.6, 0.95}} {
				mixture := record.Mixture{Mix: m.mix, Knowledge: &m.k}
				for _, task := range s.Tasks {
					mixture.Scores = append(mixture.Scores, record.TaskScores{Task: task, Scores: []record.Score{{Name: "exact", Value: m.score}}})
				}
				f.Events[i].Mixtures = append(f.Events[i].Mixtures, mixture)
			}
		}
	}
	shown, err := tables.Named(load(t, s.Make(t, nil)), "interpolation")
	synthetic.Must(t, err)
	var rows []string
	for _, row := range shown[0].Rows {
		rows = append(rows, row[0].Text+" "+textsOf(row))
	}
	got := strings.Join(rows, "\n")
	for _, want := range []string{"seq 0 5.0 100.0 ·", "seq 0.25 20.0 100.0 ·", "seq 0.5 60.0 100.0 ·", "seq 1 52.5 93.7 ·", "secura 1 40.0 96.8 ·"} {
		if !strings.Contains(got, want) {
			t.Errorf("no row %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "secura 0.5") {
		t.Error("secura has a mixture that was not evaluated")
	}
	remarks := strings.Join(shown[0].Remarks, "\n")
	if !strings.Contains(remarks, "seq at mix 0.5 dominates secura") || !strings.Contains(remarks, "er at mix 1 does not dominate secura") || strings.Contains(remarks, "joint") {
		t.Error(remarks)
	}
	// Without base knowledge nothing can be compared.
	s.Knowledge = false
	shown, err = tables.Named(load(t, s.Make(t, nil)), "interpolation")
	synthetic.Must(t, err)
	if len(shown[0].Remarks) > 0 {
		t.Error(shown[0].Remarks)
	}
	if _, err := tables.Named(load(t, plain.Make(t, nil)), "interpolation"); err == nil || !strings.Contains(err.Error(), "evaluation.interpolate") {
		t.Error(err)
	}
}
