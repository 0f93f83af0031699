package reports

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/stat/distuv"

	"secura/experiments/record"
	"secura/experiments/rundir"
)

// CostKeys are numbers of a cell beside its metrics, as results.json names them.
var CostKeys = []string{"trained_parameters", "state_bytes", "train_tokens", "eval_tokens", "seconds"}

// ExplainKeys are the numbers that Explain can trace.
func ExplainKeys() []string { return append(slices.Clone(MetricKeys), CostKeys...) }

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
			err = e.metric(c, key)
		} else {
			err = e.cost(c, key)
		}
		if err != nil {
			return fmt.Errorf("cell %s: %w", c.ID, err)
		}
	}
	e.out.WriteByte('\n')
	if isMetric {
		e.overSeeds(method, key)
	} else {
		e.overCells(method, key)
	}
	return nil
}

// metric traces one cell's number.
func (e *explanation) metric(c Cell, key string) error {
	if v := c.Metrics[key]; !v.Defined() {
		e.line("  ", "undefined: %s", v.Undefined)
		return nil
	}
	v, trace := traced(e.r.matrixOf(c), key)
	if err := e.sources(c, trace.readings); err != nil {
		return err
	}
	arithmetic := metrics[key].arithmetic
	if len(trace.terms) == 0 {
		e.line("  ", "%s = %s = %s", key, arithmetic(numbersOf(trace.readings)), precise(v.Number))
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
func (e *explanation) overSeeds(method, key string) {
	values, reason := e.r.overSeedsOf(method, metricOf(key))
	s := e.r.Summarise(method, key)
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

var costFormulas = map[string]string{
	"trained_parameters": "what the cell's start says, the mean over the done cells",
	"state_bytes":        "what the cell's start says, the mean over the done cells",
	"train_tokens":       "the sum over the ends of tasks of the tokens that carried a loss, the mean over the done cells",
	"eval_tokens":        "the sum over the evaluations of their tokens, the mean over the done cells",
	"seconds": "the larger of the total that was written and the sum of its phases, each over all processes that worked at the cell; " +
		"the mean over the done cells. It is measured, and may differ between two equal runs",
}

// costOf is a number of CostKeys.
func costOf(c Cell, key string) float64 {
	switch key {
	case "trained_parameters":
		return float64(c.TrainedParameters)
	case "state_bytes":
		return float64(c.StateBytes)
	case "train_tokens":
		return float64(c.TrainTokens)
	case "eval_tokens":
		return float64(c.EvalTokens)
	}
	return c.Seconds.Total
}

// cost traces one of CostKeys.
func (e *explanation) cost(c Cell, key string) error {
	if c.State != record.Done {
		e.line("  ", "not counted: %s", c.Standing())
		return nil
	}
	folder := e.r.Run.Cell(c.ID)
	if key == "seconds" {
		return e.seconds(c, folder)
	}
	events, _, err := record.ReadEvents(folder.Records())
	if err != nil {
		return err
	}
	var sum []string
	for i, event := range events {
		var x int64
		switch {
		case key == "trained_parameters" && event.Kind == record.CellStart:
			x = event.TrainedParameters
		case key == "state_bytes" && event.Kind == record.CellStart:
			x = event.StateBytes
		case key == "train_tokens" && event.Kind == record.TaskEnd:
			x = event.TrainTokens
		case key == "eval_tokens" && (event.Kind == record.Boundary || event.Kind == record.Curve):
			x = event.EvalTokens
		default:
			continue
		}
		e.line("  ", "%s line %d (%s): %d", e.file(folder.Records()), i+1, event.Kind, x)
		sum = append(sum, strconv.FormatInt(x, 10))
	}
	e.line("  ", "%s = %s = %s", key, added(sum), precise(costOf(c, key)))
	return nil
}

func (e *explanation) seconds(c Cell, folder rundir.Cell) error {
	timings, _, err := optional[record.Timing](folder.Timing())
	if err != nil {
		return err
	}
	phases, total := []string{}, []string{}
	for i, t := range timings {
		e.line("  ", "%s line %d (%s): %s", e.file(folder.Timing()), i+1, t.Phase, precise(t.Seconds))
		if t.Phase == record.Total {
			total = append(total, precise(t.Seconds))
		} else {
			phases = append(phases, precise(t.Seconds))
		}
	}
	e.line("  ", "seconds = max(%s, %s) = %s", added(total), added(phases), precise(c.Seconds.Total))
	return nil
}

// overCells goes from the cells to a cost in the tables.
func (e *explanation) overCells(method, key string) {
	v := e.r.meanDone(method, func(c Cell) float64 { return costOf(c, key) })
	if !v.Defined() {
		e.line("", "%s of %s is undefined: %s", key, method, v.Undefined)
		return
	}
	var sum []string
	for _, c := range e.r.Cells {
		if c.Method.Name == method && c.State == record.Done {
			sum = append(sum, precise(costOf(c, key)))
		}
	}
	e.line("", "mean = %s / %d = %s", added(sum), len(sum), precise(v.Number))
	switch key {
	case "trained_parameters":
		e.line("", "in tables: %s / 1000 = %s", precise(v.Number), strconv.FormatFloat(v.Number/1000, 'f', 1, 64))
	case "seconds":
		e.line("", "in tables: %s", strconv.FormatFloat(v.Number, 'f', 0, 64))
	case "state_bytes":
		e.line("", "in tables: %s / 1024 = %s KiB", precise(v.Number), strconv.FormatFloat(v.Number/1024, 'f', 1, 64))
	}
}

// Ways to write a term of a formula with its numbers.

func only(read []string) string { return read[0] }

func subtraction(read []string) string { return read[0] + " − " + bracketed(read[1]) }

func quotient(read []string) string { return read[0] + " / " + bracketed(read[1]) }

func called(function string) func([]string) string {
	return func(read []string) string {
		if len(read) == 1 {
			return read[0]
		}
		return function + "(" + strings.Join(read, ", ") + ")"
	}
}

func peakMinus(read []string) string {
	last := len(read) - 1
	return called("max")(read[:last]) + " − " + bracketed(read[last])
}

// added is a sum in brackets, of one number the number.
func added(numbers []string) string {
	switch len(numbers) {
	case 0:
		return "0"
	case 1:
		return numbers[0]
	}
	var s strings.Builder
	s.WriteString("(" + numbers[0])
	for _, x := range numbers[1:] {
		if rest, negative := strings.CutPrefix(x, "-"); negative {
			s.WriteString(" − " + rest)
		} else {
			s.WriteString(" + " + x)
		}
	}
	return s.String() + ")"
}

func bracketed(number string) string {
	if strings.HasPrefix(number, "-") {
		return "(" + number + ")"
	}
	return number
}

func numbersOf(readings []reading) []string {
	list := make([]string, len(readings))
	for i, x := range readings {
		list[i] = precise(x.x)
	}
	return list
}

// precise writes a number with eight digits, and what is a rounding error of 0 as
// 0.
func precise(x float64) string {
	if math.Abs(x) < 1e-15 {
		x = 0
	}
	return strconv.FormatFloat(x, 'g', 8, 64)
}
