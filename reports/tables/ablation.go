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

// Ablation shows variants by what they change: in each row a method, what differs from its preset,
// and its numbers in points of 100; the last column is how far its learning is from the first
// row's.
func Ablation(r *report.Report) table.Table {
	first := r.Suite.Methods[0].Name
	t := table.Table{
		Title: "Ablation",
		Caption: []string{"learned: the learning accuracy above the base row, mean over j of R[j][j] − R[0][j]; beyond " + first +
			": its difference to the first row over the seeds that both have; in points of 100" + spreadMeans(r)},
		Columns: []table.Column{{Head: []string{"variant"}}, {Head: []string{"changes"}}, {Head: []string{"", "learned"}}, {Head: []string{"beyond", first}}, {Head: []string{"", "accuracy"}},
			{Head: []string{"backward", "transfer"}}, {Head: []string{"knowledge", "retention"}}},
		TextColumns: []int{1},
	}
	report.SaysMarks(&t, "column")
	shown := []struct {
		summary func(method string) metric.Summary
		of      func(report.Cell) metric.Value
	}{
		{func(m string) metric.Summary { return r.Over(m, report.Cell.Gain) }, report.Cell.Gain},
		{func(m string) metric.Summary { return report.Between(r, m, first, report.Cell.Gain).Summary }, nil},
		{func(m string) metric.Summary { return r.Over(m, report.MetricOf("acc")) }, report.MetricOf("acc")},
		{func(m string) metric.Summary { return r.Over(m, report.MetricOf("bwt")) }, report.MetricOf("bwt")},
		{func(m string) metric.Summary { return r.Over(m, report.MetricOf("knowledge_retention")) }, report.MetricOf("knowledge_retention")},
	}
	for i, m := range r.Suite.Methods {
		row := []table.Entry{{Text: m.Name}, {Text: changes(r, m)}}
		for _, s := range shown {
			if s.of == nil && i == 0 {
				row = append(row, table.Entry{Text: "·"}) // the reference itself
				continue
			}
			row = append(row, report.ScoreEntry(&t, s.summary(m.Name)))
		}
		t.Rows = append(t.Rows, row)
	}
	for k, s := range shown {
		if s.of != nil {
			rankColumn(r, &t, k+2, 1, s.of)
		}
	}
	sayCounts(r, &t, r.Suite.Methods, bySeeds(r))
	return t
}

// changes says how a method differs from the first one's preset, and from the first one's learning
// rate.
func changes(r *report.Report, m suite.MethodSpec) string {
	var parts []string
	first := r.Suite.Methods[0]
	if m.Preset != first.Preset {
		parts = append(parts, "preset "+m.Preset)
	}
	overrides := m.Overrides()
	if m.Name != first.Name && m.LearningRate == first.LearningRate {
		delete(overrides, "learning_rate")
	}
	for _, key := range slices.Sorted(maps.Keys(overrides)) {
		parts = append(parts, fmt.Sprintf("%s %v", key, overrides[key]))
	}
	if len(parts) == 0 {
		return "as specified"
	}
	return strings.Join(parts, ", ")
}
