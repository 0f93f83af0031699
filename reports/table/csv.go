package table

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// CSV writes tables as comma-separated values, with twelve digits where the tables round. Several
// tables are told apart by a line "# TITLE" before each and an empty one between them. Beside a
// column of means stands one of the half-widths of their intervals, and the last column, in a table
// that has any footnotes, says what the fields of a row refer to. An interval that is not
// symmetrical has two columns, of its ends. A number that is undefined is an empty field. Captions
// and remarks, which are no row's, are left out.
func CSV(w io.Writer, tables []Table, _ bool) error {
	var out bytes.Buffer
	for i, t := range tables {
		if len(tables) > 1 {
			if i > 0 {
				out.WriteByte('\n')
			}
			fmt.Fprintf(&out, "# %s\n", t.Title)
		}
		if err := writeCSV(&out, t); err != nil {
			return fmt.Errorf("write table %q as CSV: %w", t.Title, err)
		}
	}
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write tables as CSV: %w", err)
	}
	return nil
}

func writeCSV(out *bytes.Buffer, t Table) error {
	if len(t.Rows) == 0 {
		return nil
	}
	spread := make([][]string, len(t.Columns)) // what the heads beside a column's own end in
	for column := range t.Columns {
		for _, row := range t.Rows {
			switch e := row[column]; {
			case e.HalfWidth != nil:
				spread[column] = []string{" ±"}
			case e.Ends != nil:
				spread[column] = []string{" low", " high"}
			}
		}
	}
	heads := t.flatHeads()
	var head []string
	for column := range t.Columns {
		head = append(head, heads[column])
		for _, end := range spread[column] {
			head = append(head, heads[column]+end)
		}
	}
	noted := len(t.Footnotes) > 0 || slices.ContainsFunc(t.Rows, func(row []Entry) bool { return row[0].Below != "" })
	if noted {
		head = append(head, "notes")
	}
	writer := csv.NewWriter(out)
	writer.Write(head)
	for _, row := range t.Rows {
		var fields, notes []string
		if below := row[0].Below; below != "" {
			notes = append(notes, below)
		}
		for column, e := range row {
			fields = append(fields, exact(e))
			widths := e.Ends
			if e.HalfWidth != nil {
				widths = []float64{*e.HalfWidth}
			}
			for i := range spread[column] {
				field := ""
				if i < len(widths) {
					field = digits(widths[i])
				}
				fields = append(fields, field)
			}
			for _, n := range e.Notes {
				notes = append(notes, heads[column]+": "+t.Footnotes[n-1])
			}
		}
		if noted {
			fields = append(fields, strings.Join(notes, "; "))
		}
		writer.Write(fields)
	}
	writer.Flush()
	return writer.Error()
}

// exact is an entry's number as digits has it, or its text; what only stands for a missing number
// is left out.
func exact(e Entry) string {
	switch {
	case e.Number != nil:
		return digits(*e.Number)
	case e.Text == "–" || e.Text == "·":
		return ""
	case e.Spread != "":
		return e.Text + " " + e.Spread
	}
	return e.Text
}

// flatHeads are the heads of all columns on one line each. A head that stands alone under none, as
// the p beside a mean does, is told apart by the last whole one before it.
func (t *Table) flatHeads() []string {
	heads := make([]string, len(t.Columns))
	count := map[string]int{}
	for i, c := range t.Columns {
		heads[i] = JoinHead(c.Head)
		count[heads[i]]++
	}
	whole := ""
	for i, head := range heads {
		if count[head] > 1 && whole != "" {
			heads[i] = whole + " " + head
		} else {
			whole = head
		}
	}
	return heads
}

// digits leaves out those that are rounding errors of binary fractions.
func digits(x float64) string {
	if math.Abs(x) < 1e-12 {
		x = 0
	}
	return strconv.FormatFloat(x, 'g', 12, 64)
}
