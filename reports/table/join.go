package table

import (
	"fmt"
	"slices"
)

// Join puts a run's table to the right of those that are there.
func (t *Table) Join(other Table, label string) {
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
			first.Notes, first.Below = nil, ""
			t.Rows = append(t.Rows, []Entry{first})
			k = len(t.Rows) - 1
			for range before - 1 {
				t.Rows[k] = append(t.Rows[k], Entry{Text: NotThere})
			}
		}
		var ofRow []int
		for i, e := range row {
			notes := make([]int, len(e.Notes))
			for j, n := range e.Notes {
				notes[j] = t.Note(fmt.Sprintf("%s: %s", label, other.Footnotes[n-1]))
			}
			if e.Below != "" { // of this run alone
				notes = append(notes, t.Note(fmt.Sprintf("%s: %s", label, e.Below)))
			}
			if e.Notes = notes; i == 0 {
				ofRow = notes
				continue
			}
			if i == 1 { // the row's label is that of the other runs too
				e.Notes = append(ofRow, e.Notes...)
			}
			t.Rows[k] = append(t.Rows[k], e)
		}
	}
	for k := range t.Rows { // rows that this run does not have
		for len(t.Rows[k]) < len(t.Columns) {
			t.Rows[k] = append(t.Rows[k], Entry{Text: NotThere})
		}
	}
}
