package reports

import (
	"testing"

	"secura/experiments/record"
	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/synthetic"
	"secura/reports/table"
	"secura/reports/tables"
)

// field is a contender whose number of seed i is the i-th.
func field(values ...float64) report.Contender {
	c := report.Contender{Entry: &table.Entry{}}
	for seed, x := range values {
		c.Values = append(c.Values, report.SeedValue{Seed: seed, Value: metric.Number(x)})
	}
	return c
}

// about are 8 numbers near x.
func about(x float64) report.Contender {
	return field(x, x+0.01, x+0.02, x-0.01, x+0.03, x-0.02, x+0.01, x)
}

func TestOnlySignificantDifferencesAreMarked(t *testing.T) {
	for _, c := range []struct {
		name   string
		field  []report.Contender
		sign   float64
		best   int // -1 for none
		second int
	}{
		{"three apart", []report.Contender{about(0.2), about(0.9), about(0.5)}, 1, 1, 2},
		{"less is better", []report.Contender{about(0.2), about(0.9), about(0.5)}, -1, 0, 2},
		{"two apart", []report.Contender{about(0.9), about(0.2)}, 1, 0, -1},
		{"one alone", []report.Contender{about(0.9)}, 1, -1, -1},
		{"a tie at the top", []report.Contender{about(0.9), about(0.9), about(0.5)}, 1, -1, 1},
		{"overlap at the top", []report.Contender{about(0.9), field(0.9, 0.92, 0.91, 0.87, 0.96, 0.83, 0.94, 0.91), about(0.5)}, 1, -1, 1},
		{"overlap below", []report.Contender{about(0.9), about(0.5), field(0.51, 0.5, 0.54, 0.47, 0.52, 0.49, 0.5, 0.53)}, 1, 0, -1},
		{"too few seeds", []report.Contender{field(0.9, 0.91), field(0.1, 0.12), field(0.5, 0.5)}, 1, -1, -1},
		{"other seeds", []report.Contender{about(0.9), {Entry: &table.Entry{}, Values: []report.SeedValue{{Seed: 9, Value: metric.Number(0.1)}}}}, 1, -1, -1},
		{"one that does not compete", []report.Contender{{Entry: &table.Entry{}}, about(0.9), about(0.5)}, 1, 1, -1},
		{"one that is undefined", []report.Contender{{Entry: &table.Entry{}, Values: []report.SeedValue{{Seed: 0, Value: metric.Undefined("diverged")}}}, about(0.9), about(0.5)}, 1, 1, -1},
		// Twelve seeds of the one have the higher mean; on the six of both it is the worse one.
		{"worse on the seeds of both", []report.Contender{field(0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1), field(0.1, 0.1, 0.1, 0.1, 0.1, 0.1)}, 1, -1, -1},
		// One comparison of five seeds reaches 2/32 at best, and six reach 2/64: Holm's adjustment
		// over two takes seven.
		{"six seeds for one", []report.Contender{field(1, 1, 1, 1, 1, 1), field(0, 0, 0, 0, 0, 0)}, 1, 0, -1},
		{"six seeds for two", []report.Contender{field(1, 1, 1, 1, 1, 1), field(0, 0, 0, 0, 0, 0), field(0, 0, 0, 0, 0, 0)}, 1, -1, -1},
	} {
		report.Rank(c.field, c.sign)
		for i, x := range c.field {
			if x.Entry.Marked != (i == c.best) || x.Entry.Second != (i == c.second) {
				t.Errorf("%s: entry %d is best: %v, second: %v", c.name, i, x.Entry.Marked, x.Entry.Second)
			}
		}
	}
}

func TestReferencesAndDivergedMethodsAreNeverBest(t *testing.T) {
	s := small()
	s.Seeds = 8
	s.End = func(f *synthetic.CellFiles) {
		if f.Id == "seq-s3-o0" {
			f.Cut(2)
			f.Events = append(f.Events, record.Event{Kind: record.Diverged, Reason: "loss is NaN"})
		}
	}
	shown := tables.Summary(load(t, s.Make(t, nil)))
	for _, row := range shown.Rows {
		if got, want := row[2].Marked, row[0].Text == "er"; got != want {
			t.Errorf("accuracy of %s marked: %v, want %v", row[0].Text, got, want)
		}
	}
}
