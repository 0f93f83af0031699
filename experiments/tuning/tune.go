// Package tuning chooses learning rates and coefficients by trials on validation splits, the same
// number for each method. In comes a suite; out come the trials to run, as suites of their own,
// and, from their scores, the choice and the suite file that has it. Read Tuner first, then search.
package tuning

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"secura/experiments/record"
	"secura/experiments/suite"
	"secura/methods"
	"secura/spelling"
)

// Options are what NewTuner is told.
type Options struct {
	// Trials is the budget of each method.
	Trials int
	// Tasks bounds the tasks of the calibration stream; 0 takes all of the suite's.
	Tasks int
	// Seeds is on how many seeds the finalists are compared, the trials' own among them.
	Seeds int
	// Examples bounds the validation examples of each task; 0 takes all.
	Examples int
	// Objective is one of suite.Objectives; empty takes the first that the suite's stream has.
	Objective string
	// LearnedShare is the share of the largest gain of a method's trials that one must have to be
	// chosen by the objective; 0 takes the suite's, and record.LearnedShare where it has none.
	LearnedShare float64
}

const (
	// maxTrials keeps the rates of the methods' own grids apart in two digits.
	maxTrials = 32
	// maxSeeds is more than a choice gains by.
	maxSeeds = 32
	// Finalists of each method are run again, on further seeds: a trial of one seed may win by
	// luck.
	Finalists = 2
)

// Check says what is wrong with the options.
func (o Options) Check() error {
	var mistakes []error
	if o.Trials < 1 || o.Trials > maxTrials {
		mistakes = append(mistakes, fmt.Errorf("%d trials, must be 1 to %d", o.Trials, maxTrials))
	}
	if o.Tasks < 0 {
		mistakes = append(mistakes, fmt.Errorf("%d tasks, must be at least 0", o.Tasks))
	}
	if o.Seeds < 1 || o.Seeds > maxSeeds {
		mistakes = append(mistakes, fmt.Errorf("%d seeds, must be 1 to %d", o.Seeds, maxSeeds))
	}
	if o.Examples < 0 {
		mistakes = append(mistakes, fmt.Errorf("%d examples, must be at least 0", o.Examples))
	}
	if o.LearnedShare < 0 || o.LearnedShare > 1 {
		mistakes = append(mistakes, fmt.Errorf("a learned share of %g, must be from 0 to 1", o.LearnedShare))
	}
	if o.Objective != "" && !slices.Contains(suite.Objectives, o.Objective) {
		mistakes = append(mistakes, errors.New(spelling.Unknown("objective", o.Objective, suite.Objectives)))
	}
	return errors.Join(mistakes...)
}

// Tuner plans the trials of a suite's methods round by round: Next plans a round, Suite has it,
// Score takes its outcomes. When Next has nothing more to plan, the two best trials of each method
// are run again, on further seeds (Again, ScoreAgain), and the higher mean over all of them is
// chosen. Every method gets the same number of trials. What is planned depends on the suite, the
// options and the trials' scores alone, so that a tuning that was interrupted goes on with the same
// trials.
type Tuner struct {
	suite       suite.Suite // whose methods are tuned
	calibration suite.Suite // without methods
	options     Options
	methods     []*tuned
	round       int
}

// tuned is one method and its trials so far.
type tuned struct {
	record.TunedMethod
	spec   suite.MethodSpec
	search search
	points []point // of the trials
}

