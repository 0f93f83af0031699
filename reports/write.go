package reports

import (
	"fmt"
	"io"

	"secura/experiments/rundir"
)

// WriteAll makes the files of a run's report again from its records: one of each
// of Formats that has a file. Each file is replaced as a whole or not at all. It
// returns the report, so that the records are read once.
func WriteAll(run rundir.Run) (*Report, error) {
	r, err := Load(run)
	if err != nil {
		return nil, err
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
	return r, nil
}
