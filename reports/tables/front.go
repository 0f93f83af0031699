package tables

import (
	"cmp"
	"strings"

	"secura/reports/report"
	"secura/reports/table"
)

// Fronts shows retention against learning: of each method's settings the area under their front,
// the best accuracy among those that retain enough, and which of them no other setting dominates.
// The settings are a tuning's trials, or the methods of a run, whose retention is that of base
// knowledge and, in a table of its own, that of tasks.
func Fronts(r *report.Report) []table.Table {
	const kept = "Retention is the share of what was learned that is left at the end: accuracy / learning accuracy."
	var list []table.Table
	for _, f := range r.Fronts() {
		switch {
		case r.Trials != nil:
			list = append(list, front("Front of learning and retention of tasks, of the trials of "+r.Trials.Suite, kept, f))
		case f.Retention == "tasks":
			list = append(list, front("Front of learning and retention of tasks", kept, f))
		default:
			list = append(list, front("Front of learning and retention of knowledge", "Retention is that of base knowledge: K[N] / K[0].", f))
		}
	}
	return list
}

func front(title, retention string, f report.Front) table.Table {
	t := table.Table{Title: title,
		Caption: []string{retention + " The area is that under the front of a method's settings, learning accuracy across and retention, up to 1, upwards; more is better. " +
			"Its interval is over the seeds that all of them were run on. On the front of all are those settings that no other surpasses in both, by their means alone, without a test; there retention counts above 1 too. Scores are in points of 100."},
		Columns: []table.Column{{Head: []string{"method"}}, {Head: []string{"settings"}}, {Head: []string{"area"}}, {Head: []string{"area of", "finalists"}},
			{Head: []string{"accuracy", "at ≥ 90%"}}, {Head: []string{"with"}}, {Head: []string{"on the front", "of all"}}},
		TextColumns: []int{5, 6}}
	var field []report.Contender
	for _, m := range f.Methods {
		row := []table.Entry{{Text: m.Method}, table.Count(m.Settings)}
		for range len(t.Columns) - 2 {
			row = append(row, table.Entry{Text: "·"})
		}
		if m.Measured < m.Settings {
			row[1].Notes = append(row[1].Notes, t.Note("not counted in the area, the first for this reason: "+m.Unmeasured))
		}
		row[2] = report.ScoreEntry(&t, m.Area)
		t.Rows = append(t.Rows, row)
		if m.Measured == 0 {
			continue
		}
		if m.Finalists.N > 0 {
			row[3] = report.ScoreEntry(&t, m.Finalists)
		}
		if m.With != "" {
			row[4], row[5] = report.ScoreEntry(&t, m.Matched), table.Entry{Text: m.With}
		}
		row[6].Text = cmp.Or(strings.Join(m.Undominated, ", "), "none")
		field = append(field, report.Contender{Entry: &row[2], Values: m.Areas})
	}
	report.SaysMarks(&t, "column")
	report.Rank(field, 1)
	seeds := map[int][]string{}
	for _, m := range f.Methods {
		seeds[len(m.Areas)] = append(seeds[len(m.Areas)], m.Method)
	}
	sayNames(&t, seeds)
	return t
}
