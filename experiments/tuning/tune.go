// Package tuning chooses learning rates and coefficients by trials on validation splits, the same number for each method.
// In comes a suite; out come the trials to run, as a suite of their own, and, from their scores, the choice and the suite
// file that has it. Read Tuner first.
package tuning

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"secura/datasets"
	"secura/experiments/record"
	"secura/experiments/suite"
	"secura/methods"
)

// Options are what NewTuner is told.
type Options struct {
	// Trials is the budget of each method.
	Trials int
	// Tasks is how many of the suite's tasks the calibration stream has at most.
	Tasks int
	// Examples bounds the validation examples of each task; 0 takes all.
	Examples int
	// Objective is one of Objectives.
	Objective string
}

// maxTrials keeps the rates of a grid apart in two digits.
const maxTrials = 32

// Check says what is wrong with the options.
func (o Options) Check() error {
	var mistakes []error
	if o.Trials < 1 || o.Trials > maxTrials {
		mistakes = append(mistakes, fmt.Errorf("%d trials, must be 1 to %d", o.Trials, maxTrials))
	}
	if o.Tasks < 1 || o.Examples < 0 {
		mistakes = append(mistakes, fmt.Errorf("%d tasks and %d examples, must be at least 1 and 0", o.Tasks, o.Examples))
	}
	if !slices.Contains(suite.Objectives, o.Objective) {
		mistakes = append(mistakes, errors.New(datasets.Unknown("objective", o.Objective, suite.Objectives)))
	}
	return errors.Join(mistakes...)
}

// Tuner plans the trials of a suite's methods in two stages: learning rates first, and at the best of them the method's
// own coefficient, or finer learning rates where it has none. Each method gets the same number of trials in each stage.
// What it plans depends on the suite, the options and the trials' scores alone.
type Tuner struct {
	suite       suite.Suite // whose methods are tuned
	calibration suite.Suite // without methods
	options     Options
	methods     []*tuned
}

// tuned is one method and its trials so far.
type tuned struct {
	record.TunedMethod
	spec   suite.MethodSpec
	values []any // of the coefficient: the first one and those that the second stage has trials for
}

// NewTuner plans the first stage. Methods that train nothing are left out.
func NewTuner(s suite.Suite, o Options) (*Tuner, error) {
	wrap := func(err error) error { return fmt.Errorf("tune suite %s: %w", s.Name, err) }
	if err := o.Check(); err != nil {
		return nil, wrap(err)
	}
	t := &Tuner{suite: s, options: o, calibration: calibration(s, o)}
	for _, spec := range s.Methods {
		m, ok := methods.Find(spec.Preset)
		if !ok {
			return nil, wrap(errors.New(datasets.Unknown("method", spec.Preset, methods.Names())))
		}
		if m.Kind == methods.Untrained {
			continue
		}
		grid, err := m.Grid()
		if err != nil {
			return nil, wrap(err)
		}
		u := &tuned{spec: spec, TunedMethod: record.TunedMethod{Preset: spec.Preset, Name: spec.Name, Least: grid.Least, Largest: grid.Largest, Choice: -1}}
		if c := grid.Coefficient; c.Key != "" {
			u.Coefficient, u.Values = c.Key, c.Values(s.Training.Steps)
			u.values = u.Values[:min(len(u.Values), 1+secondStage(o.Trials))]
		}
		for _, rate := range rates(grid.Least, grid.Largest, t.firstStage(u)) {
			u.add(1, rate, u.first())
		}
		t.methods = append(t.methods, u)
	}
	if len(t.methods) == 0 {
		return nil, wrap(errors.New("none of its methods trains anything"))
	}
	return t, nil
}

// firstStage is how many learning rates of a method are tried; a coefficient with few values leaves them more.
func (t *Tuner) firstStage(u *tuned) int {
	if u.Coefficient != "" {
		return t.options.Trials - (len(u.values) - 1)
	}
	return t.options.Trials - secondStage(t.options.Trials)
}

