package reports

import (
	"math"
	"strings"
	"testing"

	"secura/experiments/record"
	"secura/reports/figure"
	"secura/reports/report"
	"secura/reports/synthetic"
	"secura/reports/tables"
)

// predicting is a run of two tasks that predicted true answers at the boundaries, and at step 2 of
// the first task.
func predicting(methods ...string) synthetic.Run {
	s := synthetic.Run{Tasks: synthetic.TaskNames(2), Methods: synthetic.Named(methods...), Seeds: 1, Orders: 1, Knowledge: true, Score: synthetic.Fade}
	synthetic.Predicting(&s, func(string) float64 { return 0.5 })
	before := s.End
	s.End = func(f *synthetic.CellFiles) {
		before(f)
		for i, e := range f.Events {
			if e.Kind == record.TaskEnd && e.Index == 1 {
				within := record.Event{Kind: record.Curve, Index: 1, Task: e.Task, Step: 2, TeacherForced: synthetic.ForcedRow(0.7, 1.5), Scores: f.Events[1].Scores}
				f.Events = append(f.Events[:i:i], append([]record.Event{within}, f.Events[i:]...)...)
				break
			}
		}
	}
	return s
}

// Table and figure go over the first task's steps, and no ranking has the scores.
func TestReleasedTableAndFigure(t *testing.T) {
	r := load(t, predicting("secura", "seq").Make(t, nil))
	table, ok := tables.Released(r)
	if !ok || len(table.Columns) != 8 {
		t.Fatalf("%+v", table)
	}
	for i, want := range []string{"secura", "1", "1.00", "1.50", "2.00", "3.00", "40.0", "20.0"} {
		if got := table.Rows[0][i].Text; got != want {
			t.Errorf("column %d is %q, want %q", i, got, want)
		}
	}
	figures, err := figure.ReleasedFigures(r)
	if err != nil || len(figures) != 1 || figures[0].Name != "released" {
		t.Fatalf("%v, %v", figures, err)
	}
	if svg, err := figures[0].SVG(); err != nil || !strings.Contains(string(svg), "seq") {
		t.Errorf("the figure: %v", err)
	}
	for _, summary := range tables.Summary(r).Columns {
		if strings.Contains(strings.Join(summary.Head, " "), "tf") {
			t.Errorf("the summary has a column %v", summary.Head)
		}
	}
	if x := cellOf(t, r, "secura-s0-o0").ForcedAt(3, 4, func(f report.Forced) float64 { return f.Nats }); !math.IsNaN(x) {
		t.Errorf("at a step that was not evaluated it is %g", x)
	}
}

// TestReleasedPromisesNoStepsThatItHasNot: of predictions before the stream and at its end alone.
func TestReleasedPromisesNoStepsThatItHasNot(t *testing.T) {
	s := predicting("secura", "seq")
	within := s.End
	s.End = func(f *synthetic.CellFiles) {
		within(f)
		for i := range f.Events {
			if e := &f.Events[i]; e.Kind == record.Curve || e.Kind == record.Boundary && e.Index == 1 {
				e.TeacherForced = nil
			}
		}
	}
	table, ok := tables.Released(load(t, s.Make(t, nil)))
	if !ok || len(table.Columns) != 6 || strings.Contains(table.Title+table.Caption[0], "first") {
		t.Errorf("%d columns of %q: %q", len(table.Columns), table.Title, table.Caption)
	}
}

// The untouched backbone predicts before the first step alone: there is no number of its own at
// later steps, and least of all a 0.
func TestTheReleasedFigureLeavesOutWhatWasNotMeasured(t *testing.T) {
	r := load(t, predicting("frozen", "secura").Make(t, nil))
	figures, err := figure.ReleasedFigures(r)
	if err != nil || len(figures) != 1 {
		t.Fatalf("%v, %v", figures, err)
	}
	svg, err := figures[0].SVG()
	synthetic.Must(t, err)
	if text := string(svg); !strings.Contains(text, ">1.0<") || strings.Contains(text, ">0.0<") {
		t.Error("the least number is 1, but the axis does not begin there")
	}
}
