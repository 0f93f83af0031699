package table

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

const (
	fairLabel   = 24 // a first column keeps this much before the gaps are narrowed
	leastLabel  = 12 // and this much before the table is split into blocks of columns
	splitLabel  = 50 // the most it may have in a table that is split
	longestHead = 40 // of any other column, so that one always fits

	bestSign, secondSign = "*", "†" // after a marked entry and after a second one
)

// layout is a table whose entries are texts of known widths.
type layout struct {
	heads     []string
	rows      [][]string
	bold      [][]bool
	second    [][]bool
	widths    []int
	gap       int      // blanks between two columns
	texts     []int    // columns that are flush left
	shortened []string // "cut = whole" of each label and head that was cut
}

func newLayout(t Table) *layout {
	l := &layout{heads: make([]string, len(t.Columns)), widths: make([]int, len(t.Columns)), texts: append([]int{0}, t.TextColumns...)}
	for _, row := range t.Rows {
		l.rows = append(l.rows, make([]string, len(row)))
		l.bold, l.second = append(l.bold, make([]bool, len(row))), append(l.second, make([]bool, len(row)))
	}
	room := textWidth
	for column := range t.Columns {
		if column == 0 || column != t.Prose {
			l.column(t, column, longestHead)
			room -= l.widths[column] + 2
		}
	}
	if t.Prose > 0 {
		l.column(t, t.Prose, max(room, fairLabel))
	}
	l.shorten(t)
	return l
}

// column makes the entries of a column; a text has room for so many runes, or for so many in each
// of its lines.
func (l *layout) column(t Table, column, room int) {
	// A column with a marked entry has room for the mark in all of them, so that the decimals stay
	// in line.
	blank := ""
	for _, row := range t.Rows {
		if row[column].Marked || row[column].Second {
			blank = " "
		}
	}
	l.heads[column] = l.head(t, column, blank)
	l.widths[column] = widest(l.heads[column])
	decimals, each := t.decimals(column)
	for i, row := range t.Rows {
		e := row[column]
		switch {
		case column > 0 && column == t.Prose:
			e.Text = paragraphs(e.Text, room)
		case slices.Contains(t.TextColumns, column):
			e.Text, e.Spread = l.cut(e.Text, room, false), l.cut(e.Spread, room, false)
		}
		text := e.Text + notes(e.Notes)
		if e.Number != nil {
			text += strings.Repeat(" ", decimals-each[i])
		}
		l.bold[i][column], l.second[i][column] = e.Marked, e.Second
		switch {
		case e.Marked:
			text += bestSign
		case e.Second:
			text += secondSign
		case column > 0:
			text += blank
		}
		if e.Spread != "" {
			text += "\n" + e.Spread + blank
		}
		l.rows[i][column] = text + below(e)
		l.widths[column] = max(l.widths[column], widest(l.rows[i][column]))
	}
}

// below is what is said of a row in a line of its own under its label.
func below(e Entry) string {
	if e.Below == "" {
		return ""
	}
	return "\n  " + e.Below
}

// head is a column's head, as tall as the tallest one; blank is what its marks take.
func (l *layout) head(t Table, column int, blank string) string {
	tall := 1
	for _, c := range t.Columns {
		tall = max(tall, len(c.Head))
	}
	texts := make([]string, tall)
	for k, line := range t.Columns[column].Head {
		texts[tall-len(t.Columns[column].Head)+k] = l.cut(line, longestHead, false)
	}
	if column == 0 {
		blank = ""
	}
	return strings.Join(texts, blank+"\n") + blank
}

// shorten settles the gap between columns, and cuts the labels of the first column where the table
// would not fit.
func (l *layout) shorten(t Table) {
	rest := func(gap int) int {
		sum := 0
		for _, w := range l.widths[1:] {
			sum += w + gap
		}
		return sum
	}
	if l.gap = 2; rest(2)+min(l.widths[0], fairLabel) > textWidth {
		l.gap = 1
	}
	room := textWidth - rest(l.gap)
	if room < min(l.widths[0], leastLabel) {
		room = splitLabel
	}
	if l.widths[0] <= room {
		return
	}
	l.widths[0] = widest(l.heads[0])
	for i, row := range t.Rows {
		mark := notes(row[0].Notes)
		l.rows[i][0] = l.cut(row[0].Text, room-utf8.RuneCountInString(mark), t.Numbered) + mark + below(row[0])
		l.widths[0] = max(l.widths[0], widest(l.rows[i][0]))
	}
}

