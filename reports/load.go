package reports

import (
	"errors"
	"fmt"

	"secura/experiments/rundir"
	"secura/reports/report"
	"secura/reports/table"
	"secura/reports/tables"
)

// Load reads what a run's files say, and makes the tables that its suite asks for.
func Load(run rundir.Run) (*report.Report, error) {
	r, err := report.Read(run)
	if err != nil {
		return nil, err
	}
	for _, part := range r.Each() {
		for _, name := range part.Suite.Tables {
			rep, err := tables.Named(part, name)
			if errors.Is(err, tables.ErrLacks) { // of a run whose cells have yet to measure it
				rep, err = []table.Table{{Title: "Table " + name, Remarks: []string{err.Error()}}}, nil
			}
			if err != nil {
				return nil, fmt.Errorf("load report: %w", err)
			}
			part.Asked = append(part.Asked, rep...)
		}
	}
	return r, nil
}
