// Package report is what a run's files say: its suite, the records of every cell, the metrics of
// each cell, and what can be said over seeds, such as means, comparisons and ranks. In comes a
// run's folder; out comes a Report, of which tables, drawings, pages and claims are made. Nothing
// is averaged when it is read. Read Read first, then Report.
package report

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/reports/metric"
	"secura/reports/table"
)

// Report is everything that a run's files say, before anything is averaged. It is a pure function
// of them.
type Report struct {
	// Run is the directory that the report is of.
	Run      rundir.Run
	Manifest rundir.Manifest
	Suite    suite.Suite
	// Cells are all planned ones, also those that have not started: backbone by backbone, seed by
	// seed, within a seed order by order, and within these in the suite's order of methods.
	Cells []Cell
	// Backbones are the reports of each backbone by itself where the run has several, nil where it
	// has one. What averages or compares cells, as Named and Explain do, takes one of these (see
	// Each).
	Backbones []*Report
	// Label is the backbone's short name in a report of one of several.
	Label string
	// Evaluated are the examples that predictions are of; nil where the run has no examples.parquet
	// any more.
	Evaluated []record.Example
	// Chance is what guessing would score.
	Chance Chance
	// Warnings concern the run as a whole.
	Warnings []string
	// Examples are the intervals over test examples, which WriteAll makes of the predictions; no
	// table where there are none.
	Examples []table.Table
	// Asked are the tables that the suite asks for, which reports.Load makes.
	Asked []table.Table
	// Trials is what a tuning tried and chose, where the run is one that is complete; nil
	// otherwise.
	Trials *record.Tuning
	// forms are what FormMeasures read of the predictions, by cell; nil before. Results and page
	// both have them, and thousands of files are read once.
	forms map[string]forms
	// items are what BatteryMeasures read of them, in the same way.
	items *batteryItems
}

