package reports

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"secura/experiments/record"
	"secura/experiments/suite"
	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/table"
	"secura/reports/tables"
)

// ExplainKeys are the numbers that Explain can trace.
func ExplainKeys() []string { return append(slices.Clone(metric.Keys), CostKeys...) }

// CanExplain says whether a key is one of ExplainKeys, or an entry of R or K as in R[2][1].
func CanExplain(key string) bool {
	_, isMetric := metric.Find(key)
	return isMetric || slices.Contains(CostKeys, key)
}

// Explain traces a method's number back to the records: its formula, the lines of the files that it
// was read from, and the arithmetic from these to the number in the tables. Numbers are written
// with eight digits; nothing is rounded on the way.
func Explain(w io.Writer, r *report.Report, method, key string) error {
	e := explanation{r: r}
	if err := e.explain(method, key); err != nil {
		return fmt.Errorf("explain %s.%s: %w", method, key, err)
	}
	if _, err := w.Write(e.out.Bytes()); err != nil {
		return fmt.Errorf("explain %s.%s: %w", method, key, err)
	}
	return nil
}

type explanation struct {
	r   *report.Report
	out bytes.Buffer
}

func (e *explanation) line(indent, format string, args ...any) {
	table.Wrap(&e.out, indent, fmt.Sprintf(format, args...), false)
}

func (e *explanation) explain(method, key string) error {
	d, isMetric := metric.Find(key)
	formula := d.Formula
	if !isMetric {
		formula = costFormulas[key]
	}
	if !e.r.Has(method) || formula == "" {
		return fmt.Errorf("unknown, expected a method of the run and one of %v", ExplainKeys())
	}
	if err := d.CheckEntry(len(e.r.Suite.Tasks)); err != nil {
		return err
	}
	e.line("", "%s of %s", key, method)
	e.line("", "%s", tables.Source(e.r))
	e.out.WriteByte('\n')
	e.line("", "Formula: %s", formula)
	if isMetric {
		e.line("", "R[i][j] is the first score of task j after i of N = %d trainings, K[i] that of the knowledge battery; in each cell tasks are counted in its own order.", len(e.r.Suite.Tasks))
	}
	if m, _ := e.r.Suite.Method(method); isMetric && m.Preset == suite.Frozen {
		e.line("", "%s is not trained: what stands for its last row is its only one, of the untouched backbone.", method)
	}
	if d.Key == "perplexity_drift" {
		e.line("", "loss[i] is the mean loss on the held-out text after i trainings, in nats per token.")
	}
	for _, c := range e.r.Cells {
		if c.Method.Name != method || d.Entry() && c.Order != 0 {
			continue
		}
		e.out.WriteByte('\n')
		e.line("", "Cell %s", c.ID)
		var err error
		if isMetric {
			err = e.metric(c, d)
		} else {
			err = e.cost(c, key)
		}
		if err != nil {
			return fmt.Errorf("cell %s: %w", c.ID, err)
		}
	}
	e.out.WriteByte('\n')
	switch {
	case d.Entry():
		e.inMatrix(method, d)
	case isMetric:
		e.overSeeds(method, d)
	default:
		e.overCells(method, key)
	}
	return nil
}

// metric traces one cell's number.
func (e *explanation) metric(c report.Cell, d metric.Definition) error {
	if v := e.value(c, d); !v.Defined() {
		e.line("  ", "undefined: %s", v.Undefined)
		return nil
	}
	trace := d.Trace(e.r.MatrixOf(c))
	if err := e.sources(c, trace.Readings); err != nil {
		return err
	}
	for _, line := range trace.Arithmetic() {
		e.line("  ", "%s", line)
	}
	return nil
}

// value is a cell's number.
func (e *explanation) value(c report.Cell, d metric.Definition) metric.Value {
	if d.Entry() {
		return d.Trace(e.r.MatrixOf(c)).Value
	}
	return c.Metrics[d.Key]
}

