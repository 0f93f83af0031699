package report

import (
	"cmp"
	"fmt"
	"math"

	"secura/experiments/record"
	"secura/experiments/suite"
	"secura/reports/metric"
)

// Summarise describes a metric of a method over its seeds. A seed counts once, by the mean over its
// orders, and only if the cells of all of them are done. The metric is undefined, with the reason,
// where a seed that counts has no value, and where no seed counts; N is the number of seeds that
// count.
func (r *Report) Summarise(method, key string) metric.Summary {
	return r.Over(method, MetricOf(key))
}

// Over summarises a number of a method over its seeds.
func (r *Report) Over(method string, of func(Cell) metric.Value) metric.Summary {
	values, reason := r.OverSeedsOf(method, of)
	if len(values) == 0 {
		return undefinedSummary(reason)
	}
	numbers := make([]float64, len(values))
	for i, v := range values {
		if !v.Value.Defined() {
			return metric.Summary{Mean: v.Value, SD: v.Value, CI95: v.Value, N: len(values)}
		}
		numbers[i] = v.Value.Number
	}
	return metric.MeanSDCI(numbers)
}

func undefinedSummary(reason string) metric.Summary {
	u := metric.Undefined(reason)
	return metric.Summary{Mean: u, SD: u, CI95: u}
}

// SeedValue is a metric's value for one seed.
type SeedValue struct {
	Seed  int
	Value metric.Value
}

// OverSeedsOf collects a number of a method's done cells for the seeds that count, and says why a
// seed does not: the reason is that of the first one.
func (r *Report) OverSeedsOf(method string, of func(Cell) metric.Value) (values []SeedValue, reason string) {
	cells := make([][]*Cell, r.Suite.Seeds)
	for i := range r.Cells {
		if c := &r.Cells[i]; c.Method.Name == method {
			cells[c.Seed] = append(cells[c.Seed], c)
		}
	}
	for seed := range r.Suite.Seeds {
		sum, n, missing, diverged := 0.0, 0, "", ""
		all := true
		for _, c := range cells[seed] {
			if c.State == record.CellDiverged {
				diverged = c.Standing() // never averaged away: there is no mean without it
				continue
			}
			if c.State != record.Done {
				all = false
				if reason == "" {
					reason = c.Standing()
				}
				continue
			}
			if v := of(*c); v.Defined() {
				sum += v.Number
				n++
			} else if missing == "" {
				missing = v.Undefined
			}
		}
		switch {
		case diverged != "":
			values = append(values, SeedValue{seed, metric.Undefined(diverged)})
		case !all:
		case missing != "":
			values = append(values, SeedValue{seed, metric.Undefined(missing)})
		default:
			values = append(values, SeedValue{seed, metric.Number(sum / float64(n))})
		}
	}
	return values, reason
}

// MeanDone averages a number over a method's done cells.
func (r *Report) MeanDone(method string, of func(Cell) float64) metric.Value {
	sum, n, reason := 0.0, 0, ""
	for _, c := range r.Cells {
		switch {
		case c.Method.Name != method:
		case c.State == record.Done:
			sum += of(c)
			n++
		case reason == "":
			reason = c.Standing()
		}
	}
	if n == 0 {
		return metric.Undefined(reason)
	}
	return metric.Number(sum / float64(n))
}

// Compared are the metrics on which the methods are compared with SECURA.
var Compared = []string{"knowledge_retention", "acc", "bwt"}

// Subject is the method that the others are compared with.
const Subject = "secura"

// Comparison is a paired test of one method against another over the seeds that both have.
type Comparison struct {
	Metric string `json:"metric"`
	// Backbone is the one that both were run on, where the run has several.
	Backbone string `json:"backbone,omitempty"`
	A        string `json:"a"`
	B        string `json:"b"`
	// Difference is the mean of a - b, in the metric's unit.
	Difference metric.Value `json:"difference"`
	// CI95 is the half-width of the 95% Student-t interval of the difference.
	CI95 metric.Value `json:"ci95"`
	// Effect is Hedges' g of the paired values.
	Effect metric.Value `json:"effect"`
	// P is that of the exact two-sided sign-flip test, PHolm the same adjusted over the methods
	// that were compared on this metric, references by themselves.
	P     metric.Value `json:"p"`
	PHolm metric.Value `json:"p_holm"`
	// N is the number of paired seeds.
	N int `json:"n"`
}

// Compare compares secura with every other method of the suite on paired seeds; empty if the suite
// has no method of that name.
func (r *Report) Compare() []Comparison {
	comparisons := []Comparison{}
	if !r.Has(Subject) {
		return comparisons
	}
	for _, key := range Compared {
		var others []string
		var group []metric.Difference
		for _, m := range r.Suite.Methods {
			if m.Name == Subject {
				continue
			}
			others = append(others, m.Name)
			group = append(group, Difference(r, m.Name, MetricOf(key)))
		}
		metric.Adjust(group, func(i int) bool { return r.IsReference(others[i]) })
		for i, d := range group {
			comparisons = append(comparisons, Comparison{
				Metric: key, Backbone: onBackbone(r), A: Subject, B: others[i], Difference: d.Mean, CI95: d.CI95, Effect: d.Effect, P: d.P, PHolm: d.PHolm, N: d.N,
			})
		}
	}
	return comparisons
}

// Pairs collects a number of a method (a) and of another one (b) over the n seeds that both have.
// Where the two cannot be compared, reason says why.
func (r *Report) Pairs(method, other string, of func(Cell) metric.Value) (a, b []float64, n int, reason string) {
	return PairUp(Side{r, method, method}, Side{r, other, other}, of)
}

