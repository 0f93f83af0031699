package page

import (
	"fmt"
	"slices"
	"strings"

	"secura/reports/claims"
	"secura/reports/report"
	"secura/reports/table"
	"secura/reports/tables"
)

// pageTable is a Table as the page shows it: with what filters and links need.
type pageTable struct {
	ID, Title string
	// Method is set where the whole table is one method's.
	Method  string
	Caption []string
	Columns []pageColumn
	Rows    []pageRow
	// MarkMeans is empty where no entry is marked, SecondMeans where none is a second one.
	MarkMeans, SecondMeans string
	Footnotes              []pageNote
	Remarks                []string
}

type pageColumn struct {
	Head, Method string
	Text         bool
}

type pageRow struct {
	Method string
	Cells  []pageCell
}

type pageCell struct {
	Value, Spread string
	// Method is that of the cell's column.
	Method string
	// Swatch is the method that a row's head names, Task the task whose examples it leads to.
	Swatch, Task string
	Notes        []pageNote
	First        bool
	// Text says that the column holds text.
	Text, Marked, Second bool
}

// pageNote is a footnote, or a reference to one.
type pageNote struct {
	Anchor, Text string
	Number       int
}

// addTables sorts the report's tables into the page, and adds those of measures that the run has.
func (p *document) addTables(r *report.Report) error {
	if p.Charts {
		p.Summary = append(p.Summary, newPageTable(r, claims.LearningTable(r), "learning"))
	}
	for i, t := range tables.Of(r) {
		shown := newPageTable(r, t, fmt.Sprintf("table-%d", i+1))
		switch {
		case shown.Method != "":
			p.Matrices = append(p.Matrices, shown)
		case i == 0:
			p.Summary = append(p.Summary, shown)
		default:
			p.Tables = append(p.Tables, shown)
		}
	}
	if r.Backbones != nil { // each has them on its own page
		return nil
	}
	measures, err := tables.Measured(r)
	for i, t := range measures {
		p.Measures = append(p.Measures, newPageTable(r, t, fmt.Sprintf("measures-%d", i+1)))
	}
	return err
}

func newPageTable(r *report.Report, t table.Table, id string) pageTable {
	page := pageTable{ID: id, Title: t.Title, Caption: t.Caption, Remarks: t.Remarks}
	anchor := func(n int) string { return fmt.Sprintf("%s-note-%d", id, n) }
	if name, ok := strings.CutPrefix(t.Title, tables.MatrixTitle); ok && r.Has(name) {
		page.Method = name
	}
	for i, c := range t.Columns {
		column := pageColumn{Head: table.JoinHead(c.Head), Text: slices.Contains(t.TextColumns, i)}
		if i > 0 && r.Has(column.Head) {
			column.Method = column.Head
		}
		page.Columns = append(page.Columns, column)
	}
	for _, entries := range t.Rows {
		row := pageRow{}
		for i, e := range entries {
			cell := pageCell{Value: e.Text, Spread: strings.TrimSpace(e.Spread + " " + e.Below), First: i == 0, Marked: e.Marked, Second: e.Second, Text: page.Columns[i].Text, Method: page.Columns[i].Method}
			if i == 0 && r.Has(e.Text) {
				row.Method, cell.Swatch = e.Text, e.Text
			}
			if i == 0 && r.Backbones == nil {
				cell.Task = taskLabelled(r, e.Text)
			}
			for _, n := range e.Notes {
				cell.Notes = append(cell.Notes, pageNote{Anchor: anchor(n), Number: n})
			}
			row.Cells = append(row.Cells, cell)
		}
		page.Rows = append(page.Rows, row)
	}
	marked, second := t.Marks()
	if marked {
		page.MarkMeans = t.MarkMeans
	}
	if second {
		page.SecondMeans = t.SecondMeans
	}
	for i, text := range t.Footnotes {
		page.Footnotes = append(page.Footnotes, pageNote{Anchor: anchor(i + 1), Text: text, Number: i + 1})
	}
	return page
}

// taskLabelled is the task that a row is headed by, as in "T3 syllogisms"; empty if it is another.
func taskLabelled(r *report.Report, label string) string {
	for j, t := range r.Suite.Tasks {
		if label == fmt.Sprintf("T%d %s", j+1, t.Name) {
			return t.Name
		}
	}
	return ""
}
