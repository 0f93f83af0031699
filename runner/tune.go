package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"secura/experiments"
	"secura/experiments/launch"
	"secura/experiments/pretrained"
	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/experiments/tuning"
	"secura/methods"
	"secura/reports/metric"
	"secura/reports/report"
)

// TuneOptions are the flags of tune.
type TuneOptions struct {
	SuiteOptions
	PlaceOptions
	tuning.Options
}

func (o *TuneOptions) addFlags(flags *flag.FlagSet) {
	o.SuiteOptions.addSettings(flags)
	flags.Lookup("methods").Usage = "only these `NAMES`, separated by commas, also ones that the suite leaves out; all names every method there is"
	o.PlaceOptions.addFlags(flags)
	flags.Lookup("out").Usage = "the tuning's `DIR`. Default: runs/SUITE-tune"
	flags.IntVar(&o.Trials, "trials", 10, "`NUMBER` of trials of each method, 1 to 32. Half of them try learning rates over a grid; each further round tries what lies next to the best trial so far, beyond the grid too. The two best are then run again on further seeds, see -seeds")
	flags.IntVar(&o.Options.Seeds, "seeds", 3, "`NUMBER` of seeds on which a method's two best trials are compared, by their mean, their own seed among them; 1 runs none again")
	flags.IntVar(&o.Tasks, "tasks", 0, "`NUMBER` of tasks of the calibration stream, drawn from the suite's in turns of families; 0 takes all. A rate that is good for few tasks may be too high for many: lower it where hours count")
	flags.IntVar(&o.Examples, "examples", 64, "`NUMBER` of validation examples of each task at most; 0 takes all")
	flags.StringVar(&o.Objective, "objective", "", "`METRIC` by which the best trial is chosen, "+strings.Join(suite.Objectives, " or ")+", among trials that learn at least 8 points above the base row and a share of what the method's best learner does (-learned-share): a setting at which little is learned forgets little. If none does, the trial that learned most is chosen. Default: "+suite.FinalAccuracy+", or "+suite.LearningAccuracy+" where the suite's stream is separate, which has no end")
	flags.Float64Var(&o.LearnedShare, "learned-share", 0, "`SHARE` of the largest gain of a method's trials that a trial must have to be chosen by -objective; that of the suite's key tuning if not given, or else 0.8. A finished tuning is chosen from again with another one; where that leads to other trials, they need another -out")
}

func (o *TuneOptions) check(string) error {
	return errors.Join(o.SuiteOptions.check(), o.Options.Check())
}

func newTune() command {
	var o TuneOptions
	c := command{
		name: "tune", does: "chooses learning rates and coefficients: the same number of trials on validation data for each method",
		argument: "SUITE",
		examples: []string{
			"tune continual16",
			"tune continual16 -methods all -trials 8 -jobs 2",
			"tune continual16 -methods ewc,i-lora -objective learning_accuracy -out runs/strengths",
			"tune smollm16 -data DATA -backbone FILE.gguf -trials 7 -tasks 4 -seeds 1 -examples 48",
		},
		flags: newFlags("tune"), check: o.check,
		run: func(ctx context.Context, s string, stdout, stderr io.Writer) error {
			o.Suite = s
			return runTune(ctx, o, stdout, stderr)
		},
	}
	o.addFlags(c.flags)
	return c
}

// runTune runs the trials that are not finished yet, round by round, and the best of them again,
// chooses, and writes and prints what was chosen.
func runTune(ctx context.Context, o TuneOptions, stdout, stderr io.Writer) (err error) {
	all := o.Methods == "all"
	if all {
		o.Methods = ""
	}
	s, err := o.loadSingle()
	if err != nil {
		return err
	}
	if all {
		s = withAllMethods(s)
		if err := s.Validate(experiments.KnownPresets()); err != nil {
			return usagef("suite %s with -methods all: %w", s.Name, err)
		}
	}
	trialsOf := s
	trialsOf.Name = tuning.SuiteName(s)
	if s, err = fetchForRun(ctx, o.place(trialsOf), s, o.NoDownload, stderr); err != nil {
		return err
	}
	b, err := pretrained.OpenTexts(s.Place(), pretrained.Options{Chat: s.Chat})
	if err != nil {
		return err
	}
	tuner, err := tuning.NewTuner(s, methods.NewScale(b.Config, s.Training.Targets, s.Training.Steps), o.Options)
	if err != nil {
		return usage(err)
	}
	if o.Objective == "" && s.Separate() {
		fmt.Fprintf(stderr, "tuning %s: each task is learned alone, so that trials are compared by %s\n", s.Name, tuner.Objective())
	}
	begun, err := launch.WithLengths(o.place(tuner.Suite()), tuner.Suite())
	if err != nil {
		return err
	}
	prepared, err := prepare(ctx, begun, o.DataDir, stderr)
	if err != nil {
		return err
	}
	l := o.launch(tuner.Suite(), prepared, stderr)
	run := l.Run
	lock, err := rundir.TakeLock(run.Lock())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	if err := keepsChoices(run, s.Methods); err != nil {
		return err
	}

	for round, planned := 1, len(tuner.Suite().Methods); planned > 0; round, planned = round+1, tuner.Next() {
		fmt.Fprintf(stderr, "tuning %s, round %d: %s\n", s.Name, round, trials(planned))
		if err := runTrials(ctx, l, tuner.Suite(), tuner.Objective(), tuner.Score); err != nil {
			return err
		}
	}
	if again := tuner.Again(); len(again.Methods) > 0 {
		fmt.Fprintf(stderr, "tuning %s, the best again on %d further seeds: %s\n", s.Name, again.Seeds, trials(len(again.Methods)))
		l.Run = run.Again()
		if err := runTrials(ctx, l, again, tuner.Objective(), tuner.ScoreAgain); err != nil {
			return err
		}
	}
	if err := writeTuning(run, tuner, o); err != nil {
		return err
	}
	return printTables(run, stdout)
}

