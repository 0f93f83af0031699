package claims

import (
	"fmt"

	"secura/reports/report"
	"secura/reports/table"
)

// divergence says whether the methods that forget more are those whose predictions are further from
// the untouched backbone's, by the first stream that measured this. No claim of SECURA's paper is
// judged by it, and so there is no table where none did.
func (c judge) divergence() (table.Table, bool) {
	for _, e := range c.runs {
		if !e.Suite.Separate() && e.HasKL() {
			return divergenceTable(e.correlations), true
		}
	}
	return table.Table{}, false
}

func divergenceTable(correlations []report.Correlation) table.Table {
	t := table.Table{
		Title: "Does the divergence from the backbone go with forgetting",
		Caption: []string{"rank correlation (Spearman) over methods of KL(untouched backbone ‖ model) at the end, in nats a token, with what was forgotten; 1 if methods stand in the same order by both, -1 if in the opposite one",
			"that it predicts forgetting is a claim of Shenfeld et al. (arXiv 2509.04259), of the divergence on the new task's texts"},
		Columns: []table.Column{{Head: []string{"divergence and forgetting"}}, {Head: []string{"methods"}}, {Head: []string{"correlation"}}},
	}
	for _, x := range correlations {
		row := []table.Entry{{Text: x.Text}, table.Count(x.Methods)}
		if x.Rank.Defined() {
			row = append(row, table.Numeric(fmt.Sprintf("%+.2f", x.Rank.Number), x.Rank.Number))
		} else {
			row = append(row, t.Undefined(x.Rank.Undefined))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
