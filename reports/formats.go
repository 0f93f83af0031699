package reports

import (
	"io"
	"slices"

	"secura/experiments/rundir"
	"secura/reports/table"
)

// Format is a form in which a report can be had. A new one is a value in
// Formats: the command line and the run's folder follow from there.
type Format struct {
	// Name is what -format calls it.
	Name string
	// File is where WriteAll keeps the whole report in the run's folder; nil for
	// a form that is printed only.
	File func(run rundir.Run) string
	// Opened says that the file is for another program to open: the command line
	// tells where it lies instead of printing it.
	Opened bool
	// Report writes the whole report. Colour says that the writer is a terminal
	// which shows bold text; other forms than text have no use for it.
	Report func(w io.Writer, r *Report, colour bool) error
	// Tables writes some tables by themselves; nil where the form has no tables.
	Tables func(w io.Writer, tables []table.Table, colour bool) error
}

// Formats lists the forms of a report in the order in which they are told.
var Formats = []Format{
	{
		Name:   "text",
		Report: Text,
		Tables: table.Text,
	},
	{
		Name:   "markdown",
		File:   func(run rundir.Run) string { return run.Report("md") },
		Report: func(w io.Writer, r *Report, _ bool) error { return Markdown(w, r) },
		Tables: func(w io.Writer, tables []table.Table, _ bool) error { return table.Markdown(w, tables) },
	},
	{Name: "latex", Report: LaTeX, Tables: table.LaTeX},
	{Name: "csv", Report: CSV, Tables: table.CSV},
	{
		Name: "json",
		File: rundir.Run.Results,
		Report: func(w io.Writer, r *Report, _ bool) error {
			data, err := Results(r)
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
		Report: func(w io.Writer, r *Report, _ bool) error { return HTML(w, r) },
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
