package claims

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/reports/metric"
	"secura/reports/report"
)

// Evidence is what claims are judged by: a run's report, and the measures in the records of its
// steps and boundaries.
type Evidence struct {
	*report.Report
	cells []cellMeasures
	// battery are the measures of report.BatteryMeasures by their keys.
	battery map[string]func(report.Cell) metric.Value
	// correlations are those of a stream that measured the divergence from the backbone.
	correlations []report.Correlation
}

// number is that of a metric's key, or of one of the battery's items.
func (e *Evidence) number(key string) func(report.Cell) metric.Value {
	if of, ok := e.battery[key]; ok {
		return of
	}
	return report.MetricOf(key)
}

// LoadEvidence reads a run's report and its measures: one of each backbone where it has several.
func LoadEvidence(run rundir.Run) (list []*Evidence, err error) {
	r, err := report.Read(run)
	if err != nil {
		return nil, err
	}
	return EvidenceOfEach(r)
}

// EvidenceOfEach is the evidence of a report that is read, for each of its backbones.
func EvidenceOfEach(r *report.Report) (list []*Evidence, err error) {
	for _, part := range r.Each() {
		e, err := EvidenceOf(part)
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, nil
}

// EvidenceOf reads the measures of a report's cells.
func EvidenceOf(r *report.Report) (*Evidence, error) {
	e := &Evidence{Report: r, battery: map[string]func(report.Cell) metric.Value{
		report.KnownKept: func(report.Cell) metric.Value { return metric.Undefined("the suite has no knowledge battery") }}}
	battery, err := r.BatteryMeasures()
	if err != nil {
		return nil, fmt.Errorf("load measures: %w", err)
	}
	for _, m := range battery {
		e.battery[m.Key] = m.Of
	}
	if r.HasKL() && !r.Suite.Separate() {
		if e.correlations, err = r.KLCorrelations(); err != nil {
			return nil, fmt.Errorf("load measures: %w", err)
		}
	}
	for _, c := range r.Cells {
		m, err := readMeasures(c, r.Run.Cell(c.ID))
		if err != nil {
			return nil, fmt.Errorf("load measures: cell %s: %w", c.ID, err)
		}
		e.cells = append(e.cells, m)
	}
	return e, nil
}

// cellMeasures are the ranges of a cell's measures, in the order in which they were first seen, and
// the loss of each step.
type cellMeasures struct {
	cell   report.Cell
	ranges []measureRange
	losses []sighting
	// first and second are the measures of the stream's first two steps.
	first, second []record.Measure
}

// measureRange is the least and the largest value of a measure, and where these were first seen.
type measureRange struct {
	name        string
	n           int
	least, most sighting
}

// sighting is a value of a measure. where is "task NAME, step 3", "before the stream" or "after
// task NAME".
type sighting struct {
	value       float64
	cell, where string
}

// perRate is step/relative divided by the step's learning rate.
const perRate = "step/relative per learning rate"

// ofUpdate are measures of a step's update: a step that moved nothing, its learning rate being 0,
// has none.
var ofUpdate = []string{"step/relative", "magnorm/moved_mean", "magnorm/scaling_ratio"}

func readMeasures(c report.Cell, folder rundir.Cell) (cellMeasures, error) {
	m := cellMeasures{cell: c}
	index := map[string]int{}
	add := func(name string, value float64, where func() string) {
		i, seen := index[name]
		if !seen {
			i = len(m.ranges)
			index[name] = i
			m.ranges = append(m.ranges, measureRange{name: name})
		}
		if r := &m.ranges[i]; !seen || value < r.least.value || value > r.most.value {
			r.include(sighting{value, c.ID, where()}, !seen)
		}
		m.ranges[i].n++
	}
	events, _, err := report.Optional[record.Event](folder.Records())
	if err != nil {
		return m, err
	}
	for _, e := range events {
		for _, measure := range e.Measures {
			add(measure.Name, measure.Value, func() string {
				switch {
				case e.Task != "": // within a task
					return report.Where(e.Task, e.Step)
				case e.Index < 1 || e.Index > len(c.Tasks):
					return "before the stream"
				}
				return "after task " + c.Tasks[e.Index-1]
			})
		}
	}
	steps, _, err := report.Optional[record.Step](folder.Steps())
	if err != nil {
		return m, err
	}
	if len(steps) > 1 {
		m.first, m.second = steps[0].Measures, steps[1].Measures
	}
	for _, s := range steps {
		place := func() string { return report.Where(s.Task, s.Step) }
		m.losses = append(m.losses, sighting{s.Loss, c.ID, place()})
		still := slices.Contains(s.Measures, record.Measure{Name: "step/relative"})
		for _, measure := range s.Measures {
			if still && slices.Contains(ofUpdate, measure.Name) {
				continue
			}
			add(measure.Name, measure.Value, place)
			if measure.Name == "step/relative" && s.LearningRate > 0 {
				add(perRate, measure.Value/s.LearningRate, place)
			}
		}
	}
	return m, nil
}

// include widens the range.
func (r *measureRange) include(s sighting, first bool) {
	if first || s.value < r.least.value {
		r.least = s
	}
	if first || s.value > r.most.value {
		r.most = s
	}
}

// ranged is the range of all measures that are named, over the cells that are wanted of all runs; n
// is 0 where there is none.
func ranged(runs []*Evidence, wanted func(suite.MethodSpec) bool, named func(string) bool) (all measureRange) {
	for _, e := range runs {
		for _, c := range e.cells {
			if !wanted(c.cell.Method) {
				continue
			}
			for _, r := range c.ranges {
				if !named(r.name) {
					continue
				}
				all.include(r.least, all.n == 0)
				all.include(r.most, false)
				all.n += r.n
			}
		}
	}
	return all
}

// exactly names one measure, tensor the gradients of one tensor in every projection.
func exactly(name string) func(string) bool { return func(s string) bool { return s == name } }
func tensor(name string) func(string) bool {
	return func(s string) bool { return strings.HasPrefix(s, "gradient/") && strings.HasSuffix(s, "/"+name) }
}

// plain wants the cells of presets whose mathematics the suite has not changed: learning rate and
// ranks may differ.
func plain(presets ...string) func(suite.MethodSpec) bool {
	return func(m suite.MethodSpec) bool {
		for _, key := range mathematics {
			if _, changed := m.Params[key]; changed {
				return false
			}
		}
		return slices.Contains(presets, m.Preset)
	}
}

// mathematics are the parameters of the SECURA family that make another method of it.
var mathematics = []string{
	"init", "bias", "magnorm", "scale", "space", "normalise", "form", "restraint", "edge", "share", "decay", "merge", "merge_every", "merge_precision", "former",
}

// text prints the range with so many significant digits, as one number where its ends read the
// same.
func (r measureRange) text(digits int, unit float64, suffix string) string {
	least := fmt.Sprintf("%.*g", digits, r.least.value*unit) + suffix
	most := fmt.Sprintf("%.*g", digits, r.most.value*unit) + suffix
	if least == most {
		return most
	}
	return least + " … " + most
}

// inDigits is text for ranges that are still to be found.
func inDigits(digits int, unit float64, suffix string) func(measureRange) string {
	return func(r measureRange) string { return r.text(digits, unit, suffix) }
}

// within says that the whole range is no further than tolerance from x.
func (r measureRange) within(x, tolerance float64) bool {
	return math.Abs(r.least.value-x) <= tolerance && math.Abs(r.most.value-x) <= tolerance
}
