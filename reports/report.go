package reports

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/reports/metric"
	"secura/reports/table"
)

// Report is everything that a run's files say, before anything is averaged. It
// is a pure function of them.
type Report struct {
	// Run is the directory that the report is of.
	Run      rundir.Run
	Manifest rundir.Manifest
	Suite    Suite
	// Cells are all planned ones, also those that have not started: backbone by
	// backbone, seed by seed, within a seed order by order, and within these in the
	// suite's order of methods.
	Cells []Cell
	// Backbones are the reports of each backbone by itself where the run has
	// several, nil where it has one. What averages or compares cells, as Named and
	// Explain do, takes one of these (see Each).
	Backbones []*Report
	// label is the backbone's short name in a report of one of several.
	label string
	// Warnings concern the run as a whole.
	Warnings []string
	// Examples are the intervals over test examples, which WriteAll makes of the
	// predictions; no table where there are none.
	Examples []table.Table
	// Asked are the tables that the suite asks for.
	Asked []table.Table
	// Trials is what a tuning tried and chose, where the run is one that is
	// complete; nil otherwise.
	Trials *record.Tuning
}

// Suite is what a report needs of the resolved suite in the manifest.
type Suite struct {
	Name     string `json:"name"`
	Doc      string `json:"doc"`
	Backbone string `json:"backbone"`
	// Backbones are those of a run of several, whose Backbone is empty.
	Backbones []string `json:"backbones"`
	Tasks     []Task   `json:"tasks"`
	Methods   []Method `json:"methods"`
	Seeds     int      `json:"seeds"`
	Orders    int      `json:"orders"`
	// Stream is "separate" where each task is learned alone from the pretrained
	// backbone.
	Stream string `json:"stream"`
	// Tables are names of TableNames that the report has beyond its own.
	Tables     []string   `json:"tables"`
	Training   Training   `json:"training"`
	Evaluation Evaluation `json:"evaluation"`
	// Tuning is the budget by which the methods' settings were chosen; zero
	// where that was not by a tuning.
	Tuning Tuning `json:"tuning"`
}

// Tuning is the budget of a tuning, the same for every method.
type Tuning struct {
	Trials    int      `json:"trials"`
	Stream    []string `json:"stream"`
	Split     string   `json:"split"`
	Examples  int      `json:"examples"`
	Objective string   `json:"objective"`
}

// Training is what a report needs of how the tasks were trained.
type Training struct {
	// Steps are those of each task.
	Steps int `json:"steps"`
}

// each is how many steps a task has, 1 where the suite does not say.
func (t Training) each() int { return max(t.Steps, 1) }

// Evaluation is what a report needs of when the tasks were evaluated.
type Evaluation struct {
	// Every is "final" where boundaries within a stream have the score of the
	// task alone that was just learned.
	Every string `json:"every"`
}

// Separate says that the tasks are no stream: each is learned alone.
func (s Suite) Separate() bool { return s.Stream == "separate" }

// Task is one task of the stream.
type Task struct {
	Name string `json:"name"`
	// One of these is set where the answer is chosen among options.
	OptionsColumn string   `json:"options_column"`
	Options       []string `json:"options"`
	ClassLabel    string   `json:"class_label"`
}

// Choice says whether the task's answers are chosen among options.
func (t Task) Choice() bool { return t.OptionsColumn != "" || len(t.Options) > 0 || t.ClassLabel != "" }

// Method is one method of the suite.
type Method struct {
	// Preset is the method's name in the program, Name the one in this suite.
	Preset string `json:"preset"`
	Name   string `json:"name"`
	// LearningRate replaces the preset's own; 0 leaves that.
	LearningRate float64 `json:"learning_rate"`
	// Reason is why the settings differ from the preset's.
	Reason string `json:"reason"`
	// Params are the parameters that differ from the preset's.
	Params map[string]any `json:"params"`
}

// Reference says whether the method marks a bound that others are seen against:
// the untouched base model (frozen) or training on all tasks at once (joint).
func (m Method) Reference() bool { return m.Preset == "frozen" || m.Preset == "joint" }

