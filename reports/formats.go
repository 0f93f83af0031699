package reports

import (
	"io"
	"slices"

	"secura/experiments/rundir"
	"secura/reports/page"
	"secura/reports/report"
	"secura/reports/table"
	"secura/reports/tables"
)

// Format is a form in which a report can be had. A new one is a value in Formats: the command line
// and the run's folder follow from there.
type Format struct {
	// Name is what -format calls it.
	Name string
	// File is where WriteAll keeps the whole report in the run's folder; nil for a form that is
	// printed only.
	File func(run rundir.Run) string
	// Opened says that the file is for another program to open: the command line tells where it
	// lies instead of printing it.
	Opened bool
	// Tables writes some tables by themselves; nil where the form has no tables. Colour says that
	// the writer is a terminal which shows bold text; other forms than text have no use for it.
	Tables func(w io.Writer, tables []table.Table, colour bool) error
	// Extension is that of the file of each table in the run's folder tables, such as csv; empty
	// for a form that is not kept there.
	Extension string
	// Report writes the whole report; nil for a form in which that is its tables.
	Report func(w io.Writer, r *report.Report) error
	// SideBySide writes several runs, or backbones, side by side; nil for a form in which that is a
	// table.
	SideBySide func(w io.Writer, runs []*report.Report) error
}

// OfSeveral says whether the form is one of several runs side by side too.
func (f Format) OfSeveral() bool { return f.SideBySide != nil || f.Tables != nil }

// WriteSideBySide writes several runs, or backbones, side by side in a form that has that.
func (f Format) WriteSideBySide(w io.Writer, runs []*report.Report, colour bool) error {
	if f.SideBySide == nil {
		return f.Tables(w, []table.Table{tables.Runs(runs)}, colour)
	}
	return f.SideBySide(w, runs)
}

// Write writes the whole report in the form.
func (f Format) Write(w io.Writer, r *report.Report, colour bool) error {
	if f.Report == nil {
		return f.Tables(w, tables.Of(r), colour)
	}
	return f.Report(w, r)
}

// Formats lists the forms of a report in the order in which they are told.
var Formats = []Format{
	{Name: "text", Tables: table.Text},
	{
		Name:   "markdown",
		File:   func(run rundir.Run) string { return run.Report("md") },
		Report: Markdown,
		Tables: func(w io.Writer, tables []table.Table, _ bool) error { return table.Markdown(w, tables) },
	},
	{Name: "latex", Tables: table.LaTeX, Extension: "tex"},
	{Name: "csv", Tables: table.CSV, Extension: "csv"},
	{
		Name: "json",
		File: rundir.Run.Results,
		Report: func(w io.Writer, r *report.Report) error {
			data, err := report.Results(r)
			if err != nil {
				return err
			}
			_, err = w.Write(data)
			return err
		},
	},
	{
		Name:   "html",
		Opened: true,
		File:   func(run rundir.Run) string { return run.Report("html") },
		Report: page.Write, SideBySide: page.WriteSideBySide,
	},
}

// FormatNames are the names of Formats.
func FormatNames() []string {
	names := make([]string, len(Formats))
	for i, f := range Formats {
		names[i] = f.Name
	}
	return names
}

// FindFormat finds a format by its name.
func FindFormat(name string) (Format, bool) {
	i := slices.IndexFunc(Formats, func(f Format) bool { return f.Name == name })
	if i < 0 {
		return Format{}, false
	}
	return Formats[i], true
}
