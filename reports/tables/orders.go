package tables

import (
	"fmt"
	"strconv"

	"secura/experiments/record"
	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/table"
)

// Orders shows how much a method's numbers depend on the order of the tasks and on the seed: the
// mean over all cells, the standard deviation between orders (each the mean over its seeds) and
// between seeds (each the mean over its orders), in points of 100. Cells of one seed draw anew in
// each order (suite.Cell.PairingKey): seeds are within orders, not crossed with them.
func Orders(r *report.Report) table.Table {
	t := table.Table{
		Title: "Orders",
		Caption: []string{
			"mean: over all seeds and orders; ord: the standard deviation between the " + strconv.Itoa(r.Suite.Orders) +
				" orders, each the mean over its seeds; seed: that between the " + strconv.Itoa(r.Suite.Seeds) + " seeds, each the mean over its orders; in points of 100",
			fmt.Sprintf("each order has draws of its own: without any effect of the order, ord would be seed·√%d/√%d", r.Suite.Orders, r.Suite.Seeds),
		},
		Columns: []table.Column{{Head: []string{"method"}}},
	}
	metrics := []struct{ key, first, second string }{
		{"acc", "", "accuracy"}, {"learning_accuracy", "learning", "accuracy"}, {"bwt", "backward", "transfer"}, {"knowledge_retention", "knowledge", "retention"},
	}
	for _, m := range metrics {
		t.Columns = append(t.Columns, table.Column{Head: []string{m.first, m.second}}, table.Column{Head: []string{"", "ord"}}, table.Column{Head: []string{"", "seed"}})
	}
	for _, m := range r.Suite.Methods {
		row := []table.Entry{{Text: m.Name}}
		for _, key := range metrics {
			all, between, within, reason := Crossed(r, m.Name, key.key)
			if reason != "" {
				row = append(row, t.Undefined(reason), table.Entry{Text: "–"}, table.Entry{Text: "–"})
				continue
			}
			row = append(row, table.Score(all), deviation(&t, between, "a single order"), deviation(&t, within, "a single seed"))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func deviation(t *table.Table, s metric.Summary, reason string) table.Entry {
	if !s.SD.Defined() {
		return t.Undefined(reason)
	}
	return table.Score(s.SD.Number)
}

// Crossed averages a metric over a method's cells, and over its seeds and its orders each by
// itself. One cell that is not done, or has no value, leaves nothing: reason says which.
func Crossed(r *report.Report, method, key string) (all float64, orders, seeds metric.Summary, reason string) {
	byOrder, bySeed := make([]float64, r.Suite.Orders), make([]float64, r.Suite.Seeds)
	for _, c := range r.Cells {
		if c.Method.Name != method {
			continue
		}
		v := c.Metrics[key]
		if c.State != record.Done || !v.Defined() {
			return 0, metric.Summary{}, metric.Summary{}, c.ID + ": " + v.Undefined
		}
		byOrder[c.Order] += v.Number / float64(r.Suite.Seeds)
		bySeed[c.Seed] += v.Number / float64(r.Suite.Orders)
		all += v.Number / float64(r.Suite.Seeds*r.Suite.Orders)
	}
	return all, metric.MeanSDCI(byOrder), metric.MeanSDCI(bySeed), ""
}
