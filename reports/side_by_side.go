package reports

import (
	"fmt"
	"slices"
)

// RunsTable sets several runs side by side, as papers do with backbones: a
// method a row and, for each metric, a run a column.
func RunsTable(runs []*Report) Table {
	t := Table{
		Title:   "Runs side by side",
		Caption: []string{"Scores are in points of 100, ± is the half-width of the mean's 95% interval over seeds."},
		Columns: []Column{{[]string{"method"}}},
	}
	t.marks("column")
	labels := RunLabels(runs)
	for i, r := range runs {
		t.Caption = append(t.Caption, labels[i]+": "+r.source())
	}
	for _, name := range methodsOf(runs, false) {
		t.Rows = append(t.Rows, []Entry{{Text: name}})
	}
	for _, c := range scoreColumns {
		if c.Key == "forgetting" || c.Key == "knowledge_final" {
			continue // they tell what their neighbours do
		}
		for i, r := range runs {
			t.Columns = append(t.Columns, Column{append(slices.Clone(c.Head), labels[i])})
			var field []contender
			for k, name := range methodsOf(runs, false) {
				if !r.has(name) {
					t.Rows[k] = append(t.Rows[k], Entry{Text: "·"})
					continue
				}
				t.Rows[k] = append(t.Rows[k], scoreEntry(&t, r.Summarise(name, c.Key)))
			}
			for _, m := range r.Suite.Methods {
				k := slices.IndexFunc(t.Rows, func(row []Entry) bool { return row[0].Text == m.Name })
				field = append(field, r.contends(m, &t.Rows[k][len(t.Rows[k])-1], metricOf(c.Key)))
			}
			rank(field, c.Better)
		}
	}
	return t
}

// methodsOf are the methods of any of the runs, or those that all have, in the
// order in which they are first met.
func methodsOf(runs []*Report, everywhere bool) (names []string) {
	for _, r := range runs {
		for _, name := range r.Suite.MethodNames() {
			missing := slices.ContainsFunc(runs, func(r *Report) bool { return !r.has(name) })
			if !slices.Contains(names, name) && !(everywhere && missing) {
				names = append(names, name)
			}
		}
	}
	return names
}

// CommonMethods are the methods that all of the runs have.
func CommonMethods(runs []*Report) []string { return methodsOf(runs, true) }

// SideBySide joins tables of several runs: those of one title become one, whose
// rows are told by their first entries and whose columns are those of each run
// after the other.
func SideBySide(runs []*Report, tables [][]Table) []Table {
	labels := RunLabels(runs)
	var titles []string
	for _, list := range tables {
		for _, t := range list {
			if !slices.Contains(titles, t.Title) {
				titles = append(titles, t.Title)
			}
		}
	}
	joined := make([]Table, len(titles))
	for i, title := range titles {
		for k, list := range tables {
			if at := slices.IndexFunc(list, func(t Table) bool { return t.Title == title }); at >= 0 {
				joined[i].join(list[at], labels[k])
			}
		}
	}
	return joined
}

// join puts a run's table to the right of those that are there.
func (t *Table) join(other Table, label string) {
	if t.Title == "" {
		t.Title, t.MarkMeans, t.SecondMeans, t.Numbered = other.Title, other.MarkMeans, other.SecondMeans, other.Numbered
		if len(other.Columns) > 0 {
			t.Columns = []Column{other.Columns[0]}
		}
	}
	if len(t.Columns) == 0 && len(other.Columns) > 0 {
		t.Columns = []Column{other.Columns[0]}
	}
	for _, line := range other.Caption {
		if !slices.Contains(t.Caption, line) {
			t.Caption = append(t.Caption, line)
		}
	}
	for _, remark := range other.Remarks {
		t.Remarks = append(t.Remarks, label+": "+remark)
	}
	before := len(t.Columns)
	for i, c := range other.Columns {
		if i > 0 {
			t.Columns = append(t.Columns, Column{append([]string{label}, c.Head...)})
		}
		if i > 0 && slices.Contains(other.TextColumns, i) {
			t.TextColumns = append(t.TextColumns, before+i-1)
		}
	}
	for _, row := range other.Rows {
		k := slices.IndexFunc(t.Rows, func(known []Entry) bool { return known[0].Text == row[0].Text && len(known) == before })
		if k < 0 {
			first := row[0]
			first.Notes = nil
			t.Rows = append(t.Rows, []Entry{first})
			k = len(t.Rows) - 1
			for range before - 1 {
				t.Rows[k] = append(t.Rows[k], Entry{Text: "·"})
			}
		}
		for i, e := range row {
			notes := make([]int, len(e.Notes))
			for j, n := range e.Notes {
				notes[j] = t.Note(fmt.Sprintf("%s: %s", label, other.Footnotes[n-1]))
			}
			if e.Notes = notes; i == 0 {
				t.Rows[k][0].Notes = append(t.Rows[k][0].Notes, notes...)
				continue
			}
			t.Rows[k] = append(t.Rows[k], e)
		}
	}
	for k := range t.Rows { // rows that this run does not have
		for len(t.Rows[k]) < len(t.Columns) {
			t.Rows[k] = append(t.Rows[k], Entry{Text: "·"})
		}
	}
}