// secondStage is the share of a budget that is spent at the best learning rate.
func secondStage(trials int) int { return trials * 3 / 8 }

// first is the coefficient's value in the first stage; nil without one.
func (u *tuned) first() any {
	if len(u.values) == 0 {
		return nil
	}
	return u.values[0]
}

// add plans a trial.
func (u *tuned) add(stage int, rate float64, value any) {
	t := record.Trial{Name: fmt.Sprintf("%s.t%02d", u.Name, len(u.Trials)+1), Stage: stage, LearningRate: rate, Value: value}
	t.Params = maps.Clone(u.spec.Params)
	if u.Coefficient != "" {
		if t.Params == nil {
			t.Params = map[string]any{}
		}
		t.Params[u.Coefficient] = value
	}
	u.Trials = append(u.Trials, t)
}

// Suite has the trials that are planned so far as its methods; running it runs them.
func (t *Tuner) Suite() suite.Suite {
	s := t.calibration
	s.Methods = nil
	for _, u := range t.methods {
		for _, trial := range u.Trials {
			s.Methods = append(s.Methods, suite.MethodSpec{Preset: u.Preset, Name: trial.Name, LearningRate: trial.LearningRate,
				Reason: fmt.Sprintf("trial of stage %d", trial.Stage), Params: trial.Params})
		}
	}
	return s
}

// Outcome is how a trial ended.
type Outcome struct {
	// Score is the objective; nil, with a Reason, where there is none.
	Score  *float64
	Reason string
	// Gain is the learning accuracy above the base row's; nil where it is not known.
	Gain *float64
	// Metrics are others, for the record.
	Metrics []record.Score
}

// Score takes the outcomes of all trials that are planned so far, each asked for by its name.
func (t *Tuner) Score(outcome func(trial string) (Outcome, error)) error {
	for _, u := range t.methods {
		for i := range u.Trials {
			o, err := outcome(u.Trials[i].Name)
			if err != nil {
				return fmt.Errorf("tune suite %s: %w", t.suite.Name, err)
			}
			if o.Score == nil && o.Reason == "" {
				return fmt.Errorf("tune suite %s: trial %s has neither score nor reason", t.suite.Name, u.Trials[i].Name)
			}
			u.Trials[i].Score, u.Trials[i].Reason, u.Trials[i].Gain, u.Trials[i].Metrics = o.Score, o.Reason, o.Gain, o.Metrics
		}
		u.Choose()
	}
	return nil
}

// Refine plans the second stage from the scores of the first: the coefficient's other values at the best learning rate,
// or for a method without one further rates on both sides of the best. Where no trial has a score, the lowest rate
// counts as the best.
func (t *Tuner) Refine() {
	for _, u := range t.methods {
		left := t.options.Trials - len(u.Trials)
		best := max(u.Choice, 0)
		rate := u.Trials[best].LearningRate
		if u.Coefficient != "" {
			for _, value := range u.values[1:][:left] {
				u.add(2, rate, value)
			}
			continue
		}
		for _, rate := range finer(u.Trials, best, left) {
			u.add(2, rate, nil)
		}
	}
}

// Tuning is what was tried and chosen. It is an error where two methods have had different budgets.
func (t *Tuner) Tuning() (record.Tuning, error) {
	k := t.calibration.Tuning
	r := record.Tuning{Suite: t.suite.Name, Budget: t.options.Trials,
		Stream: k.Stream, Steps: t.suite.Training.Steps, Split: k.Split, Examples: k.Examples, Objective: k.Objective}
	for _, u := range t.methods {
		if len(u.Trials) != t.options.Trials {
			return record.Tuning{}, fmt.Errorf("tune suite %s: method %s has had %d trials, all must have %d", t.suite.Name, u.Name, len(u.Trials), t.options.Trials)
		}
		r.Methods = append(r.Methods, u.TunedMethod)
	}
	return r, nil
}
