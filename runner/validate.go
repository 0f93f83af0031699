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
	"strconv"
	"time"

	"secura/datasets"
	"secura/experiments"
	"secura/experiments/engine"
	"secura/experiments/launch"
	"secura/experiments/suite"
	"secura/reports/table"
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
	addData(flags, &o.DataDir)
	flags.BoolVar(&o.Time, "time", false, "estimate the time and memory of a run from a few steps of each method and one evaluation, with an installed backend")
}

func runValidate(ctx context.Context, o ValidateOptions, stdout, stderr io.Writer) error {
	s, err := o.load()
	if faulty := (*suite.Faulty)(nil); errors.As(err, &faulty) {
		store, done := newStore(o.DataDir, stderr)
		defer done()
		return usage(errors.Join(err, experiments.Mistakes(ctx, faulty.Suite, store)))
	}
	if err != nil {
		return err
	}
	s = experiments.Pin(s)
	prepared, err := prepare(ctx, s, o.DataDir, stderr)
	if err != nil {
		return err
	}
	s = prepared.Suite
	launch.Warn(stderr, prepared.Warnings)
	cells, err := suite.Plan(s)
	if err != nil {
		return err
	}
	hash, err := s.Hash()
	if err != nil {
		return err
	}
	if err := printCounts(s, prepared, stdout); err != nil {
		return err
	}
	if prepared.Chosen != "" {
		fmt.Fprintf(stdout, "\n%s\n", prepared.Chosen)
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
		fmt.Fprintf(stdout, ", %d times one task alone", own)
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

// printCounts prints how many examples each task has.
func printCounts(s suite.Suite, prepared *experiments.Prepared, stdout io.Writer) error {
	t := table.New("task", "family", "train", s.Evaluation.Split)
	t.TextColumns = []int{1}
	for _, task := range prepared.Data.Tasks {
		t.AddRow(task.Task.Name, task.Task.Family, strconv.Itoa(task.Train.Available), strconv.Itoa(task.Available))
	}
	for _, task := range prepared.Data.Knowledge {
		t.AddRow(task.Task.Name, "knowledge", "", strconv.Itoa(task.Available))
	}
	if s.HeldOut.Named() {
		t.AddRow(datasets.HeldOut, "held-out text", "", strconv.Itoa(s.HeldOut.Rows))
	}
	return t.Print(stdout)
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
	t := table.New("", "a step", "its padding", "a task's end", "compiling")
	like := ""
	for _, m := range e.Methods {
		if m.Like != "" {
			like = m.Like
			m.Name += " *"
		}
		t.AddRow(m.Name, fmt.Sprintf("%.3f", m.Step), fmt.Sprintf("%.0f %%", 100*m.Padding), fmt.Sprintf("%.2f", m.TaskEnd), fmt.Sprintf("%.1f", m.Compile))
	}
	t.AddRow("everything evaluated once", fmt.Sprintf("%.2f", e.Evaluation), fmt.Sprintf("%.0f %%", 100*e.EvaluationPadding), "", fmt.Sprintf("%.1f", e.EvaluationCompile))
	if err := t.Print(stdout); err != nil {
		return err
	}
	if like != "" {
		fmt.Fprintf(stdout, "* not measured, for measuring may take 2 %% of the run or a minute: as %s, by the slots of a step\n", like)
	}
	_, err = fmt.Fprintf(stdout, "measuring took %.0f s\n", e.Spent)
	return err
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
	if err := engine.AsWorker(ctx, command, !scratch.Backend.OnProcessor()); err != nil {
		return e, err
	}
	return e, json.Unmarshal(out.Bytes(), &e)
}
