package table

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// Markdown writes some tables as Markdown does.
func Markdown(w io.Writer, tables []Table) error {
	var out bytes.Buffer
	for _, t := range tables {
		if err := writeMarkdown(&out, t); err != nil {
			return fmt.Errorf("write table %q in Markdown: %w", t.Title, err)
		}
	}
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write tables in Markdown: %w", err)
	}
	return nil
}

func writeMarkdown(out *bytes.Buffer, t Table) error {
	fmt.Fprintf(out, "\n## %s\n", EscapeMarkdown(t.Title))
	for _, line := range t.Caption {
		fmt.Fprintf(out, "\n%s\n", EscapeMarkdown(line))
	}
	if len(t.Rows) > 0 {
		heads := make([]string, len(t.Columns))
		aligns := make([]tw.Align, len(t.Columns))
		for i, c := range t.Columns {
			heads[i] = EscapeMarkdown(JoinHead(c.Head))
			if aligns[i] = tw.AlignRight; i == 0 || slices.Contains(t.TextColumns, i) {
				aligns[i] = tw.AlignLeft
			}
		}
		out.WriteByte('\n')
		table := tablewriter.NewTable(out,
			tablewriter.WithRenderer(renderer.NewMarkdown()),
			tablewriter.WithHeaderAutoFormat(tw.Off),
			tablewriter.WithHeaderAutoWrap(tw.WrapNone),
			tablewriter.WithRowAutoWrap(tw.WrapNone),
			tablewriter.WithEastAsian(tw.Off),
			tablewriter.WithHeaderAlignmentConfig(tw.CellAlignment{PerColumn: aligns}),
			tablewriter.WithRowAlignmentConfig(tw.CellAlignment{PerColumn: aligns}),
		)
		table.Header(heads)
		for _, row := range t.Rows {
			texts := make([]string, len(row))
			for i, e := range row {
				texts[i] = EscapeMarkdown(e.Text)
				switch {
				case e.Marked:
					texts[i] = "**" + texts[i] + "**"
				case e.Second:
					texts[i] = "<u>" + texts[i] + "</u>"
				}
				if e.Spread != "" {
					texts[i] += " " + EscapeMarkdown(e.Spread)
				}
				texts[i] += notes(e.Notes)
				if e.Below != "" {
					texts[i] += " (" + EscapeMarkdown(e.Below) + ")"
				}
			}
			if err := table.Append(texts); err != nil {
				return err
			}
		}
		if err := table.Render(); err != nil {
			return err
		}
	}
	marked, second := t.Marks()
	if marked {
		fmt.Fprintf(out, "\n**Bold**: %s.\n", EscapeMarkdown(t.MarkMeans))
	}
	if second {
		fmt.Fprintf(out, "\n<u>Underlined</u>: %s.\n", EscapeMarkdown(t.SecondMeans))
	}
	for i, note := range t.Footnotes {
		fmt.Fprintf(out, "\n%s %s\n", superscript(i+1), EscapeMarkdown(note))
	}
	for _, remark := range t.Remarks {
		fmt.Fprintf(out, "\n%s\n", EscapeMarkdown(remark))
	}
	return nil
}

// JoinHead puts a head's lines on one: a word that was divided is one again.
func JoinHead(lines []string) string {
	head := strings.TrimSpace(strings.Join(lines, " "))
	return strings.ReplaceAll(head, "- ", "")
}

// EscapeMarkdown keeps a text from being markup and from ending its field of a table. An underscore
// between letters, as in most names, is none.
func EscapeMarkdown(text string) string {
	var s strings.Builder
	runes := []rune(strings.Join(strings.Fields(text), " "))
	inside := func(i int) bool { return i >= 0 && i < len(runes) && (isWord(runes[i]) || runes[i] == '_') }
	for i, c := range runes {
		switch {
		case strings.ContainsRune("\\|*`<~", c), c == '_' && !(inside(i-1) && inside(i+1)):
			s.WriteByte('\\')
		case c == '(' && i > 0 && runes[i-1] == ']', c == '#' && i == 0, c == '-' && i == 0 && len(runes) > 1 && runes[1] == ' ':
			s.WriteByte('\\')
		}
		s.WriteRune(c)
	}
	return s.String()
}

func isWord(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
