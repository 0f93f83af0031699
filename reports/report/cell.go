package report

import (
	"fmt"
	"math"
	"slices"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/standing"
	"secura/experiments/suite"
	"secura/reports/metric"
)

// Cell is what the files of one cell say.
type Cell struct {
	// ID is "METHOD-s0-o0".
	ID     string
	Method suite.MethodSpec
	Seed   int
	Order  int
	// State follows from the records where they tell; Reason says why a cell is neither done nor on
	// its way.
	State    record.State
	Reason   string
	Backbone string
	// Tasks are in the order of learning; nil while that is not known.
	Tasks []string
	// R, K and Perplexity are as in Matrix, with N+1 rows, tasks in the order of learning; `frozen`
	// has one row, and a cell without any boundary none. A row that was not measured is nil, its K
	// and Perplexity NaN; a score that a row lacks is NaN. K and Perplexity are nil where no row
	// has them.
	R             [][]float64
	K, Perplexity []float64
	// KL says, for each row of R, how far predictions are from the untouched backbone's; nil where
	// the run did not measure that.
	KL []*record.Divergence
	// Mixtures are what mixtures of the pretrained and the learned weights have at the end; nil
	// where the run did not evaluate any.
	Mixtures []Mixture
	// Recovered are the scores of tasks after a few further examples, from the final weights; nil
	// where the run did not measure that.
	Recovered []Recovered
	// Curve is what was evaluated within tasks, in the order of steps.
	Curve []Point
	// Forced says, for each row of R, how the true answers were predicted token by token, and
	// Perturbed what a backbone with noise has; nil where the run did not measure that.
	Forced    [][]record.TeacherForced
	Perturbed *record.Reference
	Warnings  []Warning

	TrainedParameters, StateBytes, TrainTokens, EvalTokens int64

	Seconds Seconds
	// TrainFLOP are the operations of all training, each task once however often the cell was
	// interrupted; 0 where the run did not count them.
	TrainFLOP float64
	// Processors are those that computed the cell, in turn; nil where its status names none.
	Processors []string
	// ProcessorSeconds are those of processor time, all threads together; 0 where the system did
	// not tell.
	ProcessorSeconds float64
	// PeakRSSBytes is the largest resident memory that was measured.
	PeakRSSBytes int64

	// Metrics has every key of metric.Keys.
	Metrics map[string]metric.Value
}

// Warning is something that a reader of a cell's numbers should know.
type Warning struct {
	Text string
	// Where is "task NAME, step 3", or empty.
	Where string
}

func (w Warning) String() string {
	if w.Where == "" {
		return w.Text
	}
	return fmt.Sprintf("%s (%s)", w.Text, w.Where)
}

// Seconds is the wall time of a cell by phase.
type Seconds struct {
	Train   float64 `json:"train"`
	Eval    float64 `json:"eval"`
	Compile float64 `json:"compile"`
	// Total is that of the whole cell, and at least the sum of its phases: a process that was
	// killed has written these, but no total.
	Total float64 `json:"total"`
}

// Standing is the state with its reason, as in "diverged: loss is NaN".
func (c Cell) Standing() string {
	return standing.Standing{State: c.State, Reason: c.Reason}.String()
}

// Standings name those of some cells that count with their standing, at most so many of them, and
// say how many more there are.
func Standings(cells []Cell, most int, counts func(Cell) bool) (list []string) {
	more := 0
	for _, c := range cells {
		switch {
		case !counts(c):
		case len(list) == most:
			more++
		default:
			list = append(list, c.ID+" "+c.Standing())
		}
	}
	if more > 0 {
		list = append(list, fmt.Sprintf("and %d more", more))
	}
	return list
}

// damaged is what to do about records that no run writes.
const damaged = "where the file was damaged, take the cell's folder away and give the run's command again"

// read fills in what the cell's folder holds.
func (c *Cell) read(folder rundir.Cell, s suite.Suite) error {
	events, torn, err := Optional[record.Event](folder.Records())
	if err != nil {
		return fmt.Errorf("%w; %s", err, damaged)
	}
	if torn {
		c.warn("the last line of records.jsonl was cut and left out", "", 0)
	}
	at, err := standing.Read(folder)
	if err != nil {
		return err
	}
	if other := suite.OtherSetting(at.Status.Settings, c.Method.Overrides()); other != "" {
		return fmt.Errorf("%s: the cell was computed with other settings than the run's manifest has: %s", folder.Status(), other)
	}
	if err := c.replay(events, s.TaskNames()); err != nil {
		return fmt.Errorf("%s: %w; %s", folder.Records(), err, damaged)
	}
	at = at.Recorded(c.State, c.Reason, len(events) > 0)
	c.State, c.Reason, c.Processors = at.State, at.Reason, at.Status.Processors
	if c.Method.Preset == suite.Frozen && len(c.R) > 0 {
		c.R = c.R[:1]
		if c.K != nil {
			c.K = c.K[:1]
		}
		if c.Perplexity != nil {
			c.Perplexity = c.Perplexity[:1]
		}
	}
	if c.State == record.Done {
		if err := c.whole(s); err != nil {
			return fmt.Errorf("%s: %w", folder.Records(), err)
		}
	}
	timings, torn, err := Optional[record.Timing](folder.Timing())
	if err != nil {
		return err
	}
	if torn {
		c.warn("the last line of timing.jsonl was cut and left out", "", 0)
	}
	c.time(timings)
	return nil
}

