package tables

import (
	"fmt"
	"slices"

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
}

// measureEntry is the entry of a measure's mean in its unit.
func measureEntry(t *table.Table, m report.Measure, s metric.Summary) table.Entry {
	if !m.Nats || !s.Mean.Defined() {
		return report.ScoreEntry(t, s)
	}
	e := table.Numeric(fmt.Sprintf("%.4f", s.Mean.Number), s.Mean.Number)
	if s.CI95.Defined() {
		e.Spread, e.HalfWidth = fmt.Sprintf("±%.4f", s.CI95.Number), &s.CI95.Number
	}
	return e
}

// learners are the suite's methods but for references.
func learners(r *report.Report) []suite.MethodSpec {
	return slices.DeleteFunc(slices.Clone(r.Suite.Methods), suite.MethodSpec.Reference)
}

// trained are the suite's methods but for the untouched backbone.
func trained(r *report.Report) []suite.MethodSpec {
	return slices.DeleteFunc(slices.Clone(r.Suite.Methods), func(m suite.MethodSpec) bool { return m.Preset == suite.Frozen })
}
