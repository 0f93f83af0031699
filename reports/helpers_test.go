package reports

import (
	"testing"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/reports/report"
	"secura/reports/synthetic"
)

func load(t testing.TB, run rundir.Run) *report.Report {
	t.Helper()
	r, err := Load(run)
	synthetic.Must(t, err)
	return r
}

func cellOf(t testing.TB, r *report.Report, id string) report.Cell {
	t.Helper()
	for _, c := range r.Cells {
		if c.ID == id {
			return c
		}
	}
	t.Fatalf("no cell %s", id)
	return report.Cell{}
}

func predictionsOf(t testing.TB, run rundir.Run, cell string, boundary int) []record.Prediction {
	t.Helper()
	rows, err := record.ReadPredictions(run.Cell(cell).Predictions(boundary))
	synthetic.Must(t, err)
	return rows
}
