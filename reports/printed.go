package reports

import (
	"bytes"
	"fmt"
	"io"

	"secura/reports/table"
)

// Text prints the summary and then every method's matrix, in at most 100 columns.
// With colour, marked entries and titles are also bold.
func Text(w io.Writer, r *Report, colour bool) error { return table.Text(w, Tables(r), colour) }

// Markdown writes the whole report: every table with its footnotes, and where
// the numbers come from.
func Markdown(w io.Writer, r *Report) error {
	var out bytes.Buffer
	fmt.Fprintf(&out, "# %s\n", table.EscapeMarkdown(r.Suite.Name))
	for _, t := range Tables(r) {
		if err := table.WriteMarkdown(&out, t); err != nil {
			return fmt.Errorf("write table %q in Markdown: %w", t.Title, err)
		}
	}
	writeProvenance(&out, r)
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write report in Markdown: %w", err)
	}
	return nil
}

// writeProvenance says what decided the numbers. Modules and whole hashes are
// in the manifest.
func writeProvenance(out *bytes.Buffer, r *Report) {
	m := r.Manifest
	out.WriteString("\n## Provenance\n\n")
	item := func(name, value string) {
		if value != "" {
			fmt.Fprintf(out, "- %s: %s\n", name, table.EscapeMarkdown(value))
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

// LaTeX writes all tables of a report as TablesLaTeX does.
func LaTeX(w io.Writer, r *Report, colour bool) error { return table.LaTeX(w, Tables(r), colour) }

// CSV writes all tables of a report as TablesCSV does.
func CSV(w io.Writer, r *Report, colour bool) error { return table.CSV(w, Tables(r), colour) }
