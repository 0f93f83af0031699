package reports

import (
	"fmt"
	"slices"
	"strconv"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/reports/metric"
	"secura/reports/table"
)

// DiagnosticTables are made of the measures in the records, which say why a
// method did what it did. A report has those that its suite names.
var DiagnosticTables = []string{"norms", "gradients", "steps"}

// Diagnose makes the tables of one name of DiagnosticTables: norms of the
// update along the stream, gradient norms by adapter matrix, or the ranges of
// all other measures of steps. They are over the done cells of order 0.
func Diagnose(run rundir.Run, r *Report, name string) ([]table.Table, error) {
	tablesOf := map[string]func(rundir.Run, *Report) ([]table.Table, error){"norms": normTables, "gradients": gradientTables, "steps": stepTables}[name]
	if tablesOf == nil {
		return nil, fmt.Errorf("diagnose %s: unknown table %q, expected one of %v", run.Path, name, DiagnosticTables)
	}
	tables, err := tablesOf(run, r)
	if err != nil {
		return nil, fmt.Errorf("diagnose %s: table %s: %w", run.Path, name, err)
	}
	return tables, nil
}

// measurements are a method's measures: for each place in the stream and each name
// the values that its cells had there.
type measurements[P comparable] struct {
	// places and names are in the order in which they were first seen.
	places []P
	names  []string
	sums   map[P]map[string]*tally
}

// tally sums up values.
type tally struct {
	sum, least, most float64
	n                int
}

func (m *measurements[P]) add(place P, list []record.Measure) {
	if m.sums == nil {
		m.sums = map[P]map[string]*tally{}
	}
	for _, x := range list {
		if m.sums[place] == nil {
			m.places, m.sums[place] = append(m.places, place), map[string]*tally{}
		}
		t := m.sums[place][x.Name]
		if t == nil {
			t = &tally{least: x.Value, most: x.Value}
			m.sums[place][x.Name] = t
			if !slices.Contains(m.names, x.Name) {
				m.names = append(m.names, x.Name)
			}
		}
		t.sum, t.least, t.most, t.n = t.sum+x.Value, min(t.least, x.Value), max(t.most, x.Value), t.n+1
	}
}

// at is what was measured at some places together; n is 0 where nothing was.
func (m *measurements[P]) at(name string, places ...P) (all tally) {
	for _, p := range places {
		t := m.sums[p][name]
		if t == nil {
			continue
		}
		if all.n == 0 {
			all = *t
			continue
		}
		all.sum, all.least, all.most, all.n = all.sum+t.sum, min(all.least, t.least), max(all.most, t.most), all.n+t.n
	}
	return all
}

// mean is undefined where nothing was measured.
func (t tally) mean(reason string) metric.Value {
	if t.n == 0 {
		return metric.Undefined(reason)
	}
	return metric.Number(t.sum / float64(t.n))
}

// measures goes through the done cells of order 0 of a method. Without one,
// reason says what became of the first cell.
func (r *Report) measures(run rundir.Run, method string, of func(c Cell, folder rundir.Cell) error) (reason string, err error) {
	done, reason := r.doneCells(method)
	if len(done) > 0 {
		reason = "not on record: the method has no such measure, or diagnostics were off"
	}
	for _, c := range done {
		if err := of(c, run.Cell(c.ID)); err != nil {
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
func (r *Report) taskLabel(index int, name string) string {
	if index >= 1 && index <= len(r.Suite.Tasks) && r.Suite.Tasks[index-1].Name == name {
		return fmt.Sprintf("T%d %s", index, name)
	}
	return name
}
