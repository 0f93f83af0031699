package reports

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat/distuv"

	"secura/experiments/record"
)

// ExplainKeys are the numbers that Explain can trace.
func ExplainKeys() []string { return append(slices.Clone(MetricKeys), CostKeys...) }

// entryOf takes R[i][j] or K[i] apart, with i trainings and task j from 1.
func entryOf(key string) (at reading, ok bool) {
	if n, err := fmt.Sscanf(key, "R[%d][%d]", &at.i, &at.j); err == nil && n == 2 {
		at.kind = "R"
	} else if n, err := fmt.Sscanf(key, "K[%d]", &at.i); err == nil && n == 1 {
		at.kind = "K"
	}
	return at, at.kind != "" && at.name() == key
}

// CanExplain says whether a key is one of ExplainKeys, or an entry of R or K as
// in R[2][1].
func CanExplain(key string) bool {
	_, entry := entryOf(key)
	return entry || slices.Contains(ExplainKeys(), key)
}

// Explain traces a method's number back to the records: its formula, the lines of
// the files that it was read from, and the arithmetic from these to the number in
// the tables. Numbers are written with eight digits; nothing is rounded on the
// way.
func Explain(w io.Writer, r *Report, method, key string) error {
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
	r   *Report
	out bytes.Buffer
}

func (e *explanation) line(indent, format string, args ...any) {
	writeWrapped(&e.out, indent, fmt.Sprintf(format, args...), false)
}

func (e *explanation) explain(method, key string) error {
	definition, isMetric := metrics[key]
	if at, ok := entryOf(key); ok {
		definition, isMetric = at.definition(), true
	}
	formula := definition.formula
	if !isMetric {
		formula = costFormulas[key]
	}
	if !e.r.has(method) || formula == "" {
		return fmt.Errorf("unknown, expected a method of the run and one of %v", ExplainKeys())
	}
	e.line("", "%s of %s", key, method)
	e.line("", "%s", e.r.source())
	e.out.WriteByte('\n')
	e.line("", "Formula: %s", formula)
	if isMetric {
		e.line("", "R[i][j] is the first score of task j after i of N = %d trainings, K[i] that of the knowledge battery; in each cell tasks are counted in its own order.", len(e.r.Suite.Tasks))
	}
	for _, c := range e.r.Cells {
		if c.Method.Name != method {
			continue
		}
		e.out.WriteByte('\n')
		e.line("", "Cell %s", c.ID)
		var err error
		if isMetric {
			err = e.metric(c, key, definition)
		} else {
			err = e.cost(c, key)
		}
		if err != nil {
			return fmt.Errorf("cell %s: %w", c.ID, err)
		}
	}
	e.out.WriteByte('\n')
	if isMetric {
		e.overSeeds(method, key, definition)
	} else {
		e.overCells(method, key)
	}
	return nil
}

// metric traces one cell's number.
func (e *explanation) metric(c Cell, key string, d definition) error {
	v, trace := e.traced(c, key, d)
	if !v.Defined() {
		e.line("  ", "undefined: %s", v.Undefined)
		return nil
	}
	if err := e.sources(c, trace.readings); err != nil {
		return err
	}
	arithmetic := d.arithmetic
	if len(trace.terms) == 0 {
		written := arithmetic(numbersOf(trace.readings))
		if written != precise(v.Number) {
			written += " = " + precise(v.Number)
		}
		e.line("  ", "%s = %s", key, written)
		return nil
	}
	var sum, terms []string
	for _, t := range trace.terms {
		written := arithmetic(numbersOf(t.read))
		if written != precise(t.x) {
			terms = append(terms, fmt.Sprintf("%d: %s = %s", t.index, written, precise(t.x)))
		}
		sum = append(sum, precise(t.x))
	}
	if len(terms) > 0 {
		e.line("  ", "terms: %s", strings.Join(terms, "; "))
	}
	e.line("  ", "%s = %s / %d = %s", key, added(sum), len(sum), precise(v.Number))
	return nil
}

// traced is a cell's number with what was read for it.
func (e *explanation) traced(c Cell, key string, d definition) (Value, *cells) {
	if _, entry := entryOf(key); entry {
		trace := &cells{m: e.r.matrixOf(c), n: len(c.Tasks)}
		return trace.value(d.of(trace)), trace
	}
	if v := c.Metrics[key]; !v.Defined() {
		return v, nil
	}
	return traced(e.r.matrixOf(c), key)
}

// definition makes an entry of R or K a metric.
func (r reading) definition() definition {
	return definition{formula: r.name(), arithmetic: only, of: func(c *cells) float64 {
		if r.kind == "K" {
			return c.k(r.i)
		}
		return c.r(r.i, r.j)
	}}
}

// sources says in which line of which file each number stands.
func (e *explanation) sources(c Cell, readings []reading) error {
	type place struct {
		cell  string
		index int
	}
	var places []place
	read := map[place][]string{}
	for _, x := range readings {
		at, task := place{c.ID, x.i}, ""
		if x.kind == "joint" {
			joint, _ := e.r.joint(c)
			at = place{joint.ID, len(joint.Tasks)}
		}
		if x.kind == "R" || x.kind == "joint" {
			task = " " + c.Tasks[x.j-1]
		}
		if !slices.Contains(places, at) {
			places = append(places, at)
		}
		if text := fmt.Sprintf("%s=%s%s", x.name(), precise(x.x), task); !slices.Contains(read[at], text) {
			read[at] = append(read[at], text)
		}
	}
	for _, at := range places {
		folder := e.r.Run.Cell(at.cell)
		events, _, err := record.ReadEvents(folder.Records())
		if err != nil {
			return err
		}
		line := 1 + slices.IndexFunc(events, func(x record.Event) bool { return x.Kind == record.Boundary && x.Index == at.index })
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

// overSeeds goes from the cells to the number of the tables.
func (e *explanation) overSeeds(method, key string, d definition) {
	of := func(c Cell) Value { v, _ := e.traced(c, key, d); return v }
	values, reason := e.r.overSeedsOf(method, of)
	s := e.r.over(method, of)
	if e.r.Suite.Orders > 1 {
		e.line("", "A seed counts once, by the mean over its %d orders.", e.r.Suite.Orders)
	}
	if reason != "" {
		e.line("", "Seeds with a cell that is not done do not count (%s).", reason)
	}
	if !s.Mean.Defined() {
		e.line("", "%s of %s is undefined: %s", key, method, s.Mean.Undefined)
		return
	}
	var sum []string
	for _, v := range values {
		sum = append(sum, precise(v.value.Number))
	}
	e.line("", "mean = %s / %d = %s", added(sum), len(sum), precise(s.Mean.Number))
	unit, shown := "100 × ", points(s.Mean.Number)
	if key == "perplexity_drift" {
		unit, shown = "", precise(s.Mean.Number)
	}
	if !s.CI95.Defined() {
		e.line("", "n = 1: no standard deviation and no interval")
		e.line("", "in tables: %s%s = %s", unit, precise(s.Mean.Number), shown)
		return
	}
	n := float64(s.N)
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}.Quantile(0.975)
	e.line("", "sample standard deviation = %s", precise(s.SD.Number))
	e.line("", "95%% half-width = t(0.975, %d) × sd / √n = %s × %s / √%d = %s", s.N-1, precise(t), precise(s.SD.Number), s.N, precise(s.CI95.Number))
	spread := points(s.CI95.Number)
	if key == "perplexity_drift" {
		spread = precise(s.CI95.Number)
	}
	e.line("", "in tables: %s%s = %s ±%s (n = %d)", unit, precise(s.Mean.Number), shown, spread, s.N)
}
