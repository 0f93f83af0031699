package table

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Table is a table of texts with footnotes, ready for any renderer: which number stands where, how
// it is rounded and what a reader must be told are decided; widths, markup and escapes are not.
type Table struct {
	Title string
	// Caption are sentences above the table.
	Caption []string
	// Source says which run the numbers are of: suite, backbone, seeds and plan. Renderers whose
	// tables are taken out of their report print it.
	Source string
	// Suite is the name of that run's suite; empty in a table of several runs.
	Suite   string
	Columns []Column
	Rows    [][]Entry
	// MarkMeans says what a marked entry is, as in "best of its column"; empty if there is none.
	MarkMeans string
	// SecondMeans says what a second entry is; empty if there is none.
	SecondMeans string
	// Footnotes are what the entries' notes refer to, numbered from 1.
	Footnotes []string
	// TextColumns are columns after the first that hold text, flush left, the Spread below it being
	// more of it.
	TextColumns []int
	// Prose is one of TextColumns whose texts are of any length, "\n" before a new line: printed as
	// text it takes what the other columns leave, in as many lines as it needs. 0 is none.
	Prose int
	// Remarks concern the whole table.
	Remarks []string
	// Numbered says that the first column tells its rows apart in its first letters, so that it may
	// be shortened without telling the rest.
	Numbered bool
}

// Column is the head of a column. All but the first column and Table.TextColumns hold numbers.
type Column struct {
	// Head is one or two lines. Where no column has any, a text has no line of heads.
	Head []string
}

// Entry is one field of a table.
type Entry struct {
	// Text is the label or number; a number's decimals are the same in the whole column, so that
	// flush right aligns them.
	Text string
	// Number is what Text rounds, in the unit of Text; nil for a text, and for a number that is
	// missing.
	Number *float64
	// Spread is the half-width of the number's interval, as in "±2.1", or its ends, as in
	// "[1.0, 2.1]", or empty.
	Spread string
	// HalfWidth is the half-width that Spread rounds, and Ends are the ends; each is nil without.
	HalfWidth *float64
	Ends      []float64
	// Below is said of a row beside its label, as in "did not learn"; only the first entry of a row
	// has it. It is no part of the label, so that a row is still found by it.
	Below string
	// Marked entries stand out; Table.MarkMeans says why.
	Marked bool
	// Second entries come after a marked one, or the first without one; Table.SecondMeans says why
	// they are told.
	Second bool
	// Notes are numbers of footnotes.
	Notes []int
}

// NotThere is the text of an entry of a run that does not have the row.
const NotThere = "·"

// New makes a table of plain texts, which AddRow fills: a head for each column, with "\n" between
// its lines.
func New(heads ...string) Table {
	var t Table
	for _, head := range heads {
		t.Columns = append(t.Columns, Column{strings.Split(head, "\n")})
	}
	return t
}

// AddRow adds a row of plain texts; columns after them stay empty.
func (t *Table) AddRow(texts ...string) {
	row := make([]Entry, len(t.Columns))
	for i, text := range texts {
		row[i].Text = text
	}
	t.Rows = append(t.Rows, row)
}

// Numeric is the entry of a number in the unit in which it is shown.
func Numeric(text string, x float64) Entry { return Entry{Text: text, Number: &x} }

// Score is the entry of a number in [0, 1], or of a difference of two of them, in points of 100.
func Score(x float64) Entry { return Numeric(Points(x), 100*x) }

// Nats is the entry of a number in nats per token.
func Nats(x float64) Entry { return Numeric(strconv.FormatFloat(x, 'f', 4, 64), x) }

// Between is the entry of a Score with the ends of its interval.
func Between(x, low, high float64) Entry {
	e := Score(x)
	e.Spread, e.Ends = fmt.Sprintf("[%s, %s]", Points(low), Points(high)), []float64{100 * low, 100 * high}
	return e
}

// Probability is a p with three decimals, with four where three would show the level 0.05 of one
// that lies below it.
func Probability(p float64) Entry {
	text := strconv.FormatFloat(p, 'f', 3, 64)
	if p < 0.05 && text == "0.050" {
		text = strconv.FormatFloat(p, 'f', 4, 64)
	}
	return Numeric(text, p)
}

// Points prints a score in points of 100 with one decimal.
func Points(score float64) string {
	s := strconv.FormatFloat(100*score, 'f', 1, 64)
	if s == "-0.0" {
		return "0.0"
	}
	return s
}

// Counted is a number of things in words, as in "1 seed" and "2 seeds".
func Counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// Count is the entry of a number of things.
func Count(n int) Entry { return Numeric(strconv.Itoa(n), float64(n)) }

// Note makes a footnote, or finds the one of the same text, and returns its number.
func (t *Table) Note(text string) int {
	if i := slices.Index(t.Footnotes, text); i >= 0 {
		return i + 1
	}
	t.Footnotes = append(t.Footnotes, text)
	return len(t.Footnotes)
}

// OrderNotes numbers the footnotes in the order in which a reader of the rows meets them. Those of
// a table that was made column by column have another order.
func (t *Table) OrderNotes() {
	var order []string
	for _, row := range t.Rows {
		for i := range row {
			for k, n := range row[i].Notes {
				text := t.Footnotes[n-1]
				if !slices.Contains(order, text) {
					order = append(order, text)
				}
				row[i].Notes[k] = slices.Index(order, text) + 1
			}
		}
	}
	t.Footnotes = order
}

// Undefined is the entry of a number that is missing for a reason.
func (t *Table) Undefined(reason string) Entry {
	return Entry{Text: "–", Notes: []int{t.Note(reason)}}
}

// Marks says whether any entry is a marked one, and whether any is a second one.
func (t *Table) Marks() (marked, second bool) {
	for _, row := range t.Rows {
		for _, e := range row {
			marked, second = marked || e.Marked, second || e.Second
		}
	}
	return marked, second
}

// decimals are how many characters a column's numbers have after their units, the point included:
// at most, and for each row. A text has none.
func (t *Table) decimals(column int) (most int, each []int) {
	each = make([]int, len(t.Rows))
	for i, row := range t.Rows {
		if e := row[column]; e.Number != nil {
			if point := strings.IndexByte(e.Text, '.'); point >= 0 {
				each[i] = len(e.Text) - point
			}
			most = max(most, each[i])
		}
	}
	return most, each
}
