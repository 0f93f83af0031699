package reports

import (
	"math"
	"slices"
	"strings"
	"testing"

	"secura/experiments/record"
	"secura/reports/synthetic"
	"secura/reports/tables"
)

// dipping is a run of three tasks of 4 steps that was evaluated at steps 1 and 3 of each: earlier
// tasks fall to 0.1 at step 1 and are at 0.3 at step 3, the task itself is at 0.2 and 0.6.
func dipping(methods ...string) synthetic.Run {
	s := synthetic.Run{Tasks: synthetic.TaskNames(3), Methods: synthetic.Named(methods...), Seeds: 1, Orders: 1,
		Score: func(_, _, i, j int) float64 {
			switch {
			case i < j:
				return 0
			case i == j:
				return 0.8
			}
			return 0.4
		}}
	s.End = func(f *synthetic.CellFiles) {
		for i := 0; i < len(f.Events); i++ {
			e := f.Events[i]
			if e.Kind != record.TaskEnd || strings.HasPrefix(f.Id, "joint") {
				continue
			}
			var curve []record.Event
			for step, scores := range map[int][2]float64{1: {0.1, 0.2}, 3: {0.3, 0.6}} {
				point := record.Event{Kind: record.Curve, Index: e.Index, Task: e.Task, Step: step}
				for j := range 3 {
					x := scores[0]
					if j+1 == e.Index {
						x = scores[1]
					}
					point.Scores = append(point.Scores, record.TaskScores{Task: s.Tasks[j], Scores: []record.Score{{Name: "exact", Value: x}}})
				}
				curve = append(curve, point)
			}
			slices.SortFunc(curve, func(a, b record.Event) int { return a.Step - b.Step })
			f.Events = slices.Insert(f.Events, i, curve...)
			i += len(curve)
		}
	}
	return s
}

// Counted by hand. The largest drop is within task 2: from R[1][1] = 0.8 to 0.1, and at its end 0.4
// is back to; within task 3 it is from (0.4 + 0.8)/2 to 0.1. The worst case is (0.8 + 0.1 + 0.1)/3.
// The area is, for the first task, whose base row is 0.05, (0.125 + 2·0.4 + 0.7)/4, and for the
// others, which begin at 0, (0.1 + 0.8 + 0.7)/4.
func TestStabilityByHand(t *testing.T) {
	r := load(t, dipping("seq", "er", "frozen", "joint").Make(t, nil))
	shown, err := tables.Named(r, "stability")
	synthetic.Must(t, err)
	if got := textsOf(rowOf(t, shown[0], "seq")); got != "70.0 30.0 33.3 40.2" {
		t.Error(got)
	}
	for method, reason := range map[string]string{"frozen": "no training", "joint": "all tasks are learned at once"} {
		if row := rowOf(t, shown[0], method); row[1].Text != "–" || !slices.ContainsFunc(shown[0].Footnotes, func(f string) bool { return strings.Contains(f, reason) }) {
			t.Errorf("%s: %v, footnotes %q", method, textsOf(row), shown[0].Footnotes)
		}
	}
	for _, other := range tables.Of(r) {
		if other.Title == shown[0].Title {
			t.Error("a report has the table without being asked")
		}
	}
}

func TestStabilityNeedsWhatItIsMadeOf(t *testing.T) {
	r := load(t, synthetic.Run{Tasks: synthetic.TaskNames(2), Methods: synthetic.Named("seq"), Seeds: 1, Orders: 1, Score: synthetic.Fade}.Make(t, nil))
	if _, err := tables.Named(r, "stability"); err == nil || !strings.Contains(err.Error(), "evaluation.every_steps") {
		t.Error(err)
	}
	// With evaluation.every final the boundaries lack the earlier tasks' scores.
	r = load(t, dipping("seq").Make(t, nil))
	c := cellOf(t, r, "seq-s0-o0")
	c.R[1] = []float64{c.R[1][0], math.NaN(), math.NaN()}
	c.R[2] = []float64{math.NaN(), c.R[2][1], math.NaN()}
	for k, want := range []string{"boundary 1 or 2 has no scores of earlier tasks", "boundary 1 or 2 has no scores of earlier tasks", "", "a boundary has no score of the task that is learned after it"} {
		if v := r.WithinMeasures()[k].Of(c); v.Undefined != want {
			t.Errorf("measure %d: %+v, want %q", k, v, want)
		}
	}
}