// sources says in which line of which file each number stands.
func (e *explanation) sources(c report.Cell, readings []metric.Reading) error {
	type place struct {
		cell  string
		index int
	}
	var places []place
	read := map[place][]string{}
	for _, x := range readings {
		at, task := place{c.ID, x.I}, ""
		if x.Kind == "joint" {
			joint, _ := e.r.Joint(c)
			at = place{joint.ID, len(joint.Tasks)}
		}
		if x.Kind == "R" || x.Kind == "joint" {
			task = " " + c.Tasks[x.J-1]
		}
		if !slices.Contains(places, at) {
			places = append(places, at)
		}
		if text := fmt.Sprintf("%s=%s%s", x.Name(), metric.Precise(x.X), task); !slices.Contains(read[at], text) {
			read[at] = append(read[at], text)
		}
	}
	recorded := map[string][]record.Event{}
	for _, at := range places {
		folder := e.r.Run.Cell(at.cell)
		if recorded[at.cell] == nil {
			var err error
			if recorded[at.cell], _, err = record.ReadEvents(folder.Records()); err != nil {
				return err
			}
		}
		line := 1 + slices.IndexFunc(recorded[at.cell], func(x record.Event) bool { return x.Kind == record.Boundary && x.Index == at.index })
		e.line("  ", "%s line %d (boundary %d): %s", e.file(folder.Records()), line, at.index, strings.Join(read[at], ", "))
	}
	return nil
}

// file is a path within the run.
func (e *explanation) file(path string) string {
	if within, err := filepath.Rel(e.r.Run.Path, path); err == nil {
		return filepath.ToSlash(within)
	}
	return path
}

// inMatrix goes from the cells to the entry of the matrix R: those of order 0, whose tasks are the
// columns there.
func (e *explanation) inMatrix(method string, d metric.Definition) {
	if e.r.Suite.Orders > 1 {
		e.line("", "The matrix has the cells of order 0 alone: in another order the same place is another task's.")
	}
	done, reason := e.r.ScoredCells(method)
	if len(done) == 0 {
		e.line("", "%s of %s is undefined: %s", d.Key, method, reason)
		return
	}
	var values []float64
	var sum []string
	for _, c := range done {
		v := e.value(c, d)
		if !v.Defined() {
			e.line("", "%s of %s is undefined: %s", d.Key, method, v.Undefined)
			return
		}
		values, sum = append(values, v.Number), append(sum, metric.Precise(v.Number))
	}
	mean := metric.MeanSDCI(values).Mean.Number
	e.line("", "mean = %s / %d = %s", metric.Added(sum), len(sum), metric.Precise(mean))
	e.line("", "in the table R of %s: 100 × %s = %s", method, metric.Precise(mean), tables.Percent(100*mean).Text)
}

// overSeeds goes from the cells to the number of the tables.
func (e *explanation) overSeeds(method string, d metric.Definition) {
	of := func(c report.Cell) metric.Value { return e.value(c, d) }
	values, reason := e.r.OverSeedsOf(method, of)
	s := e.r.Over(method, of)
	if e.r.Suite.Orders > 1 {
		e.line("", "A seed counts once, by the mean over its %d orders.", e.r.Suite.Orders)
	}
	if reason != "" {
		e.line("", "Seeds with a cell that is not done do not count (%s).", reason)
	}
	if !s.Mean.Defined() {
		e.line("", "%s of %s is undefined: %s", d.Key, method, s.Mean.Undefined)
		return
	}
	var sum []string
	for _, v := range values {
		sum = append(sum, metric.Precise(v.Value.Number))
	}
	e.line("", "mean = %s / %d = %s", metric.Added(sum), len(sum), metric.Precise(s.Mean.Number))
	unit, shown := unitOf(d), report.Shown(d)
	if !s.CI95.Defined() {
		if s.N == 1 {
			e.line("", "n = 1: no standard deviation and no interval")
		} else {
			e.line("", "sample standard deviation = %s; %s", metric.Precise(s.SD.Number), s.CI95.Undefined)
		}
		e.line("", "in tables: %s%s = %s", unit, metric.Precise(s.Mean.Number), shown(s.Mean.Number).Text)
		return
	}
	e.line("", "sample standard deviation = %s", metric.Precise(s.SD.Number))
	e.line("", "95%% half-width = t(0.975, %d) × sd / √n = %s × %s / √%d = %s", s.N-1, metric.Precise(metric.StudentT(s.N-1)), metric.Precise(s.SD.Number), s.N, metric.Precise(s.CI95.Number))
	e.line("", "in tables: %s%s = %s ±%s (n = %d)", unit, metric.Precise(s.Mean.Number), shown(s.Mean.Number).Text, shown(s.CI95.Number).Text, s.N)
}

// unitOf is what the tables multiply a metric's numbers by.
func unitOf(d metric.Definition) string {
	if d.Plain {
		return ""
	}
	return "100 × "
}
