package tables

import (
	"cmp"
	"fmt"
	"slices"

	"secura/experiments/suite"
	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/table"
)

// adapterBytes are those of one trained value.
const adapterBytes = 4

// single is the method that does nothing but learn, whose work is the unit.
const single = "seq"

// Budget compares methods by what they cost: the bytes that each keeps beside the backbone, of its
// adapter and of its memory, and the operations of its training, with what they buy. Methods stand
// by their bytes, and the last column says which of them no method that keeps as little beats.
func Budget(r *report.Report) table.Table {
	t := table.Table{Title: "Budget",
		Caption: []string{"Kept beside the backbone: the adapter's trained values, 4 bytes each, and whatever else a method keeps (copies, Fisher information, logits, the names of replayed rows but not their texts). " +
			"GFLOP are those of a cell's training, forward and backward; × seq is their ratio to SEQ's. Scores are in points of 100" + spreadMeans(r) +
			". Best at its bytes: no method that keeps at most as many has a higher accuracy."},
		Columns: []table.Column{{Head: []string{"method"}}, {Head: []string{"adapter", "(KiB)"}}, {Head: []string{"beside it", "(KiB)"}}, {Head: []string{"all", "(KiB)"}}, {Head: []string{"training", "(GFLOP)"}}, {Head: []string{"", "× seq"}},
			{Head: []string{"accuracy"}}, {Head: []string{"knowledge", "retention"}}, {Head: []string{"best at", "its bytes"}}},
		TextColumns: []int{8}}
	adapter := func(c report.Cell) float64 { return adapterBytes * float64(c.TrainedParameters) }
	all := func(c report.Cell) float64 { return float64(c.StateBytes) }
	flop := func(m string) metric.Value {
		v := MeanDone(r, m, func(c report.Cell) float64 { return c.TrainFLOP })
		if v.Defined() && v.Number == 0 {
			return metric.Undefined("the run did not count operations")
		}
		return v
	}
	methods := slices.DeleteFunc(slices.Clone(r.Suite.Methods), func(m suite.MethodSpec) bool { return m.Reference() })
	bytes := func(m suite.MethodSpec) metric.Value { return MeanDone(r, m.Name, all) }
	slices.SortStableFunc(methods, func(a, b suite.MethodSpec) int { return cmp.Compare(bytes(a).Number, bytes(b).Number) })
	one := metric.Undefined("no seq")
	if r.Has(single) {
		one = flop(single)
	}
	for _, m := range methods {
		mine, accuracy := bytes(m), r.Summarise(m.Name, "acc")
		row := []table.Entry{{Text: m.Name}, costEntry(&t, MeanDone(r, m.Name, adapter), 1<<10, 1),
			costEntry(&t, MeanDone(r, m.Name, func(c report.Cell) float64 { return all(c) - adapter(c) }), 1<<10, 1), costEntry(&t, mine, 1<<10, 1)}
		work := flop(m.Name)
		row = append(row, costEntry(&t, work, 1e9, 1))
		ratio := table.Entry{Text: "·"}
		if work.Defined() && one.Defined() {
			ratio = table.Numeric(fmt.Sprintf("%.2f", work.Number/one.Number), work.Number/one.Number)
		}
		best := "·"
		if accuracy.Mean.Defined() && mine.Defined() {
			best = "yes"
			for _, other := range methods {
				with, theirs := bytes(other), r.Summarise(other.Name, "acc").Mean
				if with.Defined() && theirs.Defined() && with.Number <= mine.Number && theirs.Number > accuracy.Mean.Number {
					best = ""
				}
			}
		}
		row = append(row, ratio, report.ScoreEntry(&t, accuracy), report.ScoreEntry(&t, r.Summarise(m.Name, "knowledge_retention")), table.Entry{Text: best})
		t.Rows = append(t.Rows, row)
	}
	return t
}
