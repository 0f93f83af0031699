package reports

import (
	"testing"

	"secura/experiments/record"
	"secura/reports/metric"
	"secura/reports/table"
)

// field is a contender whose number of seed i is the i-th.
func field(values ...float64) contender {
	c := contender{entry: &table.Entry{}}
	for seed, x := range values {
		c.values = append(c.values, seedValue{seed, metric.Number(x)})
	}
	return c
}

// about are 8 numbers near x.
func about(x float64) contender {
	return field(x, x+0.01, x+0.02, x-0.01, x+0.03, x-0.02, x+0.01, x)
}

func TestOnlySignificantDifferencesAreMarked(t *testing.T) {
	for _, c := range []struct {
		name   string
		field  []contender
		sign   float64
		best   int // -1 for none
		second int
	}{
		{"three apart", []contender{about(0.2), about(0.9), about(0.5)}, 1, 1, 2},
		{"less is better", []contender{about(0.2), about(0.9), about(0.5)}, -1, 0, 2},
		{"two apart", []contender{about(0.9), about(0.2)}, 1, 0, -1},
		{"one alone", []contender{about(0.9)}, 1, -1, -1},
		{"a tie at the top", []contender{about(0.9), about(0.9), about(0.5)}, 1, -1, 1},
		{"overlap at the top", []contender{about(0.9), field(0.9, 0.92, 0.91, 0.87, 0.96, 0.83, 0.94, 0.91), about(0.5)}, 1, -1, 1},
		{"overlap below", []contender{about(0.9), about(0.5), field(0.51, 0.5, 0.54, 0.47, 0.52, 0.49, 0.5, 0.53)}, 1, 0, -1},
		{"too few seeds", []contender{field(0.9, 0.91), field(0.1, 0.12), field(0.5, 0.5)}, 1, -1, -1},
		{"other seeds", []contender{about(0.9), {entry: &table.Entry{}, values: []seedValue{{9, metric.Number(0.1)}}}}, 1, -1, -1},
		{"one that does not compete", []contender{{entry: &table.Entry{}}, about(0.9), about(0.5)}, 1, 1, -1},
		{"one that is undefined", []contender{{entry: &table.Entry{}, values: []seedValue{{0, metric.Undefined("diverged")}}}, about(0.9), about(0.5)}, 1, 1, -1},
		// One comparison of five seeds reaches 2/32 at best, and six reach 2/64:
		// Holm's adjustment over two takes seven.
		{"six seeds for one", []contender{field(1, 1, 1, 1, 1, 1), field(0, 0, 0, 0, 0, 0)}, 1, 0, -1},
		{"six seeds for two", []contender{field(1, 1, 1, 1, 1, 1), field(0, 0, 0, 0, 0, 0), field(0, 0, 0, 0, 0, 0)}, 1, -1, -1},
	} {
		rank(c.field, c.sign)
		for i, x := range c.field {
			if x.entry.Marked != (i == c.best) || x.entry.Second != (i == c.second) {
				t.Errorf("%s: entry %d is best: %v, second: %v", c.name, i, x.entry.Marked, x.entry.Second)
			}
		}
	}
}

func TestReferencesAndDivergedMethodsAreNeverBest(t *testing.T) {
	s := small()
	s.seeds = 8
	s.end = func(f *cellFiles) {
		if f.id == "seq-s3-o0" {
			f.cut(2)
			f.events = append(f.events, record.Event{Kind: record.Diverged, Reason: "loss is NaN"})
		}
	}
	shown := SummaryTable(load(t, s.make(t, nil)))
	for i, want := range []bool{false, false, false, true, false} {
		if got := shown.Rows[i][2].Marked; got != want {
			t.Errorf("accuracy of %s marked: %v, want %v", shown.Rows[i][0].Text, got, want)
		}
	}
}
