package reports

import "slices"

// Table is a table of texts with footnotes, ready for any renderer: which number
// stands where, how it is rounded and what a reader must be told are decided;
// widths, markup and escapes are not.
type Table struct {
	Title string
	// Caption are sentences above the table.
	Caption []string
	Columns []Column
	Rows    [][]Entry
	// MarkMeans says what a marked entry is, as in "best of its column"; empty
	// if there is none.
	MarkMeans string
	// Footnotes are what the entries' notes refer to, numbered from 1.
	Footnotes []string
	// TextColumns are columns after the first that hold text, flush left, the
	// Spread below it being more of it.
	TextColumns []int
	// Remarks concern the whole table.
	Remarks []string
	// Numbered says that the first column tells its rows apart in its first
	// letters, so that it may be shortened without telling the rest.
	Numbered bool
}

// Column is the head of a column. All but the first column and Table.TextColumns
// hold numbers.
type Column struct {
	// Head is one or two lines.
	Head []string
}

// Entry is one field of a table.
type Entry struct {
	// Text is the label or number; a number's decimals are the same in the whole
	// column, so that flush right aligns them.
	Text string
	// Spread is the half-width of the number's interval, as in "±2.1", or empty.
	Spread string
	// Marked entries stand out; Table.MarkMeans says why.
	Marked bool
	// Notes are numbers of footnotes.
	Notes []int
}

// Note makes a footnote, or finds the one of the same text, and returns its
// number.
func (t *Table) Note(text string) int {
	if i := slices.Index(t.Footnotes, text); i >= 0 {
		return i + 1
	}
	t.Footnotes = append(t.Footnotes, text)
	return len(t.Footnotes)
}

// Undefined is the entry of a number that is missing for a reason.
func (t *Table) Undefined(reason string) Entry {
	return Entry{Text: "–", Notes: []int{t.Note(reason)}}
}

// mark marks the best of the entries: all that read the same as the one that is
// worth most. worth[i] is undefined where entry i does not compete; with fewer
// than two that do there is no best one.
func mark(entries []*Entry, worth []Value) {
	best, n := -1, 0
	for i, v := range worth {
		if !v.Defined() {
			continue
		}
		if n++; best < 0 || v.Number > worth[best].Number {
			best = i
		}
	}
	if n < 2 {
		return
	}
	for i, v := range worth {
		if v.Defined() && entries[i].Text == entries[best].Text {
			entries[i].Marked = true
		}
	}
}
