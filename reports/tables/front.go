package tables

import (
	"slices"
	"strings"

	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/table"
)

// enoughRetention is the retention from which on settings are matched by their accuracy.
const enoughRetention = 0.9

// Fronts shows retention against learning: of each method's settings the area under their front,
// the best accuracy among those that retain enough, and which of them no other setting dominates.
// The settings are a tuning's trials, or the methods of a run, whose retention is that of base
// knowledge and, in a table of its own, that of tasks.
func Fronts(r *report.Report) []table.Table {
	const kept = "Retention is the share of what was learned that is left at the end: accuracy / learning accuracy."
	if r.Trials != nil {
		return []table.Table{front("Front of learning and retention of tasks, of the trials of "+r.Trials.Suite, kept, report.TriedSettings(*r.Trials))}
	}
	tasks := front("Front of learning and retention of tasks", kept, r.Settings(report.Kept))
	if base, ok := r.Base(); ok && base.K == nil {
		return []table.Table{tasks}
	}
	knowledge := front("Front of learning and retention of knowledge", "Retention is that of base knowledge: K[N] / K[0].", r.Settings(report.MetricOf("knowledge_retention")))
	return []table.Table{knowledge, tasks}
}

func front(title, retention string, all []report.Setting) table.Table {
	t := table.Table{Title: title,
		Caption: []string{retention + " The area is that under the front of a method's settings, learning accuracy across and retention, up to 1, upwards; more is better. " +
			"Its interval is over the seeds that all of them were run on. Scores are in points of 100."},
		Columns: []table.Column{{Head: []string{"method"}}, {Head: []string{"settings"}}, {Head: []string{"area"}}, {Head: []string{"area of", "finalists"}},
			{Head: []string{"accuracy", "at ≥ 90%"}}, {Head: []string{"with"}}, {Head: []string{"on the front", "of all"}}},
		TextColumns: []int{5, 6}}
	var field []report.Contender
	for _, method := range presetsOf(all) {
		own := slices.DeleteFunc(slices.Clone(all), func(s report.Setting) bool { return s.Method != method })
		measured := slices.DeleteFunc(slices.Clone(own), func(s report.Setting) bool { return len(s.Learning) == 0 })
		row := []table.Entry{{Text: method}, table.Count(len(own))}
		for range len(t.Columns) - 2 {
			row = append(row, table.Entry{Text: "·"})
		}
		if len(measured) < len(own) {
			i := slices.IndexFunc(own, func(s report.Setting) bool { return len(s.Learning) == 0 })
			row[1].Notes = append(row[1].Notes, t.Note("not counted in the area, the first for this reason: "+own[i].Reason))
		}
		if len(measured) == 0 {
			row[2] = t.Undefined(own[0].Reason)
			t.Rows = append(t.Rows, row)
			continue
		}
		areas := report.AreaBySeed(measured)
		row[2] = report.ScoreEntry(&t, over(areas))
		again := slices.DeleteFunc(slices.Clone(measured), func(s report.Setting) bool { return len(s.Learning) < 2 })
		if len(again) > 0 && len(again) < len(measured) {
			row[3] = report.ScoreEntry(&t, over(report.AreaBySeed(again)))
		}
		if best, ok := matched(measured); ok {
			row[4], row[5] = report.ScoreEntry(&t, over(best.Accuracy)), table.Entry{Text: best.Name}
		}
		row[6].Text = strings.Join(undominated(measured, all), ", ")
		if row[6].Text == "" {
			row[6].Text = "none"
		}
		t.Rows = append(t.Rows, row)
		field = append(field, report.Contender{Entry: &row[2], Values: areas})
	}
	report.SaysMarks(&t, "column")
	report.Rank(field, 1)
	return t
}

// presetsOf are the methods of the settings, in their order.
func presetsOf(all []report.Setting) (names []string) {
	for _, s := range all {
		if !slices.Contains(names, s.Method) {
			names = append(names, s.Method)
		}
	}
	return names
}

// over summarises values that are all defined.
func over(values []report.SeedValue) metric.Summary {
	numbers := make([]float64, len(values))
	for i, v := range values {
		numbers[i] = v.Value.Number
	}
	return metric.MeanSDCI(numbers)
}

// matched is the setting with the highest accuracy of those that retain enough.
func matched(settings []report.Setting) (best report.Setting, ok bool) {
	for _, s := range settings {
		if s.At().Retention < enoughRetention {
			continue
		}
		if !ok || over(s.Accuracy).Mean.Number > over(best.Accuracy).Mean.Number {
			best, ok = s, true
		}
	}
	return best, ok
}

// undominated names the settings that none of all settings dominates.
func undominated(own, all []report.Setting) (names []string) {
	for _, s := range own {
		if !slices.ContainsFunc(all, func(other report.Setting) bool { return len(other.Learning) > 0 && other.At().Dominates(s.At()) }) {
			names = append(names, s.Name)
		}
	}
	return names
}
