package reports

import (
	"fmt"
	"io"

	"secura/experiments/rundir"
	"secura/reports/figure"
	"secura/reports/page"
	"secura/reports/report"
	"secura/reports/table"
	"secura/reports/tables"
)

// WriteAll makes the files of a run's report again from its records: one of each
// of Formats that has a file, a page of each of several backbones, and each table and figure by itself. Each file is replaced as a whole or not at all. It
// returns the report, so that the records are read once.
func WriteAll(run rundir.Run) (*report.Report, error) {
	r, err := Load(run)
	if err != nil {
		return nil, err
	}
	for _, part := range r.Each() {
		if r.Suite.Separate() || part.Trials != nil {
			continue
		}
		t, err := tables.ExamplesTable(run, part)
		if err != nil {
			return nil, fmt.Errorf("write report: %w", err)
		}
		if len(t.Rows) > 0 {
			part.Examples = []table.Table{t}
		}
	}
	for _, part := range r.Backbones {
		if err := rundir.WriteFile(page.Path(part), func(w io.Writer) error { return page.Write(w, part) }); err != nil {
			return nil, fmt.Errorf("write report: %w", err)
		}
	}
	for _, f := range Formats {
		if f.File == nil {
			continue
		}
		write := func(w io.Writer) error { return f.Write(w, r, false) }
		if err := rundir.WriteFile(f.File(run), write); err != nil {
			return nil, fmt.Errorf("write report: %w", err)
		}
	}
	if err := writeTables(run, tables.Of(r)); err != nil {
		return nil, fmt.Errorf("write tables: %w", err)
	}
	figures, err := figure.Of(r)
	if err != nil {
		return nil, err
	}
	if err := figure.Write(run, figures); err != nil {
		return nil, fmt.Errorf("write figures: %w", err)
	}
	return r, nil
}

// writeTables writes each table into files of its own, for papers and for other
// programs.
func writeTables(run rundir.Run, r []table.Table) error {
	taken := map[string]int{}
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
			if err := rundir.WriteFile(run.Table(name+"."+f.Extension), write); err != nil {
				return err
			}
		}
	}
	return nil
}
