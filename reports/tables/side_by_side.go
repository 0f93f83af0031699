package tables

import (
	"fmt"
	"slices"

	"secura/reports/report"
	"secura/reports/table"
)

// Runs sets several runs side by side, as papers do with backbones: a method a row and, for each
// metric, a run a column.
func Runs(runs []*report.Report) table.Table {
	t := table.Table{
		Title:   "Runs side by side",
		Caption: []string{"Scores are in points of 100, ± is the half-width of the mean's 95% interval over seeds."},
		Columns: []table.Column{{Head: []string{"method"}}},
	}
	report.SaysMarks(&t, "column")
	labels := RunLabels(runs)
	for i, r := range runs {
		t.Caption = append(t.Caption, labels[i]+": "+Source(r))
	}
	t.Remarks = append(t.Remarks, otherTasks(runs, labels)...)
	for _, name := range methodsOf(runs, false) {
		t.Rows = append(t.Rows, []table.Entry{{Text: name}})
	}
	for _, c := range scoreColumns {
		if c.Key == "forgetting" || c.Key == "knowledge_final" {
			continue // they tell what their neighbours do
		}
		for i, r := range runs {
			t.Columns = append(t.Columns, table.Column{Head: append(slices.Clone(c.Head), labels[i])})
			var field []report.Contender
			for k, name := range methodsOf(runs, false) {
				if !r.Has(name) {
					t.Rows[k] = append(t.Rows[k], table.Entry{Text: "·"})
					continue
				}
				t.Rows[k] = append(t.Rows[k], report.ScoreEntry(&t, r.Summarise(name, c.Key)))
			}
			for _, m := range r.Suite.Methods {
				k := slices.IndexFunc(t.Rows, func(row []table.Entry) bool { return row[0].Text == m.Name })
				field = append(field, r.Contends(m, &t.Rows[k][len(t.Rows[k])-1], report.MetricOf(c.Key)))
			}
			report.Rank(field, c.Better)
		}
	}
	return t
}

// methodsOf are the methods of any of the runs, or those that all have, in the order in which they
// are first met.
func methodsOf(runs []*report.Report, everywhere bool) (names []string) {
	for _, r := range runs {
		for _, name := range r.Suite.MethodNames() {
			missing := slices.ContainsFunc(runs, func(r *report.Report) bool { return !r.Has(name) })
			if !slices.Contains(names, name) && !(everywhere && missing) {
				names = append(names, name)
			}
		}
	}
	return names
}

// CommonMethods are the methods that all of the runs have.
func CommonMethods(runs []*report.Report) []string { return methodsOf(runs, true) }

// SideBySide joins tables of several runs: those of one title become one, whose rows are told by
// their first entries and whose columns are those of each run after the other.
func SideBySide(runs []*report.Report, tables [][]table.Table) []table.Table {
	labels := RunLabels(runs)
	var titles []string
	for _, list := range tables {
		for _, t := range list {
			if !slices.Contains(titles, t.Title) {
				titles = append(titles, t.Title)
			}
		}
	}
	joined := make([]table.Table, len(titles))
	for i, title := range titles {
		for k, list := range tables {
			if at := slices.IndexFunc(list, func(t table.Table) bool { return t.Title == title }); at >= 0 {
				joined[i].Join(list[at], labels[k])
			}
		}
	}
	if len(joined) > 0 {
		joined[0].Remarks = append(joined[0].Remarks, otherTasks(runs, labels)...)
	}
	return joined
}

// otherTasks names the runs that learn other tasks than the first one: their scores are means over
// different things.
func otherTasks(runs []*report.Report, labels []string) (remarks []string) {
	names := func(r *report.Report) []string { return slices.Sorted(slices.Values(r.Suite.TaskNames())) }
	for i, r := range runs {
		if !slices.Equal(names(r), names(runs[0])) {
			remarks = append(remarks, fmt.Sprintf("%s learns other tasks than %s: their scores are means over different tasks and cannot be compared", labels[i], labels[0]))
		}
	}
	return remarks
}

// backboneTables sets the backbones side by side, and then gives the tables of each.
func backboneTables(r *report.Report) []table.Table {
	first := Runs(r.Backbones)
	if r.Suite.Separate() {
		var of [][]table.Table
		for _, part := range r.Backbones {
			of = append(of, []table.Table{Variants(part)})
		}
		first = SideBySide(r.Backbones, of)[0]
	}
	first.Title = "Backbones side by side"
	first.Remarks = append(first.Remarks, r.Warnings...)
	tables := []table.Table{first}
	for _, part := range r.Backbones {
		tables = append(tables, labelled(part, Of(part))...)
	}
	return Sourced(r, tables)
}

// labelled puts the backbone into the titles of tables where the run has several.
func labelled(r *report.Report, tables []table.Table) []table.Table {
	for i := range tables {
		if r.Label != "" {
			tables[i].Title += " on " + r.Label
		}
	}
	return tables
}
