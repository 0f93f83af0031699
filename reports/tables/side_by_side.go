package tables

import (
	"fmt"
	"slices"

	"secura/experiments/suite"
	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/table"
)

// Runs sets several runs side by side, as papers do with backbones: a method a row and, for each
// metric, a run a column. It is the summary of several runs: the references come first, and the
// base row stands for frozen. What is true of a method in one run is a footnote in that run's
// columns.
func Runs(runs []*report.Report) table.Table {
	t := table.Table{
		Title:   "Runs side by side",
		Caption: []string{"Scores are in points of 100, ± is the half-width of the mean's 95% interval over seeds.", referencesMean},
		Columns: []table.Column{{Head: []string{"method"}}},
	}
	if !slices.ContainsFunc(runs, func(r *report.Report) bool { return r.Label == "" || r.Run != runs[0].Run }) {
		t.Title = "Backbones side by side"
	}
	report.SaysMarks(&t, "column")
	labels := RunLabels(runs)
	methods := summaryOrder(runs)
	for _, label := range append([]string{baseLabel, chanceLabel}, methods...) {
		t.Rows = append(t.Rows, []table.Entry{{Text: label}})
	}
	for _, c := range scoreColumns {
		if c.Key == "forgetting" || c.Key == "knowledge_final" {
			continue // they tell what their neighbours do
		}
		for i, r := range runs {
			t.Columns = append(t.Columns, table.Column{Head: append(slices.Clone(c.Head), labels[i])})
			entries := append([]table.Entry{valueEntry(&t, r.BaseMetrics()[c.Key]), chanceEntry(r, &t, c.Key)}, runEntries(r, &t, methods, c)...)
			for k, e := range entries {
				t.Rows[k] = append(t.Rows[k], e)
			}
		}
	}
	t.OrderNotes()
	for i, r := range runs {
		t.Caption = append(t.Caption, labels[i]+": "+Source(r))
		said := append(slices.Clone(r.Warnings), remarksOfAll(r)...)
		if base := r.BaseMetrics()["acc"]; !r.RanksAccuracy() {
			said = append(said, "no method "+noneRises(base)+": the methods cannot be ranked by accuracy")
		}
		if remark := fewSeeds(r); remark != "" {
			said = append(said, remark)
		}
		for _, text := range said {
			t.Remarks = append(t.Remarks, labels[i]+": "+text)
		}
	}
	t.Remarks = append(t.Remarks, otherTasks(runs, labels)...)
	if len(methods) > len(methodsOf(runs, true)) {
		t.Remarks = append(t.Remarks, table.NotThere+" says that the run does not have the method")
	}
	return t
}

// runEntries are a metric of each of some methods in one run.
func runEntries(r *report.Report, t *table.Table, methods []string, c metric.Definition) []table.Entry {
	entries := make([]table.Entry, len(methods))
	var field []report.Contender
	common := commonWarnings(r)
	for k, name := range methods {
		m, ok := r.Suite.Method(name)
		if !ok {
			entries[k].Text = table.NotThere
			continue
		}
		entries[k] = report.ScoreEntry(t, r.Summarise(name, c.Key))
		switch {
		case c.Key == "acc": // the first column
			entries[k].Notes = append(entries[k].Notes, methodLabel(r, t, name, common).Notes...)
		case c.Key == "learning_accuracy" && !r.Learned(m):
			entries[k].Notes = append(entries[k].Notes, t.Note("did not learn"))
		}
		field = append(field, r.Contends(m, &entries[k], report.MetricOf(c.Key)))
	}
	if c.Key != "acc" || r.RanksAccuracy() {
		report.Rank(field, c.Better)
	}
	return entries
}

// summaryOrder are the methods of any of the runs as the summary has them: the references first,
// without frozen.
func summaryOrder(runs []*report.Report) (names []string) {
	for _, reference := range []bool{true, false} {
		for _, name := range methodsOf(runs, false) {
			i := slices.IndexFunc(runs, func(r *report.Report) bool { return r.Has(name) })
			if m, _ := runs[i].Suite.Method(name); m.Preset != suite.Frozen && m.Reference() == reference {
				names = append(names, name)
			}
		}
	}
	return names
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

// NamedSideBySide makes the tables of one name of suite.Tables of several runs side by side. That
// of the summary is Runs.
func NamedSideBySide(runs []*report.Report, name string) ([]table.Table, error) {
	if len(runs) == 1 {
		return Named(runs[0], name)
	}
	if name == "summary" {
		return []table.Table{Runs(runs)}, nil
	}
	each := make([][]table.Table, len(runs))
	for i, r := range runs {
		var err error
		if each[i], err = Named(r, name); err != nil {
			return nil, err
		}
	}
	return SideBySide(runs, each), nil
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
	for i, title := range titles {
		lacks := func(list []table.Table) bool {
			at := slices.IndexFunc(list, func(t table.Table) bool { return t.Title == title })
			return at < 0 || len(list[at].Rows) < len(joined[i].Rows)
		}
		if slices.ContainsFunc(tables, lacks) {
			joined[i].Remarks = append(joined[i].Remarks, "a run whose columns have "+table.NotThere+" alone does not have the row")
		}
	}
	if len(joined) > 0 {
		joined[0].Remarks = append(joined[0].Remarks, otherTasks(runs, labels)...)
	}
	return joined
}

// TaskGroups numbers some runs, from 0 on, so that those of the same tasks, in whatever order, have
// the same number: only their scores can be compared.
func TaskGroups(runs []*report.Report) []int {
	groups := make([]int, len(runs))
	next := 0
	for i, r := range runs {
		same := slices.IndexFunc(runs[:i], func(other *report.Report) bool { return slices.Equal(sortedTasks(other), sortedTasks(r)) })
		if same >= 0 {
			groups[i] = groups[same]
			continue
		}
		groups[i], next = next, next+1
	}
	return groups
}

func sortedTasks(r *report.Report) []string { return slices.Sorted(slices.Values(r.Suite.TaskNames())) }

// otherTasks names the runs that learn other tasks than the first one: their scores are means over
// different things.
func otherTasks(runs []*report.Report, labels []string) (remarks []string) {
	for i, group := range TaskGroups(runs) {
		if group > 0 {
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
	for _, text := range r.Warnings {
		if !slices.ContainsFunc(r.Backbones, func(part *report.Report) bool { return slices.Contains(part.Warnings, text) }) {
			first.Remarks = append(first.Remarks, text)
		}
	}
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
