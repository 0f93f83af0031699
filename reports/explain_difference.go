package reports

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// ExplainDifference traces a row of the comparison of two methods: the numbers of
// the seeds that both have, their differences, and what the interval, the effect
// size and the tests make of these.
func ExplainDifference(w io.Writer, r *Report, method, other, metric string) error {
	e := explanation{r: r}
	a, b, _, reason := r.pairs(method, other, metricOf(metric))
	e.line("", "%s of %s minus that of %s", metric, method, other)
	e.line("", "%s", r.source())
	e.out.WriteByte('\n')
	switch {
	case reason != "":
		e.line("", "undefined: %s", reason)
	default:
		e.difference(e.seeds(method, other, metric), a, b)
		e.holm(method, other, metric)
	}
	e.line("", "-explain %s.%s and -explain %s.%s trace the numbers of the seeds.", method, metric, other, metric)
	if _, err := w.Write(e.out.Bytes()); err != nil {
		return fmt.Errorf("explain %s minus %s: %w", method, other, err)
	}
	return nil
}

// seeds are those that both methods have, in the order of their pairs.
func (e *explanation) seeds(method, other, metric string) (list []int) {
	ours, _ := e.r.overSeedsOf(method, metricOf(metric))
	theirs, _ := e.r.overSeedsOf(other, metricOf(metric))
	for _, x := range ours {
		if slices.ContainsFunc(theirs, func(y seedValue) bool { return x.seed == y.seed }) {
			list = append(list, x.seed)
		}
	}
	return list
}

// difference writes the arithmetic of paired numbers.
func (e *explanation) difference(seeds []int, a, b []float64) {
	n, d := len(a), differenceOf(a, b)
	var sum []string
	for i, x := range minus(a, b) {
		e.line("  ", "seed %d: %s − %s = %s", seeds[i], precise(a[i]), bracketed(precise(b[i])), precise(x))
		sum = append(sum, precise(x))
	}
	e.line("", "difference = %s / %d = %s; in tables 100 × %s = %s", added(sum), n, precise(d.Mean.Number), precise(d.Mean.Number), points(d.Mean.Number))
	if d.CI95.Defined() {
		e.line("", "sample standard deviation = %s, 95%% half-width = t(0.975, %d) × sd / √%d = %s", precise(d.SD.Number), n-1, n, precise(d.CI95.Number))
	}
	if d.Effect.Defined() {
		e.line("", "g = J(%d) × difference / sd = %s × %s / %s = %s, J being Hedges' correction", n-1, precise(smallSample(n-1)), precise(d.Mean.Number), precise(d.SD.Number), precise(d.Effect.Number))
	} else {
		e.line("", "g is undefined: %s", d.Effect.Undefined)
	}
	if n <= exactPairs {
		patterns := math.Ldexp(1, n)
		e.line("", "p = share of the 2^%d patterns of signs whose sum is as far from 0 or farther = %s / %s = %s", n, precise(d.P.Number*patterns), precise(patterns), precise(d.P.Number))
	} else {
		e.line("", "p = %s, estimated from %d seeded flips, the observed one counted in", precise(d.P.Number), randomFlips)
	}
}

// holm writes the adjustment over the table that the comparison stands in.
func (e *explanation) holm(method, other, metric string) {
	if method != subject || !slices.Contains(compared, metric) {
		return
	}
	var list []string
	adjusted := Undefined("")
	for _, c := range e.r.Compare() {
		if c.Metric != metric || !c.P.Defined() {
			continue
		}
		list = append(list, c.B+" "+precise(c.P.Number))
		if c.B == other {
			adjusted = c.PHolm
		}
	}
	e.line("", "adjusted after Holm over %d comparisons (p of %s): %s", len(list), strings.Join(list, ", "), precise(adjusted.Number))
}
