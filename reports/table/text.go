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

// Text prints some tables as Text does.
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
	Wrap(out, "", t.Title, colour)
	for _, line := range t.Caption {
		Wrap(out, "", line, false)
	}
	if len(t.Rows) > 0 {
		layout := newLayout(t)
		for _, block := range layout.blocks() {
			out.WriteByte('\n')
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

// Wrap writes a paragraph of at most 100 columns; lines after the first
// are indented like the text after the lead.
func Wrap(out *bytes.Buffer, lead, text string, strong bool) {
	indent := strings.Repeat(" ", utf8.RuneCountInString(lead))
	line, width, first := lead, len(indent), true
	flush := func() {
		if strong {
			line = bold(line)
		}
		out.WriteString(line + "\n")
		line, width, first = indent, len(indent), true
	}
	for _, word := range strings.Fields(text) {
		for runes := []rune(word); len(runes) > 0; {
			space := 1
			if first {
				space = 0
			}
			switch room := textWidth - width - space; {
			case len(runes) <= room:
				line += strings.Repeat(" ", space) + string(runes)
				width += space + len(runes)
				runes, first = nil, false
			case first: // a word longer than a line is cut
				line += string(runes[:room])
				runes = runes[room:]
				flush()
			default:
				flush()
			}
		}
	}
	flush()
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
