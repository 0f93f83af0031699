package report

import (
	"math"
	"slices"

	scoring "secura/datasets/score"
	"secura/experiments/record"
	"secura/reports/metric"
)

// Forced is how the true answers of several tasks were predicted token by token: nats and the share
// that is right over their tokens, the scores of SECURA's released code, in the order of
// scoring.TeacherForcedNames, over their examples.
type Forced struct {
	Nats, Right           float64
	Scores, Perfect, Echo []float64
}

// Battery is what a row says of the knowledge battery: of what is no task of the stream. ok is
// false where it says nothing.
func (c Cell) Battery(row []record.TeacherForced) (f Forced, ok bool) {
	tokens, examples := 0.0, 0.0
	sum := func(into *[]float64, list []record.Score, weight float64) {
		for i, s := range list {
			if *into == nil {
				*into = make([]float64, len(list))
			}
			(*into)[i] += weight * s.Value
		}
	}
	for _, t := range row {
		if slices.Contains(c.Tasks, t.Task) || len(t.Scores) != len(scoring.TeacherForcedNames) {
			continue
		}
		f.Nats += float64(t.Tokens) * t.Nats
		f.Right += float64(t.Tokens) * t.Right
		tokens, examples = tokens+float64(t.Tokens), examples+float64(t.Examples)
		sum(&f.Scores, t.Scores, float64(t.Examples))
		sum(&f.Perfect, t.Perfect, float64(t.Examples))
		sum(&f.Echo, t.Echo, float64(t.Examples))
	}
	if tokens == 0 {
		return Forced{}, false
	}
	f.Nats, f.Right = f.Nats/tokens, f.Right/tokens
	for _, list := range [][]float64{f.Scores, f.Perfect, f.Echo} {
		for i := range list {
			list[i] /= examples
		}
	}
	return f, true
}

// ForcedAt is a number of the battery at the beginning (step 0), at a step of the cell's first
// task, and at its end; NaN where that was not measured.
func (c Cell) ForcedAt(step, each int, of func(Forced) float64) float64 {
	var row []record.TeacherForced
	if step == 0 || step == each {
		if i := step / each; i < len(c.Forced) {
			row = c.Forced[i]
		}
	} else if i := slices.IndexFunc(c.Curve, func(p Point) bool { return p.Index == 1 && p.Step == step }); i >= 0 {
		row = c.Curve[i].Forced
	}
	return c.forced(row, of)
}

// ForcedEnd is a number of the battery after the last task; NaN where that was not measured.
func (c Cell) ForcedEnd(of func(Forced) float64) float64 {
	if n := len(c.Forced); n > 0 {
		return c.forced(c.Forced[n-1], of)
	}
	return math.NaN()
}

// forced is a number of what a row says of the battery; NaN where it says nothing.
func (c Cell) forced(row []record.TeacherForced, of func(Forced) float64) float64 {
	if f, ok := c.Battery(row); ok {
		return of(f)
	}
	return math.NaN()
}

// ForcedSteps are the steps of the first task, from 0 on, at which any cell predicted the battery's
// true answers.
func (r *Report) ForcedSteps() (steps []int) {
	add := func(step int) {
		if !slices.Contains(steps, step) {
			steps = append(steps, step)
		}
	}
	for _, c := range r.Cells {
		for i := range min(len(c.Forced), 2) {
			if _, ok := c.Battery(c.Forced[i]); ok {
				add(i * r.Suite.Training.TaskSteps())
			}
		}
		for _, p := range c.Curve {
			if _, ok := c.Battery(p.Forced); ok && p.Index == 1 {
				add(p.Step)
			}
		}
	}
	slices.Sort(steps)
	return steps
}

// KeptScore is the share of a released score that a cell keeps to the end of its stream.
func KeptScore(i int) func(Cell) metric.Value {
	return func(c Cell) metric.Value {
		if len(c.Forced) < 2 {
			return metric.Undefined("its records hold no teacher-forced predictions (evaluation.teacher_forced)")
		}
		before, ok := c.Battery(c.Forced[0])
		after, done := c.Battery(c.Forced[len(c.Forced)-1])
		switch {
		case !ok || !done:
			return metric.Undefined("the battery's true answers were not predicted at both ends of the stream")
		case before.Scores[i] == 0:
			return metric.Undefined("the untouched backbone has 0")
		}
		return metric.Number(after.Scores[i] / before.Scores[i])
	}
}
