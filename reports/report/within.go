package report

import (
	"fmt"
	"math"
	"slices"

	"secura/experiments/record"
	"secura/experiments/suite"
	"secura/reports/metric"
)

// HasCurve says whether any cell was evaluated within tasks.
func (r *Report) HasCurve() bool {
	return slices.ContainsFunc(r.Cells, func(c Cell) bool { return len(c.Curve) > 0 })
}

// WithinMeasures are the numbers of a cell that its evaluations within tasks give (De Lange et al.
// 2023, arXiv 2205.13452: the stability gap, min-ACC and WC-ACC). Scores are in [0, 1].
func (r *Report) WithinMeasures() []Measure {
	return []Measure{
		{Key: "stability_gap", Head: []string{"stability", "gap"}, Better: -1,
			Meaning: "largest drop of the earlier tasks' mean score from a task's start to within it",
			Of:      func(c Cell) metric.Value { return r.gap(c, func(g gap) float64 { return g.drop }) }},
		{Key: "stability_back", Head: []string{"of it", "back"}, Better: 1,
			Meaning: "how much of that drop the same task's end brings back; below 0: they fell on",
			Of:      func(c Cell) metric.Value { return r.gap(c, func(g gap) float64 { return g.back }) }},
		{Key: "worst_case", Head: []string{"worst", "case"}, Better: 1,
			Meaning: "(R[N][N] + Σ_{j<N} task j's lowest score in any evaluation after its training) / N",
			Of:      func(c Cell) metric.Value { return r.within(c, worstCase) }},
		{Key: "learning_area", Head: []string{"area under", "learning"}, Better: 1,
			Meaning: "mean score of a task while it is learned, by the trapezoid rule over steps",
			Of:      func(c Cell) metric.Value { return r.within(c, learningArea) }},
	}
}

// within gives a measure of a cell, or says why it has none.
func (r *Report) within(c Cell, of func(r *Report, c Cell) (float64, string)) metric.Value {
	switch {
	case c.Method.Preset == suite.Frozen:
		return metric.Undefined("no training")
	case c.Method.Preset == suite.Joint:
		return metric.Undefined("all tasks are learned at once")
	case c.State != record.Done:
		return metric.Undefined(c.Standing())
	case len(c.Curve) == 0:
		return metric.Undefined("no evaluation within a task")
	}
	x, reason := of(r, c)
	if reason != "" {
		return metric.Undefined(reason)
	}
	return metric.Number(x)
}

// gap is a drop of the earlier tasks' mean score within a task, and what the task's end brings back
// of it.
type gap struct{ drop, back float64 }

// gap gives a number of the cell's largest one.
func (r *Report) gap(c Cell, of func(gap) float64) metric.Value {
	return r.within(c, func(r *Report, c Cell) (float64, string) {
		largest, found := gap{drop: math.Inf(-1)}, false
		for _, p := range c.Curve {
			if p.Index < 2 {
				continue
			}
			earlier := p.Index - 1
			before, low, after := FirstOf(c.R[earlier], earlier), FirstOf(p.Scores, earlier), FirstOf(c.R[p.Index], earlier)
			if math.IsNaN(before) || math.IsNaN(after) {
				return 0, fmt.Sprintf("boundary %d or %d has no scores of earlier tasks", earlier, p.Index)
			}
			if found = true; before-low > largest.drop {
				largest = gap{before - low, after - low}
			}
		}
		if !found {
			return 0, "no evaluation within a task from the second on"
		}
		return of(largest), ""
	})
}

func worstCase(_ *Report, c Cell) (float64, string) {
	n := len(c.Tasks)
	sum := c.R[n][n-1]
	for j := range n - 1 {
		low := math.Inf(1)
		take := func(x float64) {
			if x < low { // never of NaN, a score that was not measured
				low = x
			}
		}
		for i := j + 2; i <= n; i++ {
			take(c.R[i][j])
		}
		for _, p := range c.Curve {
			if p.Index > j+1 {
				take(p.Scores[j])
			}
		}
		sum += low
	}
	return sum / float64(n), ""
}

func learningArea(r *Report, c Cell) (float64, string) {
	steps, n := float64(r.Suite.Training.TaskSteps()), len(c.Tasks)
	total := 0.0
	for j := range n {
		at, score, area := 0.0, c.R[j][j], 0.0
		to := func(step, x float64) {
			area += (step - at) * (score + x) / 2
			at, score = step, x
		}
		for _, p := range c.Curve {
			if p.Index == j+1 {
				to(float64(p.Step), p.Scores[j])
			}
		}
		to(steps, c.R[j+1][j])
		total += area / steps
	}
	if math.IsNaN(total) {
		return 0, "a boundary has no score of the task that is learned after it"
	}
	return total / float64(n), ""
}
