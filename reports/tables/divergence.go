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
func Divergence(r *report.Report) (table.Table, error) {
	t := table.Table{Title: "Divergence from the backbone",
		Caption: []string{"KL(untouched backbone ‖ model) in nats a token, on held-out text and on the battery's true answers" + spreadMeans(r) +
			"; forgetting, or −BWT where the stream has no evaluations within, the known items of the battery that are lost, and knowledge lost, 1 − K[N]/K[0], in points of 100"}}
	forgotten, err := r.Forgotten()
	if err != nil {
		return t, fmt.Errorf("table kl: %w", err)
	}
	correlations, err := r.KLCorrelations()
	if err != nil {
		return t, fmt.Errorf("table kl: %w", err)
	}
	addMeasures(r, &t, r.Suite.Methods, append(slices.Clone(report.KLMeasures), forgotten...))
	for _, c := range correlations {
		text := "none, " + c.Rank.Undefined
		if c.Rank.Defined() {
			text = fmt.Sprintf("%.2f, of %d methods", c.Rank.Number, c.Methods)
		}
		t.Remarks = append(t.Remarks, "rank correlation (Spearman) over methods of "+c.Text+": "+text)
	}
	return t, nil
}
