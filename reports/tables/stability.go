package tables

import (
	"strings"

	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/table"
)

// Stability shows what happens within tasks: how far the earlier tasks fall while a task is
// learned, and how fast the task itself is. It needs evaluations within tasks.
func Stability(r *report.Report) table.Table {
	t := table.Table{Title: "Within tasks", Columns: []table.Column{{Head: []string{"method"}}},
		Caption: []string{"In points of 100" + spreadMeans(r) + ". A drop between two evaluations is not seen: evaluation.every_steps says how many there are."}}
	report.SaysMarks(&t, "column")
	for _, m := range report.WithinMeasures {
		t.Columns = append(t.Columns, table.Column{Head: m.Head})
		t.Remarks = append(t.Remarks, strings.Join(m.Head, " ")+": "+m.Meaning)
	}
	fields := make([][]report.Contender, len(report.WithinMeasures))
	for _, m := range r.Suite.Methods {
		row := make([]table.Entry, 1, 1+len(fields))
		row[0] = table.Entry{Text: m.Name}
		for k, measure := range report.WithinMeasures {
			of := func(c report.Cell) metric.Value { return measure.Of(r, c) }
			row = append(row, report.ScoreEntry(&t, r.Over(m.Name, of)))
			fields[k] = append(fields[k], r.Contends(m, &row[k+1], of))
		}
		t.Rows = append(t.Rows, row)
	}
	for k, field := range fields {
		report.Rank(field, report.WithinMeasures[k].Better)
	}
	return t
}
