package tables

import (
	"fmt"
	"slices"

	"secura/reports/report"
	"secura/reports/table"
)

// Divergence shows how far each method's predictions are from the untouched backbone's after the
// first task and at the end, beside what it forgot, and how the two go together over methods
// (report.Report.KLCorrelations).
func Divergence(r *report.Report) table.Table {
	t := table.Table{Title: "Divergence from the backbone",
		Caption: []string{"KL(untouched backbone ‖ model) in nats a token, on held-out text and on the battery's true answers" + spreadMeans(r) +
			"; forgetting and what is lost of base knowledge, 1 − K[N]/K[0], in points of 100"}}
	addMeasures(r, &t, r.Suite.Methods, append(slices.Clone(report.KLMeasures),
		report.Measure{Head: []string{"forget-", "ting"}, Of: report.MetricOf("forgetting")}, report.Measure{Head: []string{"knowledge", "lost"}, Of: report.KnowledgeLost}))
	for _, c := range r.KLCorrelations() {
		text := "none, " + c.Rank.Undefined
		if c.Rank.Defined() {
			text = fmt.Sprintf("%.2f, of %d methods", c.Rank.Number, c.Methods)
		}
		t.Remarks = append(t.Remarks, "rank correlation (Spearman) over methods of "+c.Text+": "+text)
	}
	return t
}
