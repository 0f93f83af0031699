package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"text/tabwriter"
	"time"

	"secura/experiments"
	"secura/experiments/engine"
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
		name: "validate", does: "checks a suite, every data file, and the templates of each task on all rows, before hours are spent",
		argument: "SUITE",
		examples: []string{"validate continual16", "validate mine.yaml -data /data", "validate continual16 -time"},
		flags:    newFlags("validate"),
		check:    func(string) error { return o.SuiteOptions.check() },
		run: func(ctx context.Context, suite string, stdout, stderr io.Writer) error {
			o.Suite = suite
			return runValidate(ctx, o, stdout, stderr)
		},
	}
	o.SuiteOptions.addFlags(c.flags)
	o.addFlags(c.flags)
	return c
}

func (o *ValidateOptions) addFlags(flags *flag.FlagSet) {
	flags.StringVar(&o.DataDir, "data", ".", "`DIR` below which the tasks' relative sources lie")
	flags.BoolVar(&o.Time, "time", false, "make a few steps of each method and one evaluation here, with an installed backend, and tell the time and memory that a run will take")
}

func runValidate(ctx context.Context, o ValidateOptions, stdout, stderr io.Writer) error {
	suite, err := o.load()
	if err != nil {
		return err
	}
	files, err := experiments.PrepareAndTell(suite, o.DataDir, func(warning string) { fmt.Fprintln(stderr, "warning:", warning) })
	if err != nil {
		return err
	}
	cells, hash, err := experiments.Plan(suite)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "task\tfamily\ttrain\t%s\n", suite.Evaluation.Split)
	for _, t := range suite.Tasks {
		fmt.Fprintf(w, "%s\t%s", t.Name, t.Family)
		for _, split := range []string{"train", suite.Evaluation.Split} {
			examples, err := t.Load(o.DataDir, split)
			if err != nil {
				return err
			}
			fmt.Fprintf(w, "\t%d", len(examples))
		}
		fmt.Fprintln(w)
	}
	for _, t := range suite.Knowledge {
		examples, err := t.Load(o.DataDir, "test")
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s\tknowledge\t\t%d\n", t.Name, len(examples))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	several := ""
	if n := len(suite.BackboneNames()); n > 1 {
		several = fmt.Sprintf("%d backbones, ", n)
	}
	fmt.Fprintf(stdout, "\nsuite %s is valid: plan %.12s, %d files, %d cells (%s%d methods, %d seeds, %d orders), each %d tasks of %d steps of %d examples\n",
		suite.Name, hash, len(files), len(cells), several, len(suite.Methods), suite.Seeds, suite.Orders, len(suite.Tasks), suite.Training.Steps, suite.Training.Batch)
	whole, own := suite.Evaluations()
	fmt.Fprintf(stdout, "each cell evaluates the base row and %d times everything", whole)
	if own > 0 {
		fmt.Fprintf(stdout, ", %d times the task just learned alone", own)
	}
	if suite.Evaluation.EverySteps > 0 {
		fmt.Fprintf(stdout, "; within a task every %d steps", suite.Evaluation.EverySteps)
	}
	fmt.Fprintln(stdout)
	if !o.Time {
		return nil
	}
	return estimate(ctx, o, suite, len(cells), stdout, stderr)
}

// estimate tells what a run of the suite's cells will take, and what that is computed from.
func estimate(ctx context.Context, o ValidateOptions, suite experiments.Suite, cells int, stdout, stderr io.Writer) error {
	e, err := measured(ctx, o, suite, stderr)
	if err != nil {
		return fmt.Errorf("estimate the run: %w", err)
	}
	workers := min(runtime.NumCPU(), cells)
	total, err := e.Seconds(suite, workers)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "\nall cells will take about %s on %d cores with no other work, and %.1f GB for each of %d workers,\nby what was measured here, in seconds of one core:\n",
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
func measured(ctx context.Context, o ValidateOptions, suite experiments.Suite, stderr io.Writer) (e experiments.Estimate, err error) {
	if err := suite.CheckSingle(); err != nil {
		return e, err
	}
	b, err := newCellBench(ctx, BenchOptions{DataDir: o.DataDir, NoDownload: true}, suite, stderr)
	if err != nil {
		return e, err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	run, err := b.begin()
	if err != nil {
		return e, err
	}
	var out bytes.Buffer
	program, err := os.Executable()
	if err != nil {
		return e, err
	}
	command := b.worker(program, run, "-measure")
	command.Stdout, command.Stderr = &out, stderr
	if err := engine.OnOneCore(ctx, command); err != nil {
		return e, err
	}
	return e, json.Unmarshal(out.Bytes(), &e)
}
