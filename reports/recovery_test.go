package reports

import (
	"slices"
	"strings"
	"testing"

	"secura/experiments/record"
	"secura/reports/synthetic"
	"secura/reports/tables"
)

// Two old tasks are at 0.75 after their training and at 0.25 in the end; after 4 examples they are
// at 0.375, after 16 at 0.625: three quarters of what was lost is back.
func TestRecoveryByHand(t *testing.T) {
	s := synthetic.Run{Tasks: synthetic.TaskNames(3), Methods: synthetic.Named("seq", "frozen"), Seeds: 1, Orders: 1, Score: func(_, _, i, j int) float64 {
		if i == j {
			return 0.75
		}
		return 0.25
	}}
	plain := s
	events := func(f *synthetic.CellFiles, tasks int) {
		if !strings.HasPrefix(f.Id, "seq") {
			return
		}
		at := slices.IndexFunc(f.Events, func(e record.Event) bool { return e.Kind == record.CellEnd })
		for j := range tasks {
			for k, x := range map[int]float64{4: 0.375, 16: 0.625} {
				f.Events = slices.Insert(f.Events, at, record.Event{Kind: record.Recovery, Index: j + 1, Task: s.Tasks[j], Examples: k,
					Scores: []record.TaskScores{{Task: s.Tasks[j], Scores: []record.Score{{Name: "exact", Value: x}}}}})
			}
		}
	}
	s.End = func(f *synthetic.CellFiles) { events(f, 2) }
	shown, err := tables.Named(load(t, s.Make(t, nil)), "recovery")
	synthetic.Must(t, err)
	if got := textsOf(rowOf(t, shown[0], "seq")); got != "75.0 25.0 37.5 62.5 75.0" {
		t.Error(got)
	}
	s.End = func(f *synthetic.CellFiles) { events(f, 1) }
	shown, err = tables.Named(load(t, s.Make(t, nil)), "recovery")
	synthetic.Must(t, err)
	if row := rowOf(t, shown[0], "seq"); row[3].Text != "–" || !strings.Contains(strings.Join(shown[0].Footnotes, " "), "1 of 2 tasks were scored") {
		t.Errorf("%v, footnotes %q", textsOf(row), shown[0].Footnotes)
	}
	s.End = func(f *synthetic.CellFiles) { events(f, 3) }
	if _, err := Load(s.Make(t, nil)); err == nil || !strings.Contains(err.Error(), "only earlier ones than the last") {
		t.Error(err)
	}
	if _, err := tables.Named(load(t, plain.Make(t, nil)), "recovery"); err == nil || !strings.Contains(err.Error(), "evaluation.recovery") {
		t.Error(err)
	}
}
