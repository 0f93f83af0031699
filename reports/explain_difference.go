package reports

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/table"
	"secura/reports/tables"
)

// ExplainDifference traces a row of the comparison of two methods: the numbers of the seeds that
// both have, their differences, and what the interval, the effect size and the tests make of these.
func ExplainDifference(w io.Writer, r *report.Report, method, other, key string) error {
	e := explanation{r: r}
	a, b, _, reason := r.Pairs(method, other, report.MetricOf(key))
	e.line("", "%s of %s minus that of %s", key, method, other)
	e.line("", "%s", tables.Source(r))
	e.out.WriteByte('\n')
	switch {
	case reason != "":
		e.line("", "undefined: %s", reason)
	default:
		d, _ := metric.Find(key)
		e.difference(d, e.seeds(method, other, key), a, b)
		e.holm(method, other, key)
	}
	e.line("", "-explain %s.%s and -explain %s.%s trace the numbers of the seeds.", method, key, other, key)
	if _, err := w.Write(e.out.Bytes()); err != nil {
		return fmt.Errorf("explain %s minus %s: %w", method, other, err)
	}
	return nil
}

// seeds are those that both methods have, in the order of their pairs.
func (e *explanation) seeds(method, other, key string) (list []int) {
	ours, _ := e.r.OverSeedsOf(method, report.MetricOf(key))
	theirs, _ := e.r.OverSeedsOf(other, report.MetricOf(key))
	for _, x := range ours {
		if slices.ContainsFunc(theirs, func(y report.SeedValue) bool { return x.Seed == y.Seed }) {
			list = append(list, x.Seed)
		}
	}
	return list
}

// difference writes the arithmetic of paired numbers.
func (e *explanation) difference(of metric.Definition, seeds []int, a, b []float64) {
	n, d := len(a), metric.DifferenceOf(a, b)
	var sum []string
	for i, x := range metric.Minus(a, b) {
		e.line("  ", "seed %d: %s − %s = %s", seeds[i], metric.Precise(a[i]), metric.Bracketed(metric.Precise(b[i])), metric.Precise(x))
		sum = append(sum, metric.Precise(x))
	}
	e.line("", "difference = %s / %d = %s; in tables %s%s = %s", metric.Added(sum), n, metric.Precise(d.Mean.Number), unitOf(of), metric.Precise(d.Mean.Number), report.Shown(of)(d.Mean.Number).Text)
	if d.CI95.Defined() {
		e.line("", "sample standard deviation = %s, 95%% half-width = t(0.975, %d) × sd / √%d = %s", metric.Precise(d.SD.Number), n-1, n, metric.Precise(d.CI95.Number))
	}
	if d.Effect.Defined() {
		e.line("", "g = J(%d) × difference / sd = %s × %s / %s = %s, J being Hedges' correction", n-1, metric.Precise(metric.SmallSample(n-1)), metric.Precise(d.Mean.Number), metric.Precise(d.SD.Number), metric.Precise(d.Effect.Number))
	} else {
		e.line("", "g is undefined: %s", d.Effect.Undefined)
	}
	if n <= metric.ExactPairs {
		patterns := math.Ldexp(1, n)
		e.line("", "p = share of the 2^%d patterns of signs whose sum is as far from 0 or farther = %s / %s = %s", n, metric.Precise(d.P.Number*patterns), metric.Precise(patterns), metric.Precise(d.P.Number))
	} else {
		e.line("", "p = %s, estimated from %d seeded flips, the observed one counted in", metric.Precise(d.P.Number), metric.RandomFlips)
	}
}

// holm writes the adjustment over the table that the comparison stands in.
func (e *explanation) holm(method, other, key string) {
	if method != report.Subject || !slices.Contains(report.Compared, key) {
		return
	}
	var list []string
	adjusted := metric.Undefined("")
	for _, c := range e.r.Compare() {
		if c.Metric != key || !c.P.Defined() || e.r.IsReference(c.B) != e.r.IsReference(other) {
			continue
		}
		list = append(list, c.B+" "+metric.Precise(c.P.Number))
		if c.B == other {
			adjusted = c.PHolm
		}
	}
	e.line("", "adjusted after Holm over %s (p of %s): %s", table.Counted(len(list), "comparison"), strings.Join(list, ", "), metric.Precise(adjusted.Number))
}