// NewTuner begins a tuning on a backbone of this scale. Methods that train nothing are left out. A
// coefficient that the suite holds fixed is not tuned; the method has learning rates for all of its
// trials. The first of these lie within the suite's bounds, if it has any.
func NewTuner(s suite.Suite, scale methods.Scale, o Options) (*Tuner, error) {
	wrap := func(err error) error { return fmt.Errorf("tune suite %s: %w", s.Name, err) }
	if err := o.Check(); err != nil {
		return nil, wrap(err)
	}
	if o.Tasks > len(s.Tasks) {
		return nil, wrap(fmt.Errorf("%d tasks, the suite has %d", o.Tasks, len(s.Tasks)))
	}
	var err error
	if o.Objective, err = objective(s, o.Objective); err != nil {
		return nil, wrap(err)
	}
	t := &Tuner{suite: s, options: o, calibration: calibration(s, o)}
	for _, spec := range s.Methods {
		m, ok := methods.Find(spec.Preset)
		if !ok {
			return nil, wrap(errors.New(spelling.Unknown("method", spec.Preset, methods.Names())))
		}
		if m.Kind == methods.Untrained {
			continue
		}
		grid, err := m.Grid()
		if err != nil {
			return nil, wrap(err)
		}
		if len(spec.LearningRates) > 0 {
			grid.Least, grid.Largest = spec.LearningRates[0], spec.LearningRates[1]
		}
		if slices.ContainsFunc(grid.Coefficient.Keys, func(key string) bool { return slices.Contains(spec.Fixed, key) }) {
			grid.Coefficient = methods.Coefficient{}
		}
		u := &tuned{spec: spec, search: newSearch(grid, scale, o.Trials)}
		u.TunedMethod = record.TunedMethod{Preset: spec.Preset, Name: spec.Name, Coefficient: u.search.grid.Coefficient.Keys, Choice: -1}
		t.methods = append(t.methods, u)
	}
	if len(t.methods) == 0 {
		return nil, wrap(errors.New("none of its methods trains anything"))
	}
	t.Next()
	return t, nil
}

// objective is what the trials of a suite are compared by: what is asked for, or the first that
// its stream has. One that no trial of the stream, or of a method, would have is an error.
func objective(s suite.Suite, asked string) (string, error) {
	if s.Separate() {
		if asked == suite.FinalAccuracy {
			return "", fmt.Errorf("the objective %s is measured at a stream's end, which stream: %s does not have; give %s", asked, suite.Separate, suite.LearningAccuracy)
		}
		return suite.LearningAccuracy, nil
	}
	if asked == suite.LearningAccuracy {
		for _, spec := range s.Methods {
			if m, ok := methods.Find(spec.Preset); ok && m.Kind == methods.Joint {
				return "", fmt.Errorf("the objective %s is measured right after each task, but method %s learns all at once; give %s, or leave the method out", asked, spec.Name, suite.FinalAccuracy)
			}
		}
	}
	return cmp.Or(asked, suite.FinalAccuracy), nil
}

// Objective is the metric that the trials are compared by.
func (t *Tuner) Objective() string { return t.options.Objective }

// Next plans one more round, and says how many trials it has; 0 where every method has had its
// budget.
func (t *Tuner) Next() (planned int) {
	t.round++
	for _, u := range t.methods {
		left := t.options.Trials - len(u.Trials)
		if left == 0 {
			continue
		}
		outcomes := make([]record.Outcome, len(u.Trials))
		for i, trial := range u.Trials {
			outcomes[i] = trial.Outcome
		}
		round := u.search.next(u.points, outcomes, u.Choice)
		for _, p := range round[:min(len(round), left)] {
			u.add(t.round, p)
			planned++
		}
	}
	return planned
}

// add plans a trial.
func (u *tuned) add(round int, p point) {
	t := record.Trial{Name: fmt.Sprintf("%s.t%02d", u.Name, len(u.Trials)+1), Round: round, LearningRate: u.search.rate(p)}
	t.Params = maps.Clone(u.spec.Params)
	if t.Params == nil && len(u.Coefficient) > 0 {
		t.Params = map[string]any{}
	}
	for i, value := range u.search.values(p) {
		t.Params[u.Coefficient[i]] = value
	}
	u.Trials, u.points = append(u.Trials, t), append(u.points, p)
}

// Suite has the trials that are planned so far as its methods; running it runs them.
func (t *Tuner) Suite() suite.Suite {
	s := t.calibration
	s.Methods = nil
	for _, u := range t.methods {
		for _, trial := range u.Trials {
			s.Methods = append(s.Methods, u.method(trial))
		}
	}
	return s
}

