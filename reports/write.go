package reports

import (
	"fmt"
	"io"

	"secura/experiments/rundir"
)

// WriteAll makes results.json and report.md of a run again from its records.
// Each file is replaced as a whole or not at all. It returns the report, so that
// the records are read once.
func WriteAll(run rundir.Run) (*Report, error) {
	r, err := Load(run)
	if err != nil {
		return nil, err
	}
	results, err := Results(r)
	if err != nil {
		return nil, err
	}
	if err := rundir.WriteBytes(run.Results(), results); err != nil {
		return nil, fmt.Errorf("write results: %w", err)
	}
	if err := rundir.WriteFile(run.Report("md"), func(w io.Writer) error { return Markdown(w, r) }); err != nil {
		return nil, fmt.Errorf("write report: %w", err)
	}
	return r, nil
}
