package report

import (
	"cmp"
	"math"
	"slices"

	"secura/experiments/suite"
	"secura/reports/metric"
)

// Station is a place of the stream at which a cell was evaluated: a boundary, or a step within a
// task.
type Station struct {
	// Steps are those of the stream that came before it.
	Steps int
	// Begun are the tasks whose training had begun.
	Begun int
	// Scores are as a row of Cell.R; K is NaN where it was not measured.
	Scores []float64
	K      float64
}

// StepOf counts a step within a task in steps of the stream. All tasks are one lesson of joint
// training, whose steps are counted so already.
func (r *Report) StepOf(c Cell, index, step int) int {
	if c.Method.Preset == suite.Joint {
		return step
	}
	return (index-1)*r.Suite.Training.TaskSteps() + step
}

// Course are a cell's boundaries and its evaluations within tasks, in the order of steps.
func (r *Report) Course(c Cell) (list []Station) {
	for _, p := range c.Curve {
		list = append(list, Station{r.StepOf(c, p.Index, p.Step), min(p.Index, len(c.Tasks)), p.Scores, p.K})
	}
	for i, row := range c.R {
		k := math.NaN()
		if i < len(c.K) {
			k = c.K[i]
		}
		if row != nil {
			list = append(list, Station{i * r.Suite.Training.TaskSteps(), i, row, k})
		}
	}
	slices.SortStableFunc(list, func(a, b Station) int { return cmp.Compare(a.Steps, b.Steps) })
	return list
}

// FirstOf is the mean score on the first n tasks of a row; NaN for none.
func FirstOf(row []float64, n int) float64 {
	return metric.Mean(0, n-1, func(j int) float64 { return row[j] })
}

// BaseAlong is what the untouched backbone scores on the first n tasks, for n from 1 on: the mean
// over the orders, as of the methods that are shown beside it; nil where it was not measured.
func (r *Report) BaseAlong() (scores []float64) {
	var orders []Cell
	for _, c := range r.Cells {
		known := slices.ContainsFunc(orders, func(o Cell) bool { return o.Order == c.Order })
		if len(c.R) > 0 && c.R[0] != nil && !known {
			orders = append(orders, c)
		}
	}
	if orders == nil {
		return nil
	}
	for n := range orders[0].Tasks {
		scores = append(scores, metric.Mean(0, len(orders)-1, func(i int) float64 { return FirstOf(orders[i].R[0], n+1) }))
	}
	return scores
}

// LearnedBy is the mean score after i trainings on the tasks that were learned by then; NaN where
// that was not measured.
func (c Cell) LearnedBy(i int) float64 {
	if i >= len(c.R) || c.R[i] == nil {
		return math.NaN()
	}
	return FirstOf(c.R[i], i)
}

// RetainedAt is K[i] / K[0]; NaN where either was not measured.
func (c Cell) RetainedAt(i int) float64 {
	if i >= len(c.K) {
		return math.NaN()
	}
	return c.Retained(c.K[i])
}

// Retained is k as a share of K[0]; NaN where either was not measured.
func (c Cell) Retained(k float64) float64 {
	if len(c.K) == 0 || c.K[0] == 0 {
		return math.NaN()
	}
	return k / c.K[0]
}