// Again has the finalists on further seeds, by a pairing of their own: no number that they draw is
// one of a trial's. It has no methods where no trial has a score, and where one seed is enough.
func (t *Tuner) Again() suite.Suite {
	s := t.calibration
	s.Name, s.Pairing, s.Seeds = s.Name+"-again", s.Pairing+"-again", t.options.Seeds-1
	s.Methods = nil
	if s.Seeds == 0 {
		return s
	}
	for _, u := range t.methods {
		for _, i := range u.Best(Finalists, t.calibration.Tuning.Share()) {
			s.Methods = append(s.Methods, u.method(u.Trials[i]))
		}
	}
	return s
}

// method is a trial as a suite's method.
func (u *tuned) method(t record.Trial) suite.MethodSpec {
	return suite.MethodSpec{Preset: u.Preset, Name: t.Name, LearningRate: t.LearningRate, Reason: fmt.Sprintf("trial of round %d", t.Round), Params: t.Params}
}

// Outcomes tell how a trial ended on a seed of the suite that it was run in.
type Outcomes func(trial string, seed int) (record.Outcome, error)

// Score takes the outcomes of all trials that are planned so far.
func (t *Tuner) Score(outcomes Outcomes) (err error) {
	for _, u := range t.methods {
		for i := range u.Trials {
			if u.Trials[i].Outcome, err = t.outcome(outcomes, u.Trials[i].Name, 0); err != nil {
				return err
			}
		}
		u.Choose(t.calibration.Tuning.Share())
	}
	return nil
}

// ScoreAgain takes the outcomes of the finalists on the seeds of Again.
func (t *Tuner) ScoreAgain(outcomes Outcomes) error {
	for _, u := range t.methods {
		for _, i := range u.Best(Finalists, t.calibration.Tuning.Share()) {
			u.Trials[i].Again = nil
			for seed := range t.options.Seeds - 1 {
				o, err := t.outcome(outcomes, u.Trials[i].Name, seed)
				if err != nil {
					return err
				}
				u.Trials[i].Again = append(u.Trials[i].Again, o)
			}
		}
		u.Choose(t.calibration.Tuning.Share())
	}
	return nil
}

// outcome is a trial's, which has a score, or a reason why not.
func (t *Tuner) outcome(outcomes Outcomes, trial string, seed int) (record.Outcome, error) {
	o, err := outcomes(trial, seed)
	if err == nil && o.Score == nil && o.Reason == "" {
		err = fmt.Errorf("trial %s has neither score nor reason", trial)
	}
	if err != nil {
		return record.Outcome{}, fmt.Errorf("tune suite %s: %w", t.suite.Name, err)
	}
	return o, nil
}

// Tuning is what was tried and chosen. It is an error where two methods have had different budgets.
func (t *Tuner) Tuning() (record.Tuning, error) {
	k := t.calibration.Tuning
	r := record.Tuning{Suite: t.suite.Name, Budget: t.options.Trials, Finalists: Finalists, Seeds: k.Seeds,
		Stream: k.Stream, Steps: t.suite.Training.Steps, Split: k.Split, Examples: k.Examples, Objective: k.Objective, LearnedShare: k.LearnedShare}
	for _, u := range t.methods {
		if len(u.Trials) != t.options.Trials {
			return record.Tuning{}, fmt.Errorf("tune suite %s: method %s has had %d trials, all must have %d", t.suite.Name, u.Name, len(u.Trials), t.options.Trials)
		}
		m := u.TunedMethod
		m.Remarks = nil
		if chosen, ok := m.Chosen(); ok {
			m.Remarks = u.search.remarks(u.points, u.points[m.Choice])
			if t.options.Seeds > 1 && len(chosen.Again) == 0 {
				m.Remarks = append(m.Remarks, "the best trials of one seed diverged on another; this one was not run again")
			}
		}
		r.Methods = append(r.Methods, m)
	}
	return r, nil
}