// replay goes through the events in order.
func (c *Cell) replay(events []record.Event, s []string) error {
	started := false
	for i, e := range events {
		line := i + 1
		started = started || e.Kind == record.CellStart
		if !started && e.Kind != record.Warning {
			return fmt.Errorf("line %d: %s before %s", line, e.Kind, record.CellStart)
		}
		switch e.Kind {
		case record.CellStart:
			if err := c.start(e, s); err != nil {
				return fmt.Errorf("line %d: %w", line, err)
			}
		case record.TaskEnd:
			c.TrainTokens += e.TrainTokens
		case record.Boundary:
			if err := c.boundary(e); err != nil {
				return fmt.Errorf("line %d: %w", line, err)
			}
		case record.Curve:
			if err := c.within(e); err != nil {
				return fmt.Errorf("line %d: %w", line, err)
			}
		case record.Recovery:
			if err := c.recovered(e); err != nil {
				return fmt.Errorf("line %d: %w", line, err)
			}
		case record.Warning:
			c.warn(e.Text, e.Task, e.Step)
		case record.Diverged:
			c.State, c.Reason = record.CellDiverged, e.Reason
			if place := Where(e.Task, e.Step); place != "" {
				c.Reason = fmt.Sprintf("%s (%s)", e.Reason, place)
			}
		case record.CellEnd:
			if c.State != record.CellDiverged {
				c.State = record.Done
			}
		}
	}
	return nil
}

// start takes the cell's own description and compares it with the plan.
func (c *Cell) start(e record.Event, s []string) error {
	if e.Cell != c.ID || e.Method != c.Method.Name && e.Method != c.Method.Preset || e.Seed != c.Seed || e.Order != c.Order {
		return fmt.Errorf("records of cell %s (method %s, seed %d, order %d) lie in the folder of %s", e.Cell, e.Method, e.Seed, e.Order, c.ID)
	}
	planned, learned := slices.Sorted(slices.Values(s)), slices.Sorted(slices.Values(e.Tasks))
	if !slices.Equal(planned, learned) {
		return fmt.Errorf("the cell's tasks %q are not the suite's %q", e.Tasks, s)
	}
	if len(c.R) > 0 && !slices.Equal(c.Tasks, e.Tasks) {
		return fmt.Errorf("a second %s with another order of tasks", record.CellStart)
	}
	c.Tasks = e.Tasks
	if e.Backbone != "" {
		c.Backbone = e.Backbone
	}
	c.TrainedParameters, c.StateBytes = e.TrainedParameters, e.StateBytes
	return nil
}

// boundary takes one row of scores.
func (c *Cell) boundary(e record.Event) error {
	n := len(c.Tasks)
	if e.Index > n {
		return fmt.Errorf("boundary %d in a stream of %d tasks", e.Index, n)
	}
	if c.R == nil {
		c.R = make([][]float64, n+1)
	}
	if c.R[e.Index] != nil {
		return fmt.Errorf("boundary %d a second time", e.Index)
	}
	row := c.Scores(e)
	c.R[e.Index] = row
	c.EvalTokens += e.EvalTokens
	if e.TeacherForced != nil {
		if c.Forced == nil {
			c.Forced = make([][]record.TeacherForced, n+1)
		}
		c.Forced[e.Index] = e.TeacherForced
	}
	if e.Divergence != nil {
		if c.KL == nil {
			c.KL = make([]*record.Divergence, n+1)
		}
		c.KL[e.Index] = e.Divergence
	}
	for _, m := range e.Mixtures {
		c.Mixtures = append(c.Mixtures, c.mixture(m))
	}
	if e.Perturbed != nil {
		c.Perturbed = e.Perturbed
	}
	place(&c.K, e.Index, n+1, e.Knowledge)
	place(&c.Perplexity, e.Index, n+1, e.Perplexity)
	return nil
}

// place puts an optional number at index i of a list of n, made on first use.
func place(list *[]float64, i, n int, x *float64) {
	if x == nil {
		return
	}
	if *list == nil {
		*list = slices.Repeat([]float64{math.NaN()}, n)
	}
	(*list)[i] = *x
}

// time sums up the timings: a cell that was interrupted has several of a phase.
func (c *Cell) time(timings []record.Timing) {
	sum, processor := 0.0, 0.0
	flop := map[int]float64{} // by task; one that was trained again replaces the first time
	for _, t := range timings {
		switch t.Phase {
		case record.Train:
			c.Seconds.Train += t.Seconds
			c.TrainFLOP += t.FLOP - flop[t.Index]
			flop[t.Index] = t.FLOP
		case record.Eval:
			c.Seconds.Eval += t.Seconds
		case record.Compile:
			c.Seconds.Compile += t.Seconds
		case record.Total:
			c.Seconds.Total += t.Seconds
			c.ProcessorSeconds += t.ProcessorSeconds
		}
		if t.Phase != record.Total {
			sum += t.Seconds
			processor += t.ProcessorSeconds
		}
		c.PeakRSSBytes = max(c.PeakRSSBytes, t.PeakRSSBytes)
	}
	c.Seconds.Total = max(c.Seconds.Total, sum)
	c.ProcessorSeconds = max(c.ProcessorSeconds, processor)
}

func (c *Cell) warn(text, task string, step int) {
	c.Warnings = append(c.Warnings, Warning{Text: text, Where: Where(task, step)})
}

func Where(task string, step int) string {
	switch {
	case task == "" && step == 0:
		return ""
	case task == "":
		return fmt.Sprintf("step %d", step)
	case step == 0:
		return "task " + task
	}
	return fmt.Sprintf("task %s, step %d", task, step)
}