// TaskNames lists the stream's names in order 0.
func (s Suite) TaskNames() []string {
	names := make([]string, len(s.Tasks))
	for i, t := range s.Tasks {
		names[i] = t.Name
	}
	return names
}

// MethodNames lists the methods in the suite's order.
func (s Suite) MethodNames() []string {
	names := make([]string, len(s.Methods))
	for i, m := range s.Methods {
		names[i] = m.Name
	}
	return names
}

// Load reads a run's manifest and the records of every planned cell. A last line
// that a crash cut is left out, with a warning; any other malformed line, and
// records that contradict the plan, are errors that name the file.
func Load(run rundir.Run) (*Report, error) {
	manifest, err := rundir.ReadManifest(run)
	if err != nil {
		return nil, fmt.Errorf("load report: %w", err)
	}
	r := &Report{Run: run, Manifest: manifest, Warnings: slices.Clone(manifest.Changes)}
	if err := json.Unmarshal(manifest.Suite, &r.Suite); err != nil {
		return nil, fmt.Errorf("load report: read the suite in %s: %w", run.Manifest(), err)
	}
	if len(r.Suite.Tasks) == 0 || len(r.Suite.Methods) == 0 || r.Suite.Seeds < 1 || r.Suite.Orders < 1 {
		return nil, fmt.Errorf("load report: the suite in %s has %d tasks, %d methods, %d seeds, %d orders; at least one of each is needed",
			run.Manifest(), len(r.Suite.Tasks), len(r.Suite.Methods), r.Suite.Seeds, r.Suite.Orders)
	}
	r.divide()
	for _, part := range r.Each() {
		if err := part.loadCells(run); err != nil {
			return nil, fmt.Errorf("load report: %w", err)
		}
	}
	if err := r.unplanned(run); err != nil {
		return nil, fmt.Errorf("load report: %w", err)
	}
	for _, part := range r.Each() {
		if err := part.complete(run); err != nil {
			return nil, fmt.Errorf("load report: %w", err)
		}
	}
	for _, part := range r.Backbones {
		r.Cells = append(r.Cells, part.Cells...)
		r.Warnings = append(r.Warnings, part.Warnings...)
	}
	return r, nil
}

// loadCells reads the cells of the report's one backbone.
func (r *Report) loadCells(run rundir.Run) error {
	for seed := range r.Suite.Seeds {
		for order := range r.Suite.Orders {
			for _, m := range r.Suite.Methods {
				c, err := r.load(run, m, seed, order)
				if err != nil {
					return err
				}
				r.Cells = append(r.Cells, c)
			}
		}
	}
	return nil
}

// complete adds what follows from the cells.
func (r *Report) complete(run rundir.Run) error {
	if err := r.loadTrials(run); err != nil {
		return err
	}
	r.checkBaseRows()
	for i := range r.Cells {
		r.Cells[i].Metrics = r.metricsOf(r.Cells[i])
	}
	for _, name := range r.Suite.Tables {
		tables, err := Named(run, r, name)
		if err != nil {
			return err
		}
		r.Asked = append(r.Asked, tables...)
	}
	return nil
}

// load reads one planned cell.
func (r *Report) load(run rundir.Run, m Method, seed, order int) (Cell, error) {
	c := Cell{
		ID: record.CellID(m.Name, r.label, seed, order), Method: m, Seed: seed, Order: order,
		State: record.Queued, Backbone: r.Suite.Backbone,
	}
	if order == 0 {
		c.Tasks = r.Suite.TaskNames()
	}
	err := c.read(run.Cell(c.ID), r.Suite)
	if err == nil {
		err = r.checkBackbone(c)
	}
	if err != nil {
		return Cell{}, fmt.Errorf("cell %s: %w", c.ID, err)
	}
	return c, nil
}

