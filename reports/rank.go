package reports

import (
	"slices"

	"secura/experiments/record"
	"secura/reports/metric"
	"secura/reports/table"
)

const (
	// level is the p below which a difference is significant.
	level = 0.05
	// competitors ends what a table says of its best entries.
	competitors = "; frozen and joint are references and never best, nor is a method of which a cell diverged"
)

// contender is an entry that may be the best one of its row or column.
type contender struct {
	entry *table.Entry
	// values are the method's number by seed; empty where it does not compete.
	values []seedValue
}

// marks says in the table what rank marks.
func saysMarks(t *table.Table, place string) {
	const test = " (p < 0.05, paired sign-flip test over seeds, adjusted after Holm over these methods)"
	t.MarkMeans = "best of its " + place + ", and better than each other method there" + test + competitors
	t.SecondMeans = "second of its " + place + ", and better than each method below it" + test
}

// rank marks the best entry if it is significantly better than every other one,
// and underlines the second if it is so against every one below it. Sign is -1
// where less is better.
func rank(contenders []contender, sign float64) {
	var field []contender
	for _, c := range contenders {
		undefined := slices.ContainsFunc(c.values, func(v seedValue) bool { return !v.value.Defined() })
		if len(c.values) > 0 && !undefined {
			field = append(field, c)
		}
	}
	worth := func(c contender) float64 {
		sum := 0.0
		for _, v := range c.values {
			sum += sign * v.value.Number
		}
		return sum / float64(len(c.values))
	}
	slices.SortStableFunc(field, func(a, b contender) int {
		switch x, y := worth(a), worth(b); {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	if len(field) >= 2 && ahead(field[0], field[1:]) {
		field[0].entry.Marked = true
	}
	if len(field) >= 3 && ahead(field[1], field[2:]) {
		field[1].entry.Second = true
	}
}

// ahead says whether a contender differs significantly from each of the others.
func ahead(first contender, others []contender) bool {
	p := make([]float64, len(others))
	for i, other := range others {
		var a, b []float64
		for _, x := range first.values {
			for _, y := range other.values {
				if x.seed == y.seed {
					a, b = append(a, x.value.Number), append(b, y.value.Number)
				}
			}
		}
		test := metric.SignFlipTest(a, b)
		if !test.Defined() {
			return false
		}
		p[i] = test.Number
	}
	return !slices.ContainsFunc(metric.Holm(p), func(p float64) bool { return p >= level })
}

// contends is a method's entry with the values by which it competes.
func (r *Report) contends(m Method, e *table.Entry, of func(Cell) metric.Value) contender {
	if !r.competes(m) {
		return contender{entry: e}
	}
	values, _ := r.overSeedsOf(m.Name, of)
	return contender{e, values}
}

// contendsAlone is contends by the done cells of order 0.
func (r *Report) contendsAlone(m Method, e *table.Entry, of func(Cell) metric.Value) contender {
	c := contender{entry: e}
	if !r.competes(m) {
		return c
	}
	done, _ := r.doneCells(m.Name)
	for _, cell := range done {
		c.values = append(c.values, seedValue{cell.Seed, of(cell)})
	}
	return c
}

// competes says whether a method can be the best one.
func (r *Report) competes(m Method) bool {
	for _, c := range r.Cells {
		if c.Method.Name == m.Name && c.State == record.CellDiverged {
			return false
		}
	}
	return !m.Reference()
}