// keepsChoices refuses a tuning that would write its choices over those of methods that it leaves
// out.
func keepsChoices(run rundir.Run, methods []suite.MethodSpec) error {
	var before record.Tuning
	if err := rundir.ReadJSON(run.Tuning(), &before); errors.Is(err, os.ErrNotExist) {
		return nil
	} else if err != nil {
		return fmt.Errorf("read earlier choices: %w", err)
	}
	var lost, all []string
	for _, m := range before.Methods {
		if !slices.ContainsFunc(methods, func(s suite.MethodSpec) bool { return s.Name == m.Name }) {
			lost = append(lost, m.Name)
		}
		all = append(all, m.Name)
	}
	if len(lost) == 0 {
		return nil
	}
	for _, m := range methods {
		if m.Preset != suite.Frozen && !slices.Contains(all, m.Name) {
			all = append(all, m.Name)
		}
	}
	return usagef("%s has choices for %s, which would be lost: give -methods %s, whose finished trials are not run again, or another -out",
		run.Tuning(), strings.Join(lost, ", "), strings.Join(all, ","))
}

// trials counts them in words.
func trials(n int) string {
	if n == 1 {
		return "1 trial"
	}
	return fmt.Sprintf("%d trials", n)
}

// runTrials runs what is missing of the trials of a suite, and gives score what tells how each
// trial ended on a seed.
func runTrials(ctx context.Context, l launch.Launch, s suite.Suite, objective string, score func(outcome tuning.Outcomes) error) error {
	l.Suite = s.WithLengthsOf(l.Prepared.Suite)
	failures, err := runMissing(ctx, l)
	if err != nil {
		return err
	}
	r, err := report.Read(l.Run)
	if err == nil {
		err = score(outcomesOf(r, objective)) // a diverged trial has an outcome, a failed one has none
	}
	if err != nil {
		return errors.Join(err, failures)
	}
	return nil
}

// outcomesOf tells how the trials of a run ended, by their records.
func outcomesOf(r *report.Report, objective string) tuning.Outcomes {
	return func(trial string, seed int) (record.Outcome, error) {
		for _, c := range r.Cells {
			if c.Method.Name != trial || c.Seed != seed {
				continue
			}
			if c.State == record.CellDiverged {
				return record.Outcome{Reason: c.Standing()}, nil
			}
			if c.State != record.Done {
				return record.Outcome{}, fmt.Errorf("trial %s is %s, not done; give the same command again to go on", trial, c.Standing())
			}
			return outcomeOf(c, objective), nil
		}
		return record.Outcome{}, fmt.Errorf("%s has no trial %s of seed %d", r.Run.Path, trial, seed)
	}
}

// outcomeOf takes the metrics of a trial that is done.
func outcomeOf(c report.Cell, objective string) record.Outcome {
	var o record.Outcome
	for _, key := range metric.Keys {
		if v := c.Metrics[key]; v.Defined() {
			o.Metrics = append(o.Metrics, record.Score{Name: key, Value: v.Number})
		}
	}
	if gain := c.Gain(); gain.Defined() {
		o.Gain = &gain.Number
	}
	if v := c.Metrics[objective]; v.Defined() {
		o.Score = &v.Number
	} else {
		o.Reason = objective + ": " + v.Undefined
	}
	return o
}

// writeTuning writes tune.json and tuned.yaml.
func writeTuning(run rundir.Run, tuner *tuning.Tuner, o TuneOptions) error {
	tuning, err := tuner.Tuning()
	if err != nil {
		return err
	}
	base, err := baseOf(run, o.Suite)
	if err != nil {
		return err
	}
	var comments []string
	for _, setting := range o.Set {
		comments = append(comments, "Tuned with -set "+setting+": give the same to run.")
	}
	if o.Backbone != "" {
		comments = append(comments, "Tuned with -backbone "+o.Backbone+": give the same to run.")
	}
	text, err := tuner.TunedSuite(base, comments...)
	if err != nil {
		return err
	}
	return errors.Join(rundir.WriteJSON(run.Tuning(), tuning), rundir.WriteBytes(run.Tuned(), []byte(text)))
}

// baseOf is what tuned.yaml extends: an embedded suite by its name, a file by its absolute path.
func baseOf(run rundir.Run, s string) (string, error) {
	if slices.Contains(suite.List(), s) {
		return s, nil
	}
	path, err := filepath.Abs(s)
	if err != nil {
		return "", fmt.Errorf("write %s: %w", run.Tuned(), err)
	}
	return path, nil
}
