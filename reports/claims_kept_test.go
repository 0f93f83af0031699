package reports

import (
	"math"
	"strings"
	"testing"

	scoring "secura/datasets/score"
	"secura/experiments/record"
)

// forcedScores are all five scores of one value.
func forcedScores(value float64) (list []record.Score) {
	for _, name := range scoring.TeacherForcedNames {
		list = append(list, record.Score{Name: name, Value: value})
	}
	return list
}

// forcedRow is a task of the stream and two of the battery, whose scores are apart by 0.2.
func forcedRow(value, nats float64) []record.TeacherForced {
	row := func(task string, examples int, value float64) record.TeacherForced {
		return record.TeacherForced{Task: task, Examples: examples, Tokens: 10 * examples, Nats: nats, Right: value / 2, Scores: forcedScores(value)}
	}
	return []record.TeacherForced{row("task_1", 5, 0.01), row("choices", 30, value+0.1), row("written", 30, value-0.1)}
}

// predicting puts teacher-forced predictions on the records of a run: of .8 a method keeps a share, and an evaluation within
// the first task.
func predicting(s *synthetic, keep func(method string) float64) {
	s.end = func(f *cellFiles) {
		method := f.id[:strings.LastIndex(f.id, "-s")]
		for i := range f.events {
			e := &f.events[i]
			if e.Kind != record.Boundary {
				continue
			}
			share := 1 - (1-keep(method))*float64(e.Index)/float64(len(s.tasks))
			e.TeacherForced = forcedRow(0.8*share, 1+float64(e.Index))
			if e.Index == 0 {
				for k := range e.TeacherForced {
					e.TeacherForced[k].Perfect, e.TeacherForced[k].Echo = forcedScores(0.96), forcedScores(0.88)
				}
				k := 0.19
				e.Perturbed = &record.Reference{Knowledge: &k, TeacherForced: forcedRow(0.6, 8)}
			}
		}
	}
}

// The claim is judged by both measures, beside what knows nothing.
func TestTheClaimByTheReleasedMeasure(t *testing.T) {
	s := synthetic{tasks: taskNames(4), methods: named("secura", "secura-released-m1", "secura-released-m2", "seq"), seeds: 2, orders: 1, knowledge: true, score: fade}
	predicting(&s, func(method string) float64 {
		return map[string]float64{"secura": 0.95, "secura-released-m1": 0.75, "secura-released-m2": 0.4, "seq": 1}[method]
	})
	table := claims{evidence(t, s)}.kept()
	want := map[string][]string{
		"untouched":  {"", "100.0", "", "100.0", "100.0", "100.0", "100.0", "100.0", ""},
		"perfect":    {"", "–", "", "120.0", "120.0", "120.0", "120.0", "120.0", ""},
		"echo":       {"", "–", "", "110.0", "110.0", "110.0", "110.0", "110.0", ""},
		"with noise": {"", "20.0", "", "75.0", "75.0", "75.0", "75.0", "75.0", ""},
		"secura":     {"2", "96.6", "supported", "95.0", "95.0", "95.0", "95.0", "95.0", "supported"},
		// By K it keeps more than by the scores, of which those that it keeps are above the bar.
		"secura-released-m1": {"2", "93.5", "supported", "75.0", "75.0", "75.0", "75.0", "75.0", "supported"},
		"secura-released-m2": {"2", "90.3", "supported", "40.0", "40.0", "40.0", "40.0", "40.0", "not supported"},
	}
	if len(table.Rows) != len(want) {
		t.Errorf("%d rows", len(table.Rows))
	}
	for _, row := range table.Rows {
		texts, ok := want[row[0].Text]
		if !ok {
			t.Errorf("a row of %s", row[0].Text)
			continue
		}
		for i, text := range texts {
			if row[i+1].Text != text {
				t.Errorf("%s, column %d: %q, want %q", row[0].Text, i+1, row[i+1].Text, text)
			}
		}
	}
	if notes := strings.Join(table.Footnotes, "\n"); !strings.Contains(notes, "0.800, 0.800") || !strings.Contains(notes, "8.00 nats a token instead of 1.00") ||
		!strings.Contains(notes, "by 5 of the 5 scores above 70%") {
		t.Errorf("footnotes:\n%s", notes)
	}
	without := synthetic{tasks: taskNames(4), methods: named("secura"), seeds: 1, orders: 1, knowledge: true, score: fade}
	if table := (claims{evidence(t, without)}).kept(); table.Rows[0][9].Text != string(NotMeasured) || !strings.Contains(table.Footnotes[0], "runner run "+keptCommand) {
		t.Errorf("%+v, %q", table.Rows, table.Footnotes)
	}
}

// table.Table and figure go over the first task's steps, and no ranking has the scores.
func TestReleasedTableAndFigure(t *testing.T) {
	s := synthetic{tasks: taskNames(2), methods: named("secura", "seq"), seeds: 1, orders: 1, knowledge: true, score: fade}
	predicting(&s, func(string) float64 { return 0.5 })
	before := s.end
	s.end = func(f *cellFiles) {
		before(f)
		for i, e := range f.events {
			if e.Kind == record.TaskEnd && e.Index == 1 {
				within := record.Event{Kind: record.Curve, Index: 1, Task: e.Task, Step: 2, TeacherForced: forcedRow(0.7, 1.5), Scores: f.events[1].Scores}
				f.events = append(f.events[:i:i], append([]record.Event{within}, f.events[i:]...)...)
				break
			}
		}
	}
	r := load(t, s.make(t, nil))
	table, ok := ReleasedTable(r)
	if !ok || len(table.Columns) != 8 {
		t.Fatalf("%+v", table)
	}
	for i, want := range []string{"secura", "1", "1.00", "1.50", "2.00", "3.00", "40.0", "20.0"} {
		if got := table.Rows[0][i].Text; got != want {
			t.Errorf("column %d is %q, want %q", i, got, want)
		}
	}
	figures, err := r.releasedFigures()
	if err != nil || len(figures) != 1 || figures[0].Name != "released" {
		t.Fatalf("%v, %v", figures, err)
	}
	if svg, err := figures[0].SVG(); err != nil || !strings.Contains(string(svg), "seq") {
		t.Errorf("the figure: %v", err)
	}
	for _, summary := range SummaryTable(r).Columns {
		if strings.Contains(strings.Join(summary.Head, " "), "tf") {
			t.Errorf("the summary has a column %v", summary.Head)
		}
	}
	if x := cellOf(t, r, "secura-s0-o0").forcedAt(3, 4, func(f forced) float64 { return f.nats }); !math.IsNaN(x) {
		t.Errorf("at a step that was not evaluated it is %g", x)
	}
}
