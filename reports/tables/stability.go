package tables

import (
	"strings"

	"secura/reports/report"
	"secura/reports/table"
)

// Stability shows what happens within tasks: how far the earlier tasks fall while a task is
// learned, and how fast the task itself is. It needs evaluations within tasks.
func Stability(r *report.Report) table.Table {
	t := table.Table{Title: "Within tasks",
		Caption: []string{"In points of 100" + spreadMeans(r) + ". A drop between two evaluations is not seen: evaluation.every_steps says how many there are."}}
	report.SaysMarks(&t, "column")
	measures := r.WithinMeasures()
	addMeasures(r, &t, r.Suite.Methods, measures)
	for k, m := range measures {
		t.Remarks = append(t.Remarks, strings.Join(m.Head, " ")+": "+m.Meaning)
		rankColumn(r, &t, k+1, m.Better, m.Of)
	}
	return t
}
