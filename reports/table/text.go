package table

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// textWidth is the number of a terminal's columns that the text fits in.
const textWidth = 100

// Print prints a table as text without colours.
func (t Table) Print(w io.Writer) error { return Text(w, []Table{t}, false) }

// Text prints some tables for a terminal of 100 columns.
func Text(w io.Writer, tables []Table, colour bool) error {
	var out bytes.Buffer
	for i, t := range tables {
		if i > 0 {
			out.WriteByte('\n')
		}
		if err := writeText(&out, t, colour); err != nil {
			return fmt.Errorf("print table %q: %w", t.Title, err)
		}
	}
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("print report: %w", err)
	}
	return nil
}

func writeText(out *bytes.Buffer, t Table, colour bool) error {
	if t.Title != "" {
		Wrap(out, "", t.Title, colour)
	}
	for _, line := range t.Caption {
		Wrap(out, "", line, false)
	}
	if len(t.Rows) > 0 {
		layout := newLayout(t)
		for i, block := range layout.blocks() {
			if i > 0 || t.Title != "" || len(t.Caption) > 0 {
				out.WriteByte('\n')
			}
			if err := layout.write(out, block, colour); err != nil {
				return err
			}
		}
		for _, s := range layout.shortened {
			Wrap(out, "", s, false)
		}
		marked, second := t.Marks()
		if marked {
			Wrap(out, bestSign+" ", t.MarkMeans, false)
		}
		if second {
			Wrap(out, secondSign+" ", t.SecondMeans, false)
		}
	}
	for i, note := range t.Footnotes {
		Wrap(out, superscript(i+1)+" ", note, false)
	}
	for _, remark := range t.Remarks {
		Wrap(out, "- ", remark, false)
	}
	return nil
}

// Wrap writes a paragraph of at most 100 columns; lines after the first are indented like the text
// after the lead.
func Wrap(out *bytes.Buffer, lead, text string, strong bool) {
	indent := utf8.RuneCountInString(lead)
	for _, line := range lines(text, textWidth-indent) {
		if line = lead + line; strong {
			line = bold(line)
		}
		out.WriteString(line + "\n")
		lead = strings.Repeat(" ", indent)
	}
}

// lines breaks a text between words into lines of at most so many runes, and where a word is
// longer, within it. There is one line at least.
func lines(text string, room int) (list []string) {
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > room {
			list, line = append(list, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
		for runes := []rune(line); len(runes) > room; runes = []rune(line) {
			list, line = append(list, string(runes[:room])), string(runes[room:])
		}
	}
	return append(list, line)
}

// paragraphs breaks each line of a text into lines of at most so many runes.
func paragraphs(text string, room int) string {
	var list []string
	for line := range strings.SplitSeq(text, "\n") {
		list = append(list, lines(line, room)...)
	}
	return strings.Join(list, "\n")
}

func underlined(s string) string { return "\x1b[4m" + s + "\x1b[0m" }

func bold(s string) string { return "\x1b[1m" + s + "\x1b[0m" }

// widest is the width of the widest line, in runes.
func widest(text string) int {
	w := 0
	for line := range strings.SplitSeq(text, "\n") {
		w = max(w, utf8.RuneCountInString(line))
	}
	return w
}

// notes are the numbers of footnotes in superscript.
func notes(numbers []int) string {
	var s strings.Builder
	for i, n := range numbers {
		if i > 0 {
			s.WriteString("˒")
		}
		s.WriteString(superscript(n))
	}
	return s.String()
}

func superscript(n int) string {
	return strings.NewReplacer("0", "⁰", "1", "¹", "2", "²", "3", "³", "4", "⁴", "5", "⁵", "6", "⁶", "7", "⁷", "8", "⁸", "9", "⁹").
		Replace(fmt.Sprint(n))
}
