package tables

import (
	"fmt"

	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/table"
)

// rightMeans explains the last columns of Released.
const rightMeans = "right: the share of their tokens that is the most likely one, in points of 100"

// Released shows what SECURA's released code, or any method of a run that measured it, does to what
// the backbone knew: nats a token on the true answers of the battery after the first steps of the
// stream, after its first task and at its end, the mean over the done cells of order 0.
func Released(r *report.Report) (table.Table, bool) {
	steps := r.ForcedSteps()
	if len(steps) == 0 {
		return table.Table{}, false
	}
	t := table.Table{Title: "What the first steps do to the knowledge battery", Columns: []table.Column{{Head: []string{"method"}}, {Head: []string{"n"}}},
		Caption: []string{"nats a token on the true answers of the battery after so many steps of the first task, and at the stream's end; " + rightMeans}}
	if len(steps) == 1 { // before the first step
		t.Title = "What the stream does to the knowledge battery"
		t.Caption = []string{"nats a token on the true answers of the battery before the stream, step 0, and at its end; " + rightMeans}
	}
	for _, s := range steps {
		t.Columns = append(t.Columns, table.Column{Head: []string{"step", fmt.Sprint(s)}})
	}
	t.Columns = append(t.Columns, table.Column{Head: []string{"", "end"}}, table.Column{Head: []string{"right", "before"}}, table.Column{Head: []string{"right", "end"}})
	each := r.Suite.Training.TaskSteps()
	nats, right := func(f report.Forced) float64 { return f.Nats }, func(f report.Forced) float64 { return f.Right }
	for _, m := range r.Suite.Methods {
		done, reason := r.ScoredCells(m.Name)
		row := []table.Entry{{Text: m.Name}, table.Count(len(done))}
		add := func(unit float64, digits int, of func(report.Cell) float64) {
			var numbers []float64
			for _, c := range done {
				numbers = append(numbers, unit*of(c))
			}
			mean := metric.MeanSDCI(numbers).Mean
			switch {
			case len(done) == 0:
				row = append(row, t.Undefined(reason))
			case !mean.Defined():
				row = append(row, table.Entry{Text: "·"})
			default:
				row = append(row, table.Numeric(fmt.Sprintf("%.*f", digits, mean.Number), mean.Number))
			}
		}
		for _, s := range steps {
			add(1, 2, func(c report.Cell) float64 { return c.ForcedAt(s, each, nats) })
		}
		add(1, 2, func(c report.Cell) float64 { return c.ForcedEnd(nats) })
		add(100, 1, func(c report.Cell) float64 { return c.ForcedAt(0, each, right) })
		add(100, 1, func(c report.Cell) float64 { return c.ForcedEnd(right) })
		t.Rows = append(t.Rows, row)
	}
	return t, true
}
