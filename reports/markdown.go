package reports

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

// Markdown writes the whole report: every table with its footnotes, and where
// the numbers come from.
func Markdown(w io.Writer, r *Report) error {
	var out bytes.Buffer
	fmt.Fprintf(&out, "# %s\n", escape(r.Suite.Name))
	for _, t := range Tables(r) {
		if err := writeMarkdown(&out, t); err != nil {
			return fmt.Errorf("write table %q in Markdown: %w", t.Title, err)
		}
	}
	writeProvenance(&out, r)
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write report in Markdown: %w", err)
	}
	return nil
}

// TablesMarkdown writes some tables as Markdown does.
func TablesMarkdown(w io.Writer, tables []Table) error {
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
	fmt.Fprintf(out, "\n## %s\n", escape(t.Title))
	for _, line := range t.Caption {
		fmt.Fprintf(out, "\n%s\n", escape(line))
	}
	if len(t.Rows) > 0 {
		heads := make([]string, len(t.Columns))
		aligns := make([]tw.Align, len(t.Columns))
		for i, c := range t.Columns {
			heads[i] = escape(joinHead(c.Head))
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
				texts[i] = escape(e.Text)
				switch {
				case e.Marked:
					texts[i] = "**" + texts[i] + "**"
				case e.Second:
					texts[i] = "<u>" + texts[i] + "</u>"
				}
				if e.Spread != "" {
					texts[i] += " " + escape(e.Spread)
				}
				texts[i] += notes(e.Notes)
			}
			if err := table.Append(texts); err != nil {
				return err
			}
		}
		if err := table.Render(); err != nil {
			return err
		}
	}
	marked, second := t.marked()
	if marked {
		fmt.Fprintf(out, "\n**Bold**: %s.\n", escape(t.MarkMeans))
	}
	if second {
		fmt.Fprintf(out, "\n<u>Underlined</u>: %s.\n", escape(t.SecondMeans))
	}
	for i, note := range t.Footnotes {
		fmt.Fprintf(out, "\n%s %s\n", superscript(i+1), escape(note))
	}
	for _, remark := range t.Remarks {
		fmt.Fprintf(out, "\n%s\n", escape(remark))
	}
	return nil
}

// joinHead puts a head's lines on one: a word that was divided is one again.
func joinHead(lines []string) string {
	head := strings.TrimSpace(strings.Join(lines, " "))
	return strings.ReplaceAll(head, "- ", "")
}

// writeProvenance says what decided the numbers. Modules and whole hashes are
// in the manifest.
func writeProvenance(out *bytes.Buffer, r *Report) {
	m := r.Manifest
	out.WriteString("\n## Provenance\n\n")
	item := func(name, value string) {
		if value != "" {
			fmt.Fprintf(out, "- %s: %s\n", name, escape(value))
		}
	}
	item("plan", m.Plan)
	item("code revision", m.Revision)
	item("Go", m.Modules["go"])
	item("GoMLX", m.Modules["github.com/gomlx/gomlx"])
	item("backend", m.Backend)
	item("plugin sha256", m.PluginSHA256)
	item("XLA flags", m.XLAFlags)
	item("processor", m.Processor)
	for _, f := range m.Files {
		item("file", fmt.Sprintf("%s, %d bytes, sha256 %s", f.Path, f.Bytes, f.SHA256))
	}
}

// escape keeps a text from being markup and from ending its field of a table.
// An underscore between letters, as in most names, is none.
func escape(text string) string {
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
