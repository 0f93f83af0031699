package tables

import (
	"strconv"

	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/table"
)

// recoveries are the numbers of further examples that any cell was scored after, ascending.
func recoveries(r *report.Report) []int {
	return ofAnyCell(r, func(c report.Cell) []report.Recovered { return c.Recovered }, func(x report.Recovered) int { return x.Examples })
}

// Recovery shows how fast forgotten tasks come back: the mean score of all tasks but the last right
// after their training, at the end, and after a few further examples of each from there. The last
// column is the share of what was forgotten that the most of these bring back.
func Recovery(r *report.Report) table.Table {
	list := recoveries(r)
	t := table.Table{Title: "Recovery",
		Caption: []string{"The mean score of the tasks but the last, in points of 100" + spreadMeans(r) + ", and after so many further examples of each, learned from the final weights. " +
			"Back is (after the most examples − end) / (learned − end): what comes back so fast was out of use and not forgotten."},
		Columns: []table.Column{{Head: []string{"method"}}, {Head: []string{"", "learned"}}, {Head: []string{"", "end"}}}}
	for _, n := range list {
		t.Columns = append(t.Columns, table.Column{Head: []string{"after", strconv.Itoa(n)}})
	}
	t.Columns = append(t.Columns, table.Column{Head: []string{"", "back"}})
	learned := func(c report.Cell) metric.Value {
		return metric.AfterOwnTraining(metric.Matrix{R: c.R}, func(j int) bool { return j < len(c.Tasks)-1 })
	}
	back := func(c report.Cell) metric.Value {
		own, end, after := learned(c), c.RecoveredBy(0), c.RecoveredBy(list[len(list)-1])
		for _, v := range []metric.Value{own, end, after} {
			if !v.Defined() {
				return v
			}
		}
		if own.Number <= end.Number {
			return metric.Undefined("nothing was forgotten")
		}
		return metric.Number((after.Number - end.Number) / (own.Number - end.Number))
	}
	for _, m := range r.Suite.Methods {
		if m.Reference() {
			continue
		}
		row := []table.Entry{{Text: m.Name}, report.ScoreEntry(&t, r.Over(m.Name, learned))}
		for _, n := range append([]int{0}, list...) {
			row = append(row, report.ScoreEntry(&t, r.Over(m.Name, func(c report.Cell) metric.Value { return c.RecoveredBy(n) })))
		}
		t.Rows = append(t.Rows, append(row, report.ScoreEntry(&t, r.Over(m.Name, back))))
	}
	return t
}
