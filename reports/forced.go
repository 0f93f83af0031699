package reports

import (
	"math"
	"slices"

	scoring "secura/datasets/score"
	"secura/experiments/record"
	"secura/reports/metric"
)

// forced is how the true answers of several tasks were predicted token by token:
// nats and the share that is right over their tokens, the scores of SECURA's
// released code, in the order of scoring.TeacherForcedNames, over their examples.
type forced struct {
	nats, right           float64
	scores, perfect, echo []float64
}

// battery is what a row says of the knowledge battery: of what is no task of the
// stream. ok is false where it says nothing.
func (c Cell) battery(row []record.TeacherForced) (f forced, ok bool) {
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
		f.nats += float64(t.Tokens) * t.Nats
		f.right += float64(t.Tokens) * t.Right
		tokens, examples = tokens+float64(t.Tokens), examples+float64(t.Examples)
		sum(&f.scores, t.Scores, float64(t.Examples))
		sum(&f.perfect, t.Perfect, float64(t.Examples))
		sum(&f.echo, t.Echo, float64(t.Examples))
	}
	if tokens == 0 {
		return forced{}, false
	}
	f.nats, f.right = f.nats/tokens, f.right/tokens
	for _, list := range [][]float64{f.scores, f.perfect, f.echo} {
		for i := range list {
			list[i] /= examples
		}
	}
	return f, true
}

// forcedAt is a number of the battery at the beginning (step 0), at a step of the
// cell's first task, and at its end; NaN where that was not measured.
func (c Cell) forcedAt(step, each int, of func(forced) float64) float64 {
	row := func(list []record.TeacherForced) float64 {
		if f, ok := c.battery(list); ok {
			return of(f)
		}
		return math.NaN()
	}
	if step == 0 || step == each {
		if i := step / max(each, 1); i < len(c.Forced) {
			return row(c.Forced[i])
		}
		return math.NaN()
	}
	if i := slices.IndexFunc(c.Curve, func(p Point) bool { return p.Index == 1 && p.Step == step }); i >= 0 {
		return row(c.Curve[i].Forced)
	}
	return math.NaN()
}

// forcedSteps are the steps of the first task, from 0 on, at which any cell
// predicted true answers.
func (r *Report) forcedSteps() (steps []int) {
	add := func(step int) {
		if !slices.Contains(steps, step) {
			steps = append(steps, step)
		}
	}
	for _, c := range r.Cells {
		for i := range min(len(c.Forced), 2) {
			if c.Forced[i] != nil {
				add(i * r.Suite.Training.each())
			}
		}
		for _, p := range c.Curve {
			if p.Index == 1 && p.Forced != nil {
				add(p.Step)
			}
		}
	}
	slices.Sort(steps)
	return steps
}

// keptScore is the share of a released score that a cell keeps to the end of its
// stream.
func keptScore(i int) func(Cell) metric.Value {
	return func(c Cell) metric.Value {
		if len(c.Forced) < 2 {
			return metric.Undefined("its records hold no teacher-forced predictions (evaluation.teacher_forced)")
		}
		before, ok := c.battery(c.Forced[0])
		after, done := c.battery(c.Forced[len(c.Forced)-1])
		switch {
		case !ok || !done:
			return metric.Undefined("the battery's true answers were not predicted at both ends of the stream")
		case before.scores[i] == 0:
			return metric.Undefined("the untouched backbone has 0")
		}
		return metric.Number(after.scores[i] / before.scores[i])
	}
}
