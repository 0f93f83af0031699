// Package diagnostics makes the tables of what was measured beside the scores: norms of the update
// along the stream, gradient norms by adapter matrix, and each method's own measures. In comes a
// report, whose run's records it reads; out come tables, and Measurements for the drawings. Read
// Tables first.
package diagnostics

import (
	"fmt"
	"slices"
	"strconv"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/table"
)

// Tables makes the tables of one of suite.DiagnosticTables by its name: norms of the update along
// the stream, gradient norms by adapter matrix, or the ranges of all other measures of steps. They
// are over the done cells of order 0.
func Tables(r *report.Report, name string) ([]table.Table, error) {
	tablesOf := map[string]func(*report.Report) ([]table.Table, error){"norms": normTables, "gradients": gradientTables, "steps": stepTables}[name]
	if tablesOf == nil {
		return nil, fmt.Errorf("diagnose %s: unknown table %q, expected one of %v", r.Run.Path, name, suite.TableNames(suite.DiagnosticTables))
	}
	tables, err := tablesOf(r)
	if err != nil {
		return nil, fmt.Errorf("diagnose %s: table %s: %w", r.Run.Path, name, err)
	}
	return tables, nil
}

// Measurements are a method's measures: for each place in the stream and each name the values that
// its cells had there.
type Measurements[P comparable] struct {
	// Places and names are in the order in which they were first seen.
	Places []P
	names  []string
	sums   map[P]map[string]*tally
}

// tally sums up values.
type tally struct {
	Sum, least, most float64
	N                int
}

// Add takes in what was measured at a place.
func (m *Measurements[P]) Add(place P, list []record.Measure) {
	if m.sums == nil {
		m.sums = map[P]map[string]*tally{}
	}
	for _, x := range list {
		if m.sums[place] == nil {
			m.Places, m.sums[place] = append(m.Places, place), map[string]*tally{}
		}
		t := m.sums[place][x.Name]
		if t == nil {
			t = &tally{least: x.Value, most: x.Value}
			m.sums[place][x.Name] = t
			if !slices.Contains(m.names, x.Name) {
				m.names = append(m.names, x.Name)
			}
		}
		t.Sum, t.least, t.most, t.N = t.Sum+x.Value, min(t.least, x.Value), max(t.most, x.Value), t.N+1
	}
}

// At is what was measured at some places together; n is 0 where nothing was.
func (m *Measurements[P]) At(name string, places ...P) (all tally) {
	for _, p := range places {
		t := m.sums[p][name]
		if t == nil {
			continue
		}
		if all.N == 0 {
			all = *t
			continue
		}
		all.Sum, all.least, all.most, all.N = all.Sum+t.Sum, min(all.least, t.least), max(all.most, t.most), all.N+t.N
	}
	return all
}

// Mean is undefined where nothing was measured.
func (t tally) Mean(reason string) metric.Value {
	if t.N == 0 {
		return metric.Undefined(reason)
	}
	return metric.Number(t.Sum / float64(t.N))
}

// measures goes through the done cells of order 0 of a method. Without one, reason says what became
// of the first cell.
func measures(r *report.Report, method string, of func(c report.Cell, folder rundir.Cell) error) (reason string, err error) {
	done, reason := r.DoneCells(method)
	if len(done) > 0 {
		reason = "not on record: the method has no such measure, or diagnostics were off"
	}
	for _, c := range done {
		if err := of(c, r.Run.Cell(c.ID)); err != nil {
			return "", fmt.Errorf("cell %s: %w", c.ID, err)
		}
	}
	return reason, nil
}

// digitsEntry prints a number of any size with three significant digits.
func digitsEntry(t *table.Table, v metric.Value) table.Entry {
	if !v.Defined() {
		return t.Undefined(v.Undefined)
	}
	return table.Numeric(strconv.FormatFloat(v.Number, 'g', 3, 64), v.Number)
}

// taskLabel is a task's number and name, as in "T1 add_subtract".
func taskLabel(r *report.Report, index int, name string) string {
	if index >= 1 && index <= len(r.Suite.Tasks) && r.Suite.Tasks[index-1].Name == name {
		return fmt.Sprintf("T%d %s", index, name)
	}
	return name
}