// cut shortens a label and keeps what it was.
func (l *layout) cut(label string, room int, numbered bool) string {
	short := Shorten(label, room, numbered)
	if whole := short + " = " + label; short != label && !numbered && !slices.Contains(l.shortened, whole) {
		l.shortened = append(l.shortened, whole)
	}
	return short
}

// Shorten cuts a label to so many runes: its end where its first letters tell it apart, else its
// middle, for names often differ in their ends.
func Shorten(label string, room int, numbered bool) string {
	runes := []rune(label)
	if len(runes) <= room {
		return label
	}
	room = max(room, 3)
	tail := 0
	if !numbered {
		tail = (room - 1) / 2
	}
	return string(runes[:room-1-tail]) + "…" + string(runes[len(runes)-tail:])
}

// blocks are the columns to be shown beside each other: all, or as many as fit, each block
// beginning with the first column.
func (l *layout) blocks() [][]int {
	var blocks [][]int
	block, width := []int{0}, l.widths[0]
	for column := 1; column < len(l.widths); column++ {
		if width += l.gap + l.widths[column]; width > textWidth && len(block) > 1 {
			blocks = append(blocks, block)
			block, width = []int{0}, l.widths[0]+l.gap+l.widths[column]
		}
		block = append(block, column)
	}
	return append(blocks, block)
}

func (l *layout) write(out *bytes.Buffer, block []int, colour bool) error {
	var raw bytes.Buffer
	aligns := make([]tw.Align, len(block))
	heads := make([]string, len(block))
	for i, column := range block {
		heads[i] = l.heads[column]
		if aligns[i] = tw.AlignRight; slices.Contains(l.texts, column) {
			aligns[i] = tw.AlignLeft
		}
	}
	table := tablewriter.NewTable(&raw,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders: tw.BorderNone,
			Symbols: tw.NewSymbols(tw.StyleLight),
			Settings: tw.Settings{
				Separators: tw.Separators{BetweenColumns: tw.Off, BetweenRows: tw.Off},
				Lines:      tw.Lines{ShowHeaderLine: tw.On, ShowTop: tw.Off, ShowBottom: tw.Off},
			},
		})),
		tablewriter.WithHeaderAutoFormat(tw.Off), // else heads are put into capitals
		tablewriter.WithTrimSpace(tw.Off),
		tablewriter.WithTrimLine(tw.Off),
		tablewriter.WithHeaderAutoWrap(tw.WrapNone),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithEastAsian(tw.Off), // else "–" and "±" are as wide as the locale has them
		tablewriter.WithPadding(tw.Padding{Right: strings.Repeat(" ", l.gap), Overwrite: true}),
		tablewriter.WithHeaderAlignmentConfig(tw.CellAlignment{PerColumn: aligns}),
		tablewriter.WithRowAlignmentConfig(tw.CellAlignment{PerColumn: aligns}),
	)
	if slices.ContainsFunc(heads, func(head string) bool { return head != "" }) {
		table.Header(heads)
	}
	for i, row := range l.rows {
		texts := make([]string, len(block))
		for k, column := range block {
			texts[k] = row[column]
			if !colour || !l.bold[i][column] && !l.second[i][column] {
				continue
			}
			number, spread, stacked := strings.Cut(texts[k], "\n")
			if texts[k] = underlined(number); l.bold[i][column] {
				texts[k] = bold(number)
			}
			if stacked {
				texts[k] += "\n" + spread
			}
		}
		if err := table.Append(texts); err != nil {
			return err
		}
	}
	if err := table.Render(); err != nil {
		return err
	}
	// The last column's gap is blank, the rule's is not.
	for line := range strings.Lines(raw.String()) {
		line = strings.TrimRight(line, " \n")
		if strings.HasPrefix(line, "─") {
			line = strings.Repeat("─", utf8.RuneCountInString(line)-l.gap)
		}
		out.WriteString(line + "\n")
	}
	return nil
}
