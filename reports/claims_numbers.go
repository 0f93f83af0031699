package reports

import "fmt"

// difference is what a number of secura has beyond that of another method over
// paired seeds: mean, spread and interval of the differences, their effect size,
// and the p of the sign-flip test, plain and adjusted after Holm.
type difference struct {
	Summary
	Effect, P, PHolm Value
}

// difference compares a number with that of another method of the suite.
func (r *Report) difference(other string, of func(Cell) Value) difference {
	return r.between(subject, other, of)
}

// between is what a number of one method has beyond that of another.
func (r *Report) between(method, other string, of func(Cell) Value) difference {
	a, b, n, reason := r.pairs(method, other, of)
	if reason != "" {
		return noDifference(reason, n)
	}
	return differenceOf(a, b)
}

// noDifference is undefined for a reason, which must not be empty.
func noDifference(reason string, n int) difference {
	u := Undefined(reason)
	return difference{Summary: Summary{Mean: u, SD: u, CI95: u, N: n}, Effect: u, P: u, PHolm: u}
}

func differenceOf(a, b []float64) difference {
	p := SignFlipTest(a, b)
	return difference{Summary: MeanSDCI(minus(a, b)), Effect: EffectSize(a, b), P: p, PHolm: p}
}

// minus is a − b, pair by pair.
func minus(a, b []float64) []float64 {
	differences := make([]float64, len(a))
	for i := range a {
		differences[i] = a[i] - b[i]
	}
	return differences
}

// relativeDifference is the difference as a share of the other method's number,
// seed by seed.
func (r *Report) relativeDifference(other string, of func(Cell) Value) difference {
	a, b, n, reason := r.pairs(subject, other, of)
	if reason != "" {
		return noDifference(reason, n)
	}
	shares := make([]float64, len(a))
	for i := range a {
		if b[i] == 0 {
			return noDifference(fmt.Sprintf("%s: 0 has no share", other), n)
		}
		shares[i] = (a[i] - b[i]) / b[i]
	}
	return differenceOf(shares, make([]float64, len(a)))
}

// adjust fills in PHolm over the differences that are defined and returns how
// many these are.
func adjust(differences []difference) (comparisons int) {
	var p []float64
	for _, d := range differences {
		if d.P.Defined() {
			p = append(p, d.P.Number)
		}
	}
	adjusted := Holm(p)
	for i := range differences {
		if differences[i].P.Defined() {
			differences[i].PHolm = Number(adjusted[comparisons])
			comparisons++
		}
	}
	return comparisons
}

// metricOf is a metric of MetricKeys as a number of a cell.
func metricOf(key string) func(Cell) Value {
	return func(c Cell) Value { return c.Metrics[key] }
}

// Gain is how far the cell's tasks were above the base row right after their
// own training: mean_j (R[j][j] - R[0][j]), in [-1, 1].
func (c Cell) Gain() Value {
	if v := c.Metrics["learning_accuracy"]; !v.Defined() {
		return v
	}
	m := &cells{m: Matrix{R: c.R}, n: len(c.Tasks)}
	return m.value(mean(1, m.n, func(j int) float64 { return m.r(j, j) - m.r(0, j) }))
}

// kept is the share of the learning accuracy that is left at the end of the
// stream, acc / learning accuracy.
func kept(c Cell) Value {
	final, own := c.Metrics["acc"], c.Metrics["learning_accuracy"]
	switch {
	case !own.Defined():
		return own
	case !final.Defined():
		return final
	case own.Number == 0:
		return Undefined("the learning accuracy is 0")
	}
	return Number(final.Number / own.Number)
}

// afterOwnTraining is the mean score, each right after its own training, of the
// tasks that belong.
func afterOwnTraining(belongs func(task string) bool) func(Cell) Value {
	return func(c Cell) Value {
		m := &cells{m: Matrix{R: c.R}, n: len(c.Tasks)}
		sum, n := 0.0, 0
		for j, task := range c.Tasks {
			if belongs(task) {
				sum += m.r(j+1, j+1)
				n++
			}
		}
		if n == 0 {
			return Undefined("no task of this kind")
		}
		return m.value(sum / float64(n))
	}
}
