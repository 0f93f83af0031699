package report

import (
	"slices"

	"secura/experiments/record"
	"secura/reports/metric"
)

// Measure is a number of a cell beside its metrics, of what a suite may have measured. In
// results.json it stands among the metrics, in runs that have it.
type Measure struct {
	// Key is its name in files. A number after @ is the mixture, or how many further examples.
	Key string
	// Head is its name in the heads of tables, a line each, and Meaning what it is.
	Head    []string
	Meaning string
	// Better is 1 where more is better, -1 where less is.
	Better float64
	// Nats are shown as they are, in nats a token; other measures in points of 100.
	Nats bool
	// Of is the number of a cell that is done.
	Of func(c Cell) metric.Value
}

// Measures are those that the run has: in the order of the tables stability, interpolation, format,
// battery, recovery and kl. Tasks that are learned alone have none, for they are no stream. Those
// of the form of answers and of the battery's items are read from the predictions.
func (r *Report) Measures() ([]Measure, error) {
	if r.Suite.Separate() || r.Trials != nil {
		return nil, nil
	}
	var list []Measure
	if r.HasCurve() {
		list = append(list, r.WithinMeasures()...)
	}
	for _, mix := range r.Mixes() {
		of := MixtureMeasures(shortest(mix), mix)
		list = append(list, of[:]...)
	}
	forms, err := r.FormMeasures()
	if err != nil {
		return nil, err
	}
	list = append(list, forms...)
	battery, err := r.BatteryMeasures()
	if err != nil {
		return nil, err
	}
	list = append(list, battery...)
	if examples := r.RecoveryExamples(); len(examples) > 0 {
		list = append(list, RecoveryMeasures(examples)...)
	}
	if r.HasKL() {
		list = append(list, KLMeasures...)
	}
	return slices.DeleteFunc(list, func(m Measure) bool { return !r.anyHas(m) }), nil
}

// anyHas says whether any cell has a measure.
func (r *Report) anyHas(m Measure) bool {
	return slices.ContainsFunc(r.Cells, func(c Cell) bool { return m.in(c).Defined() })
}

// in is the measure of a cell, or the standing of one that is not done.
func (m Measure) in(c Cell) metric.Value {
	if c.State != record.Done {
		return metric.Undefined(c.Standing())
	}
	return m.Of(c)
}

// MeasureGroup are measures that a run has or has not together.
type MeasureGroup struct {
	// Needs says which runs have them.
	Needs    string
	Measures []Measure
}

// MeasureGroups are all measures that a run may have, for lists: with MIX and K for numbers.
func MeasureGroups() []MeasureGroup {
	var r *Report // nothing is asked of it
	mixtures := MixtureMeasures("MIX", 0)
	return []MeasureGroup{
		{"evaluation.every_steps", r.WithinMeasures()},
		{"evaluation.interpolate", mixtures[:]},
		{"tasks with written answers", formMeasures(nil)},
		{"a knowledge battery", batteryMeasures(nil)},
		{"a knowledge battery of questions with options", sumMeasures(nil)},
		{"evaluation.recovery", recoveryMeasures([]string{"K"}, []int{0})},
		{"evaluation.kl", KLMeasures},
	}
}
