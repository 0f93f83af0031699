package reports

import (
	"slices"

	"secura/reports/table"
)

// RunsTable sets several runs side by side, as papers do with backbones: a
// method a row and, for each metric, a run a column.
func RunsTable(runs []*Report) table.Table {
	t := table.Table{
		Title:   "Runs side by side",
		Caption: []string{"Scores are in points of 100, ± is the half-width of the mean's 95% interval over seeds."},
		Columns: []table.Column{{Head: []string{"method"}}},
	}
	saysMarks(&t, "column")
	labels := RunLabels(runs)
	for i, r := range runs {
		t.Caption = append(t.Caption, labels[i]+": "+r.source())
	}
	for _, name := range methodsOf(runs, false) {
		t.Rows = append(t.Rows, []table.Entry{{Text: name}})
	}
	for _, c := range scoreColumns {
		if c.Key == "forgetting" || c.Key == "knowledge_final" {
			continue // they tell what their neighbours do
		}
		for i, r := range runs {
			t.Columns = append(t.Columns, table.Column{Head: append(slices.Clone(c.Head), labels[i])})
			var field []contender
			for k, name := range methodsOf(runs, false) {
				if !r.has(name) {
					t.Rows[k] = append(t.Rows[k], table.Entry{Text: "·"})
					continue
				}
				t.Rows[k] = append(t.Rows[k], scoreEntry(&t, r.Summarise(name, c.Key)))
			}
			for _, m := range r.Suite.Methods {
				k := slices.IndexFunc(t.Rows, func(row []table.Entry) bool { return row[0].Text == m.Name })
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
func SideBySide(runs []*Report, tables [][]table.Table) []table.Table {
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
	return joined
}
