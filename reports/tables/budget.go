package tables

import (
	"fmt"

	"secura/reports/report"
	"secura/reports/table"
)

// Budget compares methods by what they cost: the bytes that each keeps beside the backbone, of its
// adapter and of its memory, and the operations of its training, with what they buy. Methods stand
// by their bytes, and the last column says which of them no method that keeps as little beats.
func Budget(r *report.Report) table.Table {
	t := table.Table{Title: "Budget",
		Caption: []string{"Kept beside the backbone: the adapter's trained values, 4 bytes each, and whatever else a method keeps (copies, Fisher information, logits, the names of replayed rows but not their texts). " +
			"GFLOP are those of the backbone's forward and backward passes in a cell's training: the adapter's own products, merges and the optimiser are not counted; × seq is their ratio to SEQ's. Scores are in points of 100" + spreadMeans(r) +
			". Best at its bytes: no method that keeps at most as many has a higher mean accuracy; that is no test."},
		Columns: []table.Column{{Head: []string{"method"}}, {Head: []string{"adapter", "(KiB)"}}, {Head: []string{"beside it", "(KiB)"}}, {Head: []string{"all", "(KiB)"}}, {Head: []string{"training", "(GFLOP)"}}, {Head: []string{"", "× seq"}},
			{Head: []string{"accuracy"}}, {Head: []string{"knowledge", "retention"}}, {Head: []string{"best at", "its bytes"}}},
		TextColumns: []int{8}}
	for _, b := range r.Budgets() {
		ratio, best := table.Entry{Text: "·"}, "·"
		if b.Ratio.Defined() {
			ratio = table.Numeric(fmt.Sprintf("%.2f", b.Ratio.Number), b.Ratio.Number)
		}
		if b.Best != nil {
			best = map[bool]string{true: "yes"}[*b.Best]
		}
		t.Rows = append(t.Rows, []table.Entry{{Text: b.Method}, costEntry(&t, b.Adapter, 1<<10, 1), costEntry(&t, b.Beside, 1<<10, 1), costEntry(&t, b.All, 1<<10, 1),
			costEntry(&t, b.FLOP, 1e9, 1), ratio, report.ScoreEntry(&t, r.Summarise(b.Method, "acc")), report.ScoreEntry(&t, r.Summarise(b.Method, "knowledge_retention")), {Text: best}})
	}
	sayCounts(r, &t, r.Learners(), bySeeds(r))
	return t
}
