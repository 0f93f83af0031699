package tables

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"secura/experiments/suite"
	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/table"
)

// addMeasures gives a table a row for each of some methods, with a column for each measure.
func addMeasures(r *report.Report, t *table.Table, methods []suite.MethodSpec, measures []report.Measure) {
	t.Columns = append(t.Columns, table.Column{Head: []string{"method"}})
	for _, m := range measures {
		t.Columns = append(t.Columns, table.Column{Head: m.Head})
	}
	for _, method := range methods {
		row := []table.Entry{{Text: method.Name}}
		for _, m := range measures {
			row = append(row, measureEntry(t, m, r.Over(method.Name, m.Of)))
		}
		t.Rows = append(t.Rows, row)
	}
	sayCounts(r, t, methods, bySeeds(r))
}

// bySeeds counts the seeds of a method's means.
func bySeeds(r *report.Report) func(method string) int {
	return func(method string) int { return r.Summarise(method, "acc").N }
}

// byCells counts the cells of a method's means over cells of order 0, one a seed.
func byCells(r *report.Report) func(method string) int {
	return func(method string) int {
		cells, _ := r.ScoredCells(method)
		return len(cells)
	}
}

// sayCounts adds a remark on how many seeds the means of a table's methods are of, as in "n = 3
// seeds" or "n, seeds: 2 of seq; 1 of er, ewc". A plan of one seed needs none.
func sayCounts(r *report.Report, t *table.Table, methods []suite.MethodSpec, count func(method string) int) {
	if r.Suite.Seeds == 1 {
		return
	}
	names := map[int][]string{}
	for _, m := range methods {
		n := count(m.Name)
		names[n] = append(names[n], m.Name)
	}
	sayNames(t, names)
}

// sayNames is sayCounts of the methods with each number of seeds.
func sayNames(t *table.Table, names map[int][]string) {
	counts := slices.Sorted(maps.Keys(names))
	if len(counts) == 1 {
		switch n := counts[0]; {
		case n == 1:
			t.Remarks = append(t.Remarks, "n = 1 seed")
		case n > 1:
			t.Remarks = append(t.Remarks, fmt.Sprintf("n = %d seeds", n))
		}
		return
	}
	var parts []string
	for _, n := range slices.Backward(counts) {
		parts = append(parts, fmt.Sprintf("%d of %s", n, strings.Join(names[n], ", ")))
	}
	if len(parts) > 0 {
		t.Remarks = append(t.Remarks, "n, seeds: "+strings.Join(parts, "; "))
	}
}

// measureEntry is the entry of a measure's mean in its unit.
func measureEntry(t *table.Table, m report.Measure, s metric.Summary) table.Entry {
	if m.Nats {
		return report.MeanEntry(t, s, table.Nats)
	}
	return report.ScoreEntry(t, s)
}
