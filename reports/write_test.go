package reports

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"secura/experiments/rundir"
	"secura/reports/report"
	"secura/reports/synthetic"
	"secura/reports/tables"
)

// writeAll is WriteAll where every file can be written.
func writeAll(run rundir.Run) (*report.Report, error) {
	r, unwritten, err := WriteAll(run)
	return r, errors.Join(unwritten, err)
}

// TestAReportThatCannotBeWrittenIsMade puts a file in the place of each of a run's folders for
// tables and figures, and a folder in that of a report: the report is whole, the error names what
// is missing, and the other files are there.
func TestAReportThatCannotBeWrittenIsMade(t *testing.T) {
	run := small().Make(t, nil)
	for _, name := range []string{"tables", "figures"} {
		synthetic.Must(t, os.WriteFile(filepath.Join(run.Path, name), nil, 0o644))
	}
	synthetic.Must(t, os.MkdirAll(filepath.Join(run.Path, "report.md", "taken"), 0o755))
	r, unwritten, err := WriteAll(run)
	if err != nil || r == nil || len(tables.Of(r)) == 0 {
		t.Fatalf("report %v, error %v", r, err)
	}
	for _, want := range []string{"not all of its files could be written", "tables", "figures", "report.md"} {
		if unwritten == nil || !strings.Contains(unwritten.Error(), want) {
			t.Errorf("%v, want %q", unwritten, want)
		}
	}
	for _, name := range []string{"report.html", "results.json"} {
		if _, err := os.Stat(filepath.Join(run.Path, name)); err != nil {
			t.Errorf("%s is not written: %v", name, err)
		}
	}
}
