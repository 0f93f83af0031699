package reports

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"secura/experiments/rundir"
	"secura/reports/figure"
	"secura/reports/page"
	"secura/reports/report"
	"secura/reports/table"
	"secura/reports/tables"
)

// WriteAll makes the files of a run's report again from its records: one of each of Formats that
// has a file, a page of each of several backbones, and each table and figure by itself. Each file
// is replaced as a whole or not at all. It returns the report, so that the records are read once;
// where these could be read, also beside an error. unwritten says which files could not be written,
// as on a full disk or in a folder of another user's; the report is complete all the same.
func WriteAll(run rundir.Run) (r *report.Report, unwritten, err error) { return WriteInto(run, run) }

// WriteInto is WriteAll with the files in another folder, where they can be compared with those of
// the run.
func WriteInto(to, run rundir.Run) (r *report.Report, unwritten, err error) {
	if r, err = Load(run); err != nil {
		return nil, nil, err
	}
	for _, part := range r.Each() {
		if r.Suite.Separate() || part.Trials != nil {
			continue
		}
		t, err := tables.ExamplesTable(part)
		if err != nil {
			return r, nil, fmt.Errorf("write report: %w", err)
		}
		if len(t.Rows) > 0 {
			part.Examples = []table.Table{t}
		}
	}
	var failed []error
	for _, part := range r.Backbones {
		failed = append(failed, rundir.WriteFile(filepath.Join(to.Path, filepath.Base(page.Path(part))), func(w io.Writer) error { return page.Write(w, part) }))
	}
	for _, f := range Formats {
		if f.File != nil {
			failed = append(failed, rundir.WriteFile(f.File(to), func(w io.Writer) error { return f.Write(w, r, false) }))
		}
	}
	failed = append(failed, writeTables(to, tables.Of(r)))
	figures, err := figure.Of(r)
	if err == nil {
		err = figure.Write(to, figures)
	}
	if err := errors.Join(append(failed, err)...); err != nil {
		return r, fmt.Errorf("the report was made, but not all of its files could be written: %w", err), nil
	}
	return r, nil, nil
}

// writeTables writes each table into files of its own, for papers and for other programs.
func writeTables(run rundir.Run, r []table.Table) error {
	taken := map[string]int{}
	var failed []error
	for _, t := range r {
		name := table.Slug(t.Title)
		if taken[name]++; taken[name] > 1 {
			name = fmt.Sprintf("%s-%d", name, taken[name])
		}
		for _, f := range Formats {
			if f.Extension == "" {
				continue
			}
			write := func(w io.Writer) error { return f.Tables(w, []table.Table{t}, false) }
			failed = append(failed, rundir.WriteFile(run.Table(name+"."+f.Extension), write))
		}
	}
	return errors.Join(failed...)
}