// unplanned warns of folders that no planned cell has.
func (r *Report) unplanned(run rundir.Run) error {
	folders, err := run.Cells()
	if err != nil {
		return err
	}
	planned := map[string]bool{}
	for _, part := range r.Each() {
		for i := range part.Cells {
			planned[part.Cells[i].ID] = true
		}
	}
	for _, f := range folders {
		if !planned[f.ID] {
			r.Warnings = append(r.Warnings, fmt.Sprintf("cells/%s is not in the suite's plan and was left out", f.ID))
		}
	}
	return nil
}

// base finds the first cell that has the base model's row.
func (r *Report) base() (Cell, bool) {
	i := slices.IndexFunc(r.Cells, func(c Cell) bool { return len(c.R) > 0 && c.R[0] != nil })
	if i < 0 {
		return Cell{}, false
	}
	return r.Cells[i], true
}

// checkBaseRows warns of cells that measured another base row than the first:
// the base model is one, so its row must be too.
func (r *Report) checkBaseRows() {
	first, ok := r.base()
	if !ok {
		return
	}
	for _, c := range r.Cells {
		if len(c.R) == 0 || c.R[0] == nil || c.Backbone != first.Backbone {
			continue
		}
		for j, name := range c.Tasks {
			if c.R[0][j] != first.R[0][slices.Index(first.Tasks, name)] {
				r.Warnings = append(r.Warnings, fmt.Sprintf("the base rows of %s and %s differ at task %s: they were not measured alike", first.ID, c.ID, name))
				break
			}
		}
	}
}

// joint finds the cell of joint training for the same seed and order.
func (r *Report) joint(c Cell) (Cell, bool) {
	if !slices.ContainsFunc(r.Suite.Methods, func(m Method) bool { return m.Preset == "joint" }) {
		return Cell{}, false // of thousands of cells none need be asked
	}
	i := slices.IndexFunc(r.Cells, func(j Cell) bool {
		return j.Method.Preset == "joint" && j.Seed == c.Seed && j.Order == c.Order
	})
	if i < 0 {
		return Cell{}, false
	}
	return r.Cells[i], true
}

// matrixOf is what a cell measured, with what a joint run reached.
func (r *Report) matrixOf(c Cell) metric.Matrix {
	matrix := metric.Matrix{R: c.R, K: c.K, Perplexity: c.Perplexity}
	if r.Suite.Evaluation.Every == "final" {
		matrix.Absent = "within the stream only the task just learned is evaluated (evaluation.every: final)"
	}
	if joint, planned := r.joint(c); planned && joint.State == record.Done {
		last := joint.R[len(joint.R)-1]
		for _, name := range c.Tasks {
			matrix.Joint = append(matrix.Joint, last[slices.Index(joint.Tasks, name)])
		}
	}
	return matrix
}

// metricsOf computes a finished cell's metrics; those of any other are undefined
// with its state as the reason.
func (r *Report) metricsOf(c Cell) map[string]metric.Value {
	if c.State != record.Done {
		values := map[string]metric.Value{}
		for _, key := range metric.Keys {
			values[key] = metric.Undefined(c.Standing())
		}
		return values
	}
	joint, planned := r.joint(c)
	values := metric.Compute(r.matrixOf(c))
	switch {
	case r.Suite.Separate() && len(c.R) > 1:
		// The last row is the last task's alone, not the end of a stream.
		for _, d := range metric.Definitions {
			if !d.Alone() {
				values[d.Key] = metric.Undefined("each task was learned alone (stream: separate)")
			}
		}
	case c.Method.Preset == "joint":
		// Its rows between the first and the last do not exist, and it is its
		// own upper bound.
		for _, d := range metric.Definitions {
			if d.Stepwise() {
				values[d.Key] = metric.Undefined("trained on all tasks at once")
			}
		}
	case planned && joint.State != record.Done && !c.Method.Reference():
		values["intransigence"] = metric.Undefined("joint run " + joint.Standing())
	}
	return values
}

// optional reads a JSON Lines file that need not exist.
func optional[T any](path string) (lines []T, torn bool, err error) {
	lines, torn, err = record.Read[T](path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, false, nil
	}
	return lines, torn, err
}