// Read reads a run's manifest and the records of every planned cell. A last line that a crash cut
// is left out, with a warning; any other malformed line, and records that contradict the plan, are
// errors that name the file.
func Read(run rundir.Run) (*Report, error) {
	manifest, err := rundir.ReadManifest(run)
	if err != nil {
		return nil, fmt.Errorf("load report: %w", err)
	}
	r := &Report{Run: run, Manifest: manifest, Warnings: slices.Clone(manifest.Changes)}
	if r.Suite, err = suite.OfManifest(run.Manifest(), manifest.Suite); err != nil {
		return nil, fmt.Errorf("load report: %w", err)
	}
	if len(r.Suite.Tasks) == 0 || len(r.Suite.Methods) == 0 || r.Suite.Seeds < 1 || r.Suite.Orders < 1 {
		return nil, fmt.Errorf("load report: the suite in %s has %d tasks, %d methods, %d seeds, %d orders; at least one of each is needed",
			run.Manifest(), len(r.Suite.Tasks), len(r.Suite.Methods), r.Suite.Seeds, r.Suite.Orders)
	}
	if r.Evaluated, err = record.ReadExamples(run.Examples()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("load report: %w", err)
	}
	divide(r)
	for _, part := range r.Each() {
		if err := part.loadCells(); err != nil {
			return nil, fmt.Errorf("load report: %w", err)
		}
	}
	if err := r.unplanned(); err != nil {
		return nil, fmt.Errorf("load report: %w", err)
	}
	for _, part := range r.Each() {
		if err := part.complete(); err != nil {
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
func (r *Report) loadCells() error {
	for seed := range r.Suite.Seeds {
		for order := range r.Suite.Orders {
			for _, m := range r.Suite.Methods {
				c, err := r.load(m, seed, order)
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
func (r *Report) complete() error {
	if err := r.loadTrials(); err != nil {
		return err
	}
	r.Chance = r.chance()
	r.checkBaseRows()
	for i := range r.Cells {
		r.Cells[i].Metrics = r.metricsOf(r.Cells[i])
	}
	return nil
}

// load reads one planned cell.
func (r *Report) load(m suite.MethodSpec, seed, order int) (Cell, error) {
	c := Cell{
		ID: record.CellID(m.Name, r.Label, seed, order), Method: m, Seed: seed, Order: order,
		State: record.Queued, Backbone: r.Suite.Backbone,
	}
	if order == 0 {
		c.Tasks = r.Suite.TaskNames()
	}
	err := c.read(r.Run.Cell(c.ID), r.Suite)
	if err == nil {
		err = checkBackbone(r, c)
	}
	if err != nil {
		return Cell{}, fmt.Errorf("cell %s: %w", c.ID, err)
	}
	return c, nil
}

// unplanned warns of folders that no planned cell has.
func (r *Report) unplanned() error {
	folders, err := r.Run.Cells()
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

// Base finds the first cell that has the base model's row.
func (r *Report) Base() (Cell, bool) {
	i := slices.IndexFunc(r.Cells, func(c Cell) bool { return len(c.R) > 0 && c.R[0] != nil })
	if i < 0 {
		return Cell{}, false
	}
	return r.Cells[i], true
}

// BaseMetrics are those of the base row: of a method that never trains, and that keeps what the
// base model knows. Where no cell has been evaluated yet they are undefined.
func (r *Report) BaseMetrics() map[string]metric.Value {
	values := map[string]metric.Value{}
	c, ok := r.Base()
	if !ok {
		for _, key := range metric.Keys {
			values[key] = metric.Undefined("not measured yet")
		}
		return values
	}
	values = metric.Compute(metric.Matrix{R: c.R[:1], K: c.K})
	if len(c.K) > 0 {
		known := metric.Number(c.K[0])
		values["knowledge_final"] = known
		if known.Defined() && known.Number != 0 {
			values["knowledge_retention"] = metric.Number(1)
		}
	}
	return values
}

// checkBaseRows warns of cells that measured another base row than the first: the base model is
// one, so its row must be too.
func (r *Report) checkBaseRows() {
	first, ok := r.Base()
	if !ok {
		return
	}
	for _, c := range r.Cells {
		if len(c.R) == 0 || c.R[0] == nil || c.Backbone != first.Backbone {
			continue
		}
		if len(c.K) > 0 && len(first.K) > 0 && c.K[0] != first.K[0] {
			r.Warnings = append(r.Warnings, fmt.Sprintf("K[0] of %s and %s differ: they were not measured alike", first.ID, c.ID))
		}
		for j, name := range c.Tasks {
			if c.R[0][j] != first.R[0][slices.Index(first.Tasks, name)] {
				r.Warnings = append(r.Warnings, fmt.Sprintf("the base rows of %s and %s differ at task %s: they were not measured alike", first.ID, c.ID, name))
				break
			}
		}
	}
}

// Joint finds the cell of joint training for the same seed and order.
func (r *Report) Joint(c Cell) (Cell, bool) {
	if !slices.ContainsFunc(r.Suite.Methods, func(m suite.MethodSpec) bool { return m.Preset == suite.Joint }) {
		return Cell{}, false // of thousands of cells none need be asked
	}
	i := slices.IndexFunc(r.Cells, func(j Cell) bool {
		return j.Method.Preset == suite.Joint && j.Seed == c.Seed && j.Order == c.Order
	})
	if i < 0 {
		return Cell{}, false
	}
	return r.Cells[i], true
}

// MatrixOf is what a cell measured, with what a joint run reached.
func (r *Report) MatrixOf(c Cell) metric.Matrix {
	matrix := metric.Matrix{R: c.R, K: c.K, Perplexity: c.Perplexity}
	if r.Suite.Evaluation.Every == suite.EveryFinal {
		matrix.Absent = "within the stream only the task just learned is evaluated (evaluation.every: final)"
	}
	if joint, planned := r.Joint(c); planned && joint.State == record.Done {
		last := joint.R[len(joint.R)-1]
		for _, name := range c.Tasks {
			matrix.Joint = append(matrix.Joint, last[slices.Index(joint.Tasks, name)])
		}
	}
	return matrix
}

// metricsOf computes a finished cell's metrics; those of any other are undefined with its state as
// the reason.
func (r *Report) metricsOf(c Cell) map[string]metric.Value {
	if c.State != record.Done {
		values := map[string]metric.Value{}
		for _, key := range metric.Keys {
			values[key] = metric.Undefined(c.Standing())
		}
		return values
	}
	joint, planned := r.Joint(c)
	values := metric.Compute(r.MatrixOf(c))
	switch {
	case r.Suite.Separate() && len(c.R) > 1:
		// The last row is the last task's alone, not the end of a stream.
		for _, d := range metric.Definitions {
			if !d.Alone() {
				values[d.Key] = metric.Undefined("each task was learned alone (stream: separate)")
			}
		}
	case c.Method.Preset == suite.Joint:
		// Its rows between the first and the last do not exist, and it is its own reference.
		for _, d := range metric.Definitions {
			if d.Stepwise() {
				values[d.Key] = metric.Undefined(atOnce)
			}
		}
	case planned && joint.State != record.Done && !c.Method.Reference():
		values["intransigence"] = metric.Undefined("joint run " + joint.Standing())
	}
	return values
}

// atOnce is why joint training has no score of a task right after its own.
const atOnce = "trained on all tasks at once"

// Optional reads a JSON Lines file that need not exist.
func Optional[T any](path string) (lines []T, torn bool, err error) {
	lines, torn, err = record.Read[T](path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, false, nil
	}
	return lines, torn, err
}
