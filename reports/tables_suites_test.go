package reports

import (
	"strings"
	"testing"

	"secura/experiments/record"
	"secura/experiments/suite"
	"secura/reports/report"
	"secura/reports/synthetic"
	"secura/reports/table"
	"secura/reports/tables"
)

// rowOf is the row of a table that begins with the label.
func rowOf(t *testing.T, shown table.Table, label string) []table.Entry {
	t.Helper()
	for _, row := range shown.Rows {
		if row[0].Text == label {
			return row
		}
	}
	t.Fatalf("table %s has no row %q", shown.Title, label)
	return nil
}

func textsOf(row []table.Entry) string {
	var texts []string
	for _, e := range row[1:] {
		texts = append(texts, e.Text)
	}
	return strings.Join(texts, " ")
}

func loaded(t *testing.T, s synthetic.Run) *report.Report {
	t.Helper()
	r, err := Load(s.Make(t, nil))
	synthetic.Must(t, err)
	return r
}

func TestVariantsHaveMeansOfTheirGroupsBesideDora(t *testing.T) {
	r := loaded(t, synthetic.Variants(1, 0.04))
	shown := tables.Variants(r)
	for label, want := range map[string]string{"task_1": "5.0 50.0 54.0", "multiple choice, mean": "5.0 50.0 54.0", "written answers, mean": "5.0 50.0 45.0"} {
		if got := textsOf(rowOf(t, shown, label)); got != want {
			t.Errorf("%s: %s, want %s", label, got, want)
		}
	}
	if got := textsOf(shown.Rows[3]); shown.Rows[3][0].Text != "  minus dora" || got != "· · 4.0" {
		t.Errorf("%q %s", shown.Rows[3][0].Text, got)
	}
	if v := r.Cells[0].Metrics["acc"]; v.Defined() || !strings.Contains(v.Undefined, "learned alone") {
		t.Errorf("accuracy at the end of no stream: %+v", v)
	}
	if v := r.Cells[0].Metrics["learning_accuracy"]; !v.Defined() {
		t.Errorf("learning accuracy: %+v", v)
	}
}

func TestOrdersSpreadOverOrdersAndSeedsSeparately(t *testing.T) {
	s := synthetic.Run{Tasks: synthetic.TaskNames(3), Methods: synthetic.Named("seq"), Seeds: 3, Orders: 2, Score: synthetic.Fade}
	shown := tables.Orders(loaded(t, s))
	// Scores fall by a point with each seed, and no cell depends on its order.
	if got := textsOf(rowOf(t, shown, "seq")[:7]); got != "77.0 0.0 1.0 79.0 0.0 1.0" {
		t.Error(got)
	}
	// One cell that is not done leaves no mean, and says which.
	s.End = func(f *synthetic.CellFiles) {
		if f.Id == "seq-s1-o1" {
			f.Events, f.Status = nil, &record.Status{State: record.Queued}
		}
	}
	shown = tables.Orders(loaded(t, s))
	if row := rowOf(t, shown, "seq"); row[1].Text != "–" || !strings.Contains(shown.Footnotes[0], "seq-s1-o1") {
		t.Errorf("%+v %q", row[1], shown.Footnotes)
	}
}

func TestRetentionRunsAlongStepsAndAblationAgainstItsFirstRow(t *testing.T) {
	s := synthetic.Run{Tasks: synthetic.TaskNames(2), Seeds: 1, Orders: 1, Knowledge: true, Score: synthetic.Fade,
		Methods: []suite.MethodSpec{{Preset: "secura", Name: "secura"}, {Preset: "secura", Name: "no-magnorm", Params: map[string]any{"magnorm": false}},
			{Preset: "secura", Name: "faster", LearningRate: 0.5}}}
	s.End = func(f *synthetic.CellFiles) {
		var events []record.Event
		k := 0.9
		for _, e := range f.Events {
			if e.Kind == record.TaskEnd {
				events = append(events, record.Event{Kind: record.Curve, Index: e.Index, Task: e.Task, Step: 2, Knowledge: &k, Scores: []record.TaskScores{
					{Task: "task_1", Scores: []record.Score{{Name: "exact", Value: 0.4}}}, {Task: "task_2", Scores: []record.Score{{Name: "exact", Value: 0.2}}}}})
			}
			events = append(events, e)
		}
		f.Events = events
	}
	r := loaded(t, s)
	rep := tables.Retention(r)
	if len(rep) != 2 || textsOf(rowOf(t, rep[0], "T2 2 task_2")) != "90.0 90.0 90.0" || textsOf(rowOf(t, rep[1], "T1 2 task_1")) != "30.0 30.0 30.0" {
		t.Errorf("%+v", rep)
	}
	if got := rep[0].Rows[len(rep[0].Rows)-1][0].Text; got != "mean of 4 tests" {
		t.Error(got)
	}
	shown := tables.Ablation(r)
	if got := textsOf(rowOf(t, shown, "no-magnorm")[:4]); got != "magnorm false 74.0 -1.0" {
		t.Error(got)
	}
	if got := textsOf(rowOf(t, shown, "faster")[:2]); got != "learning_rate 0.5" {
		t.Error(got)
	}
	if got := textsOf(rowOf(t, shown, "secura")[:4]); got != "as specified 75.0 ·" {
		t.Error(got)
	}
	data, err := report.Results(r)
	synthetic.Must(t, err)
	if !strings.Contains(string(data), `"curve": [`) {
		t.Error("results.json has no curve")
	}
}

func TestABoundaryWithoutAScoreIsRefused(t *testing.T) {
	s := synthetic.Run{Tasks: synthetic.TaskNames(3), Methods: synthetic.Named("seq"), Seeds: 1, Orders: 1, Score: synthetic.Fade}
	s.End = func(f *synthetic.CellFiles) {
		for i, e := range f.Events {
			if e.Kind == record.Boundary && e.Index == 1 {
				f.Events[i].Scores = e.Scores[:1]
			}
		}
	}
	run := s.Make(t, nil)
	if _, err := Load(run); err == nil || !strings.Contains(err.Error(), "boundary 1 has no score of task task_2") {
		t.Errorf("error %v", err)
	}
}
