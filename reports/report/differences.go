package report

import (
	"fmt"

	"secura/experiments/suite"
	"secura/reports/metric"
)

// Difference compares a number with that of another method of the suite.
func Difference(r *Report, other string, of func(Cell) metric.Value) metric.Difference {
	return Between(r, Subject, other, of)
}

// Between is what a number of one method has beyond that of another.
func Between(r *Report, method, other string, of func(Cell) metric.Value) metric.Difference {
	a, b, n, reason := r.Pairs(method, other, of)
	if reason != "" {
		return metric.NoDifference(reason, n)
	}
	return metric.DifferenceOf(a, b)
}

// RelativeDifference is the difference as a share of the other method's number, seed by seed.
func RelativeDifference(r *Report, other string, of func(Cell) metric.Value) metric.Difference {
	a, b, n, reason := r.Pairs(Subject, other, of)
	if reason != "" {
		return metric.NoDifference(reason, n)
	}
	shares := make([]float64, len(a))
	for i := range a {
		if b[i] == 0 {
			return metric.NoDifference(fmt.Sprintf("%s: 0 has no share", other), n)
		}
		shares[i] = (a[i] - b[i]) / b[i]
	}
	return metric.DifferenceOf(shares, make([]float64, len(a)))
}

// MetricOf is a metric of metric.Keys as a number of a cell.
func MetricOf(key string) func(Cell) metric.Value {
	return func(c Cell) metric.Value { return c.Metrics[key] }
}

// Gain is the metric of that name.
func (c Cell) Gain() metric.Value { return c.Metrics["gain"] }

// Kept is the share of the learning accuracy that is left at the end of the stream, acc / learning
// accuracy.
func Kept(c Cell) metric.Value { return share(c.Metrics["acc"], c.Metrics["learning_accuracy"]) }

// KeptBefore is the share of the learning accuracy that is left at the end of the stream, of all
// tasks but the last: that one has had no time to be forgotten.
func KeptBefore(c Cell) metric.Value {
	if len(c.Tasks) < 2 {
		return metric.Undefined("the stream has one task, which nothing came after")
	}
	before := func(task string) bool { return task != c.Tasks[len(c.Tasks)-1] }
	return share(AtEnd(before)(c), AfterOwnTraining(before)(c))
}

// share is Kept of a final accuracy and a learning accuracy.
func share(final, own metric.Value) metric.Value {
	switch {
	case !own.Defined():
		return own
	case !final.Defined():
		return final
	case own.Number == 0:
		return metric.Undefined("the learning accuracy is 0")
	}
	return metric.Number(final.Number / own.Number)
}

// AfterOwnTraining is the mean score, each right after its own training, of the tasks that belong.
// Joint training has none.
func AfterOwnTraining(belongs func(task string) bool) func(Cell) metric.Value {
	return func(c Cell) metric.Value {
		if c.Method.Preset == suite.Joint {
			return metric.Undefined(atOnce)
		}
		return metric.AfterOwnTraining(metric.Matrix{R: c.R}, func(j int) bool { return belongs(c.Tasks[j]) })
	}
}

// AtEnd is the mean score at the end of the stream of the tasks that belong.
func AtEnd(belongs func(task string) bool) func(Cell) metric.Value {
	return func(c Cell) metric.Value {
		return metric.AtEnd(metric.Matrix{R: c.R}, func(j int) bool { return belongs(c.Tasks[j]) })
	}
}

// OfKind tells the tasks whose answer is chosen among options, or the others.
func OfKind(r *Report, choice bool) func(task string) bool {
	return func(name string) bool {
		for _, t := range r.Suite.Tasks {
			if t.Name == name {
				return t.Choice() == choice
			}
		}
		return false
	}
}
