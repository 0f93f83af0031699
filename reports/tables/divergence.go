package tables

import (
	"fmt"
	"slices"

	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/table"
)

// hasKL says whether any cell measured its divergence from the backbone.
func hasKL(r *report.Report) bool {
	return slices.ContainsFunc(r.Cells, func(c report.Cell) bool { return c.KL != nil })
}

// Divergence shows how far each method's predictions are from the untouched backbone's after the
// first task and at the end, beside what it forgot, and how the two go together over methods
// (Shenfeld et al. 2025, arXiv 2509.04259, where the divergence predicts forgetting; they take it
// on the new task's texts).
func Divergence(r *report.Report) table.Table {
	t := table.Table{Title: "Divergence from the backbone",
		Caption: []string{"KL(untouched backbone ‖ model) in nats a token, on held-out text and on the battery's true answers" + spreadMeans(r) +
			"; forgetting and what is lost of base knowledge, 1 − K[N]/K[0], in points of 100"},
		Columns: []table.Column{{Head: []string{"method"}}, {Head: []string{"text,", "task 1"}}, {Head: []string{"text,", "end"}}, {Head: []string{"battery,", "task 1"}}, {Head: []string{"battery,", "end"}},
			{Head: []string{"forget-", "ting"}}, {Head: []string{"knowledge", "lost"}}}}
	lost := func(c report.Cell) metric.Value {
		v := c.Metrics["knowledge_retention"]
		if v.Defined() {
			v = metric.Number(1 - v.Number)
		}
		return v
	}
	columns := []struct {
		of    func(report.Cell) metric.Value
		plain bool
	}{
		{func(c report.Cell) metric.Value { return c.KLAfter(1, report.HeldOutKL) }, true},
		{func(c report.Cell) metric.Value { return c.LastKL(report.HeldOutKL) }, true},
		{func(c report.Cell) metric.Value { return c.KLAfter(1, report.KnowledgeKL) }, true},
		{func(c report.Cell) metric.Value { return c.LastKL(report.KnowledgeKL) }, true},
		{report.MetricOf("forgetting"), false}, {lost, false},
	}
	means := make([][]metric.Value, len(columns))
	for _, m := range r.Suite.Methods {
		row := []table.Entry{{Text: m.Name}}
		for k, column := range columns {
			s := r.Over(m.Name, column.of)
			if means[k] = append(means[k], s.Mean); m.Reference() {
				means[k][len(means[k])-1] = metric.Undefined("a reference")
			}
			switch {
			case column.plain && s.Mean.Defined():
				e := table.Numeric(fmt.Sprintf("%.4f", s.Mean.Number), s.Mean.Number)
				if s.CI95.Defined() {
					e.Spread, e.HalfWidth = fmt.Sprintf("±%.4f", s.CI95.Number), &s.CI95.Number
				}
				row = append(row, e)
			default:
				row = append(row, report.ScoreEntry(&t, s))
			}
		}
		t.Rows = append(t.Rows, row)
	}
	for _, pair := range []struct {
		kl, other int
		text      string
	}{{1, 4, "the divergence on held-out text and forgetting"}, {3, 5, "the divergence on the battery and the knowledge lost"}} {
		t.Remarks = append(t.Remarks, "rank correlation (Spearman) over methods of "+pair.text+": "+correlation(means[pair.kl], means[pair.other]))
	}
	return t
}

// correlation writes the rank correlation of two numbers over the methods that have both.
func correlation(x, y []metric.Value) string {
	var a, b []float64
	for i := range x {
		if x[i].Defined() && y[i].Defined() {
			a, b = append(a, x[i].Number), append(b, y[i].Number)
		}
	}
	rank := metric.RankCorrelation(a, b)
	if !rank.Defined() {
		return "none, " + rank.Undefined
	}
	return fmt.Sprintf("%.2f, of %d methods", rank.Number, len(a))
}
