package reports

import (
	"fmt"
	"math"
	"secura/reports/metric"
	"secura/reports/table"
)

// ReleasedTable shows what SECURA's released code, or any method of a run that
// measured it, does to what the backbone knew: nats a token on the true answers
// of the battery after the first steps of the stream, after its first task and
// at its end, the mean over the done cells of order 0.
func ReleasedTable(r *Report) (table.Table, bool) {
	steps := r.forcedSteps()
	if len(steps) == 0 {
		return table.Table{}, false
	}
	t := table.Table{Title: "What the first steps do to the knowledge battery", Columns: []table.Column{{Head: []string{"method"}}, {Head: []string{"n"}}},
		Caption: []string{"nats a token on the true answers of the battery after so many steps of the first task, and at the stream's end; right: the share of their tokens that is the most likely one, in points of 100"}}
	for _, s := range steps {
		t.Columns = append(t.Columns, table.Column{Head: []string{"step", fmt.Sprint(s)}})
	}
	t.Columns = append(t.Columns, table.Column{Head: []string{"", "end"}}, table.Column{Head: []string{"right", "before"}}, table.Column{Head: []string{"right", "end"}})
	each := r.Suite.Training.each()
	nats, right := func(f forced) float64 { return f.nats }, func(f forced) float64 { return f.right }
	for _, m := range r.Suite.Methods {
		done, reason := r.doneCells(m.Name)
		row := []table.Entry{{Text: m.Name}, table.Count(len(done))}
		add := func(unit float64, digits int, of func(Cell) float64) {
			var numbers []float64
			for _, c := range done {
				if x := of(c); !math.IsNaN(x) {
					numbers = append(numbers, unit*x)
				}
			}
			switch {
			case len(done) == 0:
				row = append(row, t.Undefined(reason))
			case len(numbers) < len(done):
				row = append(row, table.Entry{Text: "·"})
			default:
				mean := metric.MeanSDCI(numbers).Mean.Number
				row = append(row, table.Numeric(fmt.Sprintf("%.*f", digits, mean), mean))
			}
		}
		for _, s := range steps {
			add(1, 2, func(c Cell) float64 { return c.forcedAt(s, each, nats) })
		}
		add(1, 2, func(c Cell) float64 { return c.forcedEnd(nats) })
		add(100, 1, func(c Cell) float64 { return c.forcedAt(0, each, right) })
		add(100, 1, func(c Cell) float64 { return c.forcedEnd(right) })
		t.Rows = append(t.Rows, row)
	}
	return t, true
}

// forcedEnd is a number of the battery behind the last task; NaN where that was
// not measured.
func (c Cell) forcedEnd(of func(forced) float64) float64 {
	if n := len(c.Forced); n > 0 {
		if f, ok := c.battery(c.Forced[n-1]); ok {
			return of(f)
		}
	}
	return math.NaN()
}
