package report

import (
	"cmp"
	"slices"

	"secura/experiments/suite"
	"secura/reports/metric"
	"secura/reports/table"
)

const (
	// Level is the p below which a difference is significant.
	Level = 0.05
	// competitors ends what a table says of its best entries.
	competitors = "; frozen and joint are references and never best, nor is a method of which a cell diverged"
)

// Contender is an entry that may be the best one of its row or column.
type Contender struct {
	Entry *table.Entry
	// Values are the method's number by seed; empty where it does not compete.
	Values []SeedValue
}

// SaysMarks says in the table what rank marks.
func SaysMarks(t *table.Table, place string) {
	const test = " (p < 0.05, paired sign-flip test over seeds, adjusted after Holm over these methods)"
	t.MarkMeans = "best of its " + place + ", and better than each other method there" + test + competitors
	t.SecondMeans = "second of its " + place + ", and better than each method below it" + test
}

// Rank marks the best entry if it is significantly better than every other one, and underlines the
// second if it is so against every one below it. Sign is -1 where less is better.
func Rank(contenders []Contender, sign float64) {
	var field []Contender
	for _, c := range contenders {
		undefined := slices.ContainsFunc(c.Values, func(v SeedValue) bool { return !v.Value.Defined() })
		if len(c.Values) > 0 && !undefined {
			field = append(field, c)
		}
	}
	worth := func(c Contender) float64 {
		sum := 0.0
		for _, v := range c.Values {
			sum += sign * v.Value.Number
		}
		return sum / float64(len(c.Values))
	}
	slices.SortStableFunc(field, func(a, b Contender) int { return cmp.Compare(worth(b), worth(a)) })
	if len(field) >= 2 && ahead(field[0], field[1:], sign) {
		field[0].Entry.Marked = true
	}
	if len(field) >= 3 && ahead(field[1], field[2:], sign) {
		field[1].Entry.Second = true
	}
}

// ahead says whether a contender is significantly better than each of the others. Means over all
// seeds of two may stand the other way round than over those that both have, which are tested.
func ahead(first Contender, others []Contender, sign float64) bool {
	p := make([]float64, len(others))
	for i, other := range others {
		var a, b []float64
		for _, x := range first.Values {
			for _, y := range other.Values {
				if x.Seed == y.Seed {
					a, b = append(a, x.Value.Number), append(b, y.Value.Number)
				}
			}
		}
		d := metric.DifferenceOf(a, b)
		if !d.P.Defined() || !(sign*d.Mean.Number > 0) {
			return false
		}
		p[i] = d.P.Number
	}
	return !slices.ContainsFunc(metric.Holm(p), func(p float64) bool { return p >= Level })
}

// Contends is a method's entry with the values by which it competes.
func (r *Report) Contends(m suite.MethodSpec, e *table.Entry, of func(Cell) metric.Value) Contender {
	if !r.Competes(m) {
		return Contender{Entry: e}
	}
	values, _ := r.OverSeedsOf(m.Name, of)
	return Contender{e, values}
}

// ContendsAlone is contends by the done cells of order 0.
func (r *Report) ContendsAlone(m suite.MethodSpec, e *table.Entry, of func(Cell) metric.Value) Contender {
	c := Contender{Entry: e}
	if !r.Competes(m) {
		return c
	}
	done, _ := r.DoneCells(m.Name)
	for _, cell := range done {
		c.Values = append(c.Values, SeedValue{cell.Seed, of(cell)})
	}
	return c
}

// Competes says whether a method can be the best one.
func (r *Report) Competes(m suite.MethodSpec) bool {
	return !m.Reference() && r.divergence(m.Name) == ""
}

// IsReference says whether a method of this name is one.
func (r *Report) IsReference(method string) bool {
	m, _ := r.Suite.Method(method)
	return m.Reference()
}

// Learned says whether a method counts as one that learned; what a reference does is not asked.
func (r *Report) Learned(m suite.MethodSpec) bool {
	return m.Reference() || metric.Learned(r.Summarise(m.Name, "gain"))
}

// RanksAccuracy says whether any method is shown to end above the base row, or none has ended yet:
// else methods cannot be ranked by their final accuracy.
func (r *Report) RanksAccuracy() bool {
	base, ended := r.BaseMetrics()["acc"], false
	for _, m := range r.Suite.Methods {
		if accuracy := r.Summarise(m.Name, "acc"); r.Competes(m) && accuracy.Mean.Defined() {
			ended = true
			if metric.Rises(accuracy, base) {
				return true
			}
		}
	}
	return !ended || !base.Defined()
}

// Learners are the suite's methods but for references.
func (r *Report) Learners() []suite.MethodSpec {
	return slices.DeleteFunc(slices.Clone(r.Suite.Methods), suite.MethodSpec.Reference)
}

// Trained are the suite's methods but for the untouched backbone.
func (r *Report) Trained() []suite.MethodSpec {
	return slices.DeleteFunc(slices.Clone(r.Suite.Methods), func(m suite.MethodSpec) bool { return m.Preset == suite.Frozen })
}

// Tested are the least number of finished seeds of a method that competes and has one, the most
// pairs of seeds that two such methods have, and the comparisons of one of them with each other. As
// long as no seed is finished, they are those of the plan. Comparisons are -1 where there are
// references alone.
func (r *Report) Tested() (seeds, pairs, comparisons int) {
	var finished []suite.MethodSpec
	seeds = r.Suite.Seeds
	for _, m := range r.Learners() {
		n := r.Summarise(m.Name, "acc").N
		if n == 0 || !r.Competes(m) {
			continue
		}
		seeds = min(seeds, n)
		for _, other := range finished {
			_, _, both, _ := r.Pairs(m.Name, other.Name, MetricOf("acc"))
			pairs = max(pairs, both)
		}
		finished = append(finished, m)
	}
	switch len(finished) {
	case 0:
		return seeds, seeds, len(r.Learners()) - 1
	case 1:
		pairs = seeds
	}
	return seeds, pairs, len(finished) - 1
}