// Side is a method of a run in a comparison.
type Side struct {
	Report *Report
	Method string
	// Name is what reasons call it.
	Name string
}

// PairUp is Pairs for methods of any two runs. A method that diverged on any seed, also on one that
// the other lacks, cannot be compared: a mean over the other seeds would hide it.
func PairUp(first, second Side, of func(Cell) metric.Value) (a, b []float64, n int, reason string) {
	ours, ourReason := first.Report.OverSeedsOf(first.Method, of)
	theirs, theirReason := second.Report.OverSeedsOf(second.Method, of)
	for _, x := range ours {
		for _, y := range theirs {
			if x.Seed != y.Seed {
				continue
			}
			n++
			switch {
			case reason != "": // the first one is told
			case !x.Value.Defined():
				reason = first.Name + ": " + x.Value.Undefined
			case !y.Value.Defined():
				reason = second.Name + ": " + y.Value.Undefined
			}
			a, b = append(a, x.Value.Number), append(b, y.Value.Number)
		}
	}
	for _, side := range []Side{first, second} {
		if standing := side.Report.divergence(side.Method); reason == "" && standing != "" {
			reason = side.Name + ": " + standing
		}
	}
	switch {
	case reason != "":
		return nil, nil, n, reason
	case n > 0:
		return a, b, n, ""
	case len(ours) == 0:
		return nil, nil, 0, first.Name + ": " + ourReason
	case len(theirs) == 0:
		return nil, nil, 0, second.Name + ": " + theirReason
	}
	return nil, nil, 0, "no seed that both have finished"
}

// divergence says where a method's first cell that diverged did so, empty where none did.
func (r *Report) divergence(method string) string {
	for _, c := range r.Cells {
		if c.Method.Name == method && c.State == record.CellDiverged {
			return c.Standing()
		}
	}
	return ""
}

func (r *Report) Has(method string) bool {
	for _, m := range r.Suite.Methods {
		if m.Name == method {
			return true
		}
	}
	return false
}

// DoneCells are a method's done cells of order 0; reason says what became of the first one that is
// not done, empty where all are.
func (r *Report) DoneCells(method string) (done []Cell, reason string) {
	for _, c := range r.Cells {
		switch {
		case c.Method.Name != method || c.Order != 0:
		case c.State == record.Done:
			done = append(done, c)
		case reason == "":
			reason = fmt.Sprintf("%s %s", c.ID, c.Standing())
		}
	}
	return done, reason
}

// ScoredCells are the cells of a method's mean scores where orders are not averaged: DoneCells, but
// none where one of them diverged, which must not be averaged away.
func (r *Report) ScoredCells(method string) (done []Cell, reason string) {
	for _, c := range r.Cells {
		if c.Method.Name == method && c.Order == 0 && c.State == record.CellDiverged {
			return nil, fmt.Sprintf("%s %s", c.ID, c.Standing())
		}
	}
	return r.DoneCells(method)
}

// Unfinished counts the cells that are neither done nor diverged.
func (r *Report) Unfinished() (n int) {
	for _, c := range r.Cells {
		if c.State != record.Done && c.State != record.CellDiverged {
			n++
		}
	}
	return n
}

// MeanMatrix averages R and K over a method's ScoredCells, in points of 100. A row that the cells
// did not measure is nil, a missing K is NaN. For n = 0, reason says what became of a cell.
func (r *Report) MeanMatrix(method string) (rows [][]float64, k []float64, n int, reason string) {
	done, reason := r.ScoredCells(method)
	n = len(done)
	for _, c := range done {
		if rows == nil {
			rows = make([][]float64, len(c.R))
			if c.K != nil {
				k = make([]float64, len(c.R))
			}
		}
		for i, row := range c.R {
			if row != nil && rows[i] == nil {
				rows[i] = make([]float64, len(row))
			}
			for j, x := range row {
				rows[i][j] += 100 * x
			}
		}
		for i := range k {
			if c.K == nil {
				k[i] = math.NaN()
				continue
			}
			k[i] += 100 * c.K[i]
		}
	}
	for i := range rows {
		for j := range rows[i] {
			rows[i][j] /= float64(n)
		}
	}
	for i := range k {
		k[i] /= float64(n)
	}
	return rows, k, n, reason
}

// SeedRange is the least and the largest number of seeds on which a method has a cell with a score,
// of those of the methods that have one.
func (r *Report) SeedRange(methods []suite.MethodSpec) (least, most int) {
	for _, m := range methods {
		cells, _ := r.ScoredCells(m.Name) // one a seed
		if n := len(cells); n > 0 {
			least, most = min(cmp.Or(least, n), n), max(most, n)
		}
	}
	return least, most
}

// SeedsMean says over how many seeds the numbers of some methods are means, and how their 95%
// intervals are drawn, as in "mean over 1 to 3 seeds, bars: 95% intervals, none of one seed".
func (r *Report) SeedsMean(methods []suite.MethodSpec, drawn string) string {
	switch least, most := r.SeedRange(methods); {
	case most < 2:
		return "one seed"
	case least == most:
		return fmt.Sprintf("mean over %d seeds, %s", most, drawn)
	case least == 1:
		return fmt.Sprintf("mean over 1 to %d seeds, %s, none of one seed", most, drawn)
	default:
		return fmt.Sprintf("mean over %d to %d seeds, %s", least, most, drawn)
	}
}
