package reports

import (
	"bytes"
	"fmt"
	"io"

	"secura/reports/report"
	"secura/reports/table"
	"secura/reports/tables"
)

// Text prints the summary and then every method's matrix, in at most 100 columns. With colour,
// marked entries and titles are also bold.
func Text(w io.Writer, r *report.Report, colour bool) error {
	return table.Text(w, tables.Of(r), colour)
}

// Markdown writes the whole report: every table with its footnotes, and where the numbers come
// from.
func Markdown(w io.Writer, r *report.Report) error {
	var out bytes.Buffer
	fmt.Fprintf(&out, "# %s\n", table.EscapeMarkdown(r.Suite.Name))
	if err := table.Markdown(&out, tables.Of(r)); err != nil {
		return err
	}
	report.WriteProvenance(&out, r)
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write report in Markdown: %w", err)
	}
	return nil
}
