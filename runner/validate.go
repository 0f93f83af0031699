package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"runtime"
	"text/tabwriter"
	"time"

	"secura/experiments"
	"secura/experiments/engine"
	"secura/experiments/launch"
	"secura/experiments/suite"
)

// ValidateOptions are the flags of validate.
type ValidateOptions struct {
	SuiteOptions
	DataDir string
	// Time measures a few steps and an evaluation, and tells how long the run will take.
	Time bool
}

func newValidate() command {
	var o ValidateOptions
	c := command{
		name: "validate", does: "checks a suite, every data file and every row before hours are spent",
		argument: "SUITE",
		examples: []string{"validate continual16", "validate mine.yaml -data /data", "validate continual16 -time"},
		flags:    newFlags("validate"),
		check:    func(string) error { return o.SuiteOptions.check() },
		run: func(ctx context.Context, s string, stdout, stderr io.Writer) error {
			o.Suite = s
			return runValidate(ctx, o, stdout, stderr)
		},
	}
	o.SuiteOptions.addFlags(c.flags)
	o.addFlags(c.flags)
	return c
}

func (o *ValidateOptions) addFlags(flags *flag.FlagSet) {
	flags.StringVar(&o.DataDir, "data", ".", "`DIR` below which the tasks' relative sources lie")
	flags.BoolVar(&o.Time, "time", false, "estimate the time and memory of a run from a few steps of each method and one evaluation, with an installed backend")
}

func runValidate(ctx context.Context, o ValidateOptions, stdout, stderr io.Writer) error {
	s, err := o.load()
	if err != nil {
		return err
	}
	prepared, err := experiments.Prepare(s, o.DataDir)
	if err != nil {
		return err
	}
	launch.Warn(stderr, prepared.Warnings)
	cells, hash, err := suite.Plan(s)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "task\tfamily\ttrain\t%s\n", s.Evaluation.Split)
	for _, t := range s.Tasks {
		fmt.Fprintf(w, "%s\t%s", t.Name, t.Family)
		for _, split := range []string{"train", s.Evaluation.Split} {
			n, err := prepared.Texts.Count(t, split)
			if err != nil {
				return err
			}
			fmt.Fprintf(w, "\t%d", n)
		}
		fmt.Fprintln(w)
	}
	for _, t := range s.Knowledge {
		n, err := prepared.Texts.Count(t, "test")
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s\tknowledge\t\t%d\n", t.Name, n)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	several := ""
	if n := len(s.BackboneNames()); n > 1 {
		several = fmt.Sprintf("%d backbones, ", n)
	}
	fmt.Fprintf(stdout, "\nsuite %s is valid: plan %.12s, %d files, %d cells (%s%d methods, %d seeds, %d orders), each %d tasks of %d steps of %d examples\n",
		s.Name, hash, len(prepared.Files), len(cells), several, len(s.Methods), s.Seeds, s.Orders, len(s.Tasks), s.Training.Steps, s.Training.Batch)
	whole, own := s.Evaluations()
	fmt.Fprintf(stdout, "each cell evaluates the base row and %d times everything", whole)
	if own > 0 {
		fmt.Fprintf(stdout, ", %d times the task just learned alone", own)
	}
	if s.Evaluation.EverySteps > 0 {
		fmt.Fprintf(stdout, "; within a task every %d steps", s.Evaluation.EverySteps)
	}
	if at := s.Evaluation.AtSteps; len(at) > 0 {
		fmt.Fprintf(stdout, "; within the first one after steps %v", at)
	}
	fmt.Fprintln(stdout)
	if !o.Time {
		return nil
	}
	return estimate(ctx, o, s, prepared, len(cells), stdout, stderr)
}

// estimate tells what a run of the suite's cells will take, and what that is computed from.
func estimate(ctx context.Context, o ValidateOptions, s suite.Suite, prepared *experiments.Prepared, cells int, stdout, stderr io.Writer) error {
	e, err := measured(ctx, o, s, prepared, stderr)
	if err != nil {
		return fmt.Errorf("estimate the run: %w", err)
	}
	workers := min(runtime.NumCPU(), cells)
	total, err := e.Seconds(s, workers)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "\nall cells will take about %s on %d cores with no other work, and %.1f GB for each of %d workers.\nMeasured here, in seconds of one core:\n",
		(time.Duration(total) * time.Second).Round(time.Second), workers, float64(e.PeakBytes)/1e9, workers)
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\ta step\tits padding\ta task's end\tcompiling\t")
	for _, m := range e.Methods {
		fmt.Fprintf(w, "%s\t%.3f\t%.0f %%\t%.2f\t%.1f\t\n", m.Name, m.Step, 100*m.Padding, m.TaskEnd, m.Compile)
	}
	fmt.Fprintf(w, "everything evaluated once\t%.2f\t\t\t%.1f\t\n", e.Evaluation, e.EvaluationCompile)
	return w.Flush()
}

// measured lets a worker measure the suite in a scratch run.
func measured(ctx context.Context, o ValidateOptions, s suite.Suite, prepared *experiments.Prepared, stderr io.Writer) (e experiments.Estimate, err error) {
	if err := s.CheckSingle(); err != nil {
		return e, err
	}
	scratch, err := launch.NewScratch(ctx, s, prepared, o.DataDir, true, stderr)
	if err != nil {
		return e, err
	}
	defer func() { err = errors.Join(err, scratch.Close()) }()
	run, err := scratch.Begin()
	if err != nil {
		return e, err
	}
	command := scratch.Worker(run, "-measure")
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, stderr
	if err := engine.OnOneCore(ctx, command); err != nil {
		return e, err
	}
	return e, json.Unmarshal(out.Bytes(), &e)
}
