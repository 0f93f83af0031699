package tables

import (
	"secura/reports/report"
	"secura/reports/table"
)

// baseline is the method that others are seen against where each task is learned alone: the paper's
// own comparison is with DoRA.
const baseline = "dora"

// Variants shows each task's score right after its own training for each method, tasks whose answer
// is chosen among options first, with the means of the two groups and how far these are from
// dora's.
func Variants(r *report.Report) table.Table {
	t := table.Table{
		Title:   "Variants",
		Caption: variantsCaption(r),
		Columns: []table.Column{{Head: []string{"task"}}, {Head: []string{"base"}}},
	}
	report.SaysMarks(&t, "row")
	methods := r.Trained()
	for _, m := range methods {
		t.Columns = append(t.Columns, table.Column{Head: []string{m.Name}})
	}
	base, measured := r.Base()
	row := func(label string, belongs func(string) bool) {
		entries := []table.Entry{{Text: label}, {Text: "·"}}
		if measured {
			entries[1] = table.Score(meanWhere(base, belongs))
		}
		for _, m := range methods {
			entries = append(entries, report.ScoreEntry(&t, r.Over(m.Name, report.AfterOwnTraining(belongs))))
		}
		var field []report.Contender
		for i, m := range methods {
			field = append(field, r.Contends(m, &entries[i+2], report.AfterOwnTraining(belongs)))
		}
		report.Rank(field, 1)
		t.Rows = append(t.Rows, entries)
	}
	for _, group := range []struct {
		name   string
		choice bool
	}{{"multiple choice", true}, {"written answers", false}} {
		belongs := report.OfKind(r, group.choice)
		n := 0
		for _, task := range r.Suite.Tasks {
			if belongs(task.Name) {
				n++
				row(task.Name, func(name string) bool { return name == task.Name })
			}
		}
		if n == 0 {
			continue
		}
		row(group.name+", mean", belongs)
		if !r.Has(baseline) {
			continue
		}
		entries := []table.Entry{{Text: "  minus " + baseline}, {Text: "·"}}
		for _, m := range methods {
			if m.Name == baseline {
				entries = append(entries, table.Entry{Text: "·"})
				continue
			}
			entries = append(entries, report.ScoreEntry(&t, report.Between(r, m.Name, baseline, report.AfterOwnTraining(belongs)).Summary))
		}
		t.Rows = append(t.Rows, entries)
	}
	sayCounts(r, &t, methods, bySeeds(r))
	return t
}

func variantsCaption(r *report.Report) []string {
	lines := summaryCaption(r)[:1]
	if r.Suite.Separate() {
		return append(lines, "Each task is learned alone from the untouched backbone (base). Scores are in points of 100, right after the task's training"+spreadMeans(r)+".")
	}
	return append(lines, "Scores are in points of 100, right after the task's own training in the stream"+spreadMeans(r)+". Base is the untouched backbone.")
}

// meanWhere is the mean of the base row's scores of the tasks that belong.
func meanWhere(base report.Cell, belongs func(string) bool) float64 {
	sum, n := 0.0, 0
	for j, name := range base.Tasks {
		if belongs(name) {
			sum += base.R[0][j]
			n++
		}
	}
	return sum / float64(n)
}
