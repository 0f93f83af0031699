package reports

import (
	"fmt"
	"io"

	"secura/experiments/rundir"
	"secura/reports/table"
)

// WriteAll makes the files of a run's report again from its records: one of each
// of Formats that has a file, a page of each of several backbones, and each table and figure by itself. Each file is replaced as a whole or not at all. It
// returns the report, so that the records are read once.
func WriteAll(run rundir.Run) (*Report, error) {
	r, err := Load(run)
	if err != nil {
		return nil, err
	}
	for _, part := range r.Each() {
		if r.Suite.Separate() || part.Trials != nil {
			continue
		}
		t, err := ExamplesTable(run, part)
		if err != nil {
			return nil, fmt.Errorf("write report: %w", err)
		}
		if len(t.Rows) > 0 {
			part.Examples = []table.Table{t}
		}
	}
	for _, part := range r.Backbones {
		if err := rundir.WriteFile(part.page(), func(w io.Writer) error { return HTML(w, part) }); err != nil {
			return nil, fmt.Errorf("write report: %w", err)
		}
	}
	for _, f := range Formats {
		if f.File == nil {
			continue
		}
		write := func(w io.Writer) error { return f.Report(w, r, false) }
		if err := rundir.WriteFile(f.File(run), write); err != nil {
			return nil, fmt.Errorf("write report: %w", err)
		}
	}
	if err := writeTables(run, Tables(r)); err != nil {
		return nil, fmt.Errorf("write tables: %w", err)
	}
	figures, err := Figures(r)
	if err != nil {
		return nil, err
	}
	if err := writeFigures(run, figures); err != nil {
		return nil, fmt.Errorf("write figures: %w", err)
	}
	return r, nil
}

// writeTables writes each table into files of its own, for papers and for other
// programs.
func writeTables(run rundir.Run, tables []table.Table) error {
	taken := map[string]int{}
	for _, t := range tables {
		name := table.Slug(t.Title)
		if taken[name]++; taken[name] > 1 {
			name = fmt.Sprintf("%s-%d", name, taken[name])
		}
		one := []table.Table{t}
		for _, form := range []struct {
			extension string
			write     func(io.Writer, []table.Table, bool) error
		}{{".tex", table.LaTeX}, {".csv", table.CSV}} {
			write := func(w io.Writer) error { return form.write(w, one, false) }
			if err := rundir.WriteFile(run.Table(name+form.extension), write); err != nil {
				return err
			}
		}
	}
	return nil
}
