package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"

	"secura/experiments"
	"secura/experiments/record"
	"secura/methods/backbone"
	"secura/reports/table"
	"secura/reports/tables"
)

// EvalOptions are the flags of eval.
type EvalOptions struct {
	SuiteOptions
	Tasks      string
	Limit      count
	DataDir    string
	Adapter    string
	Out        string
	NoDownload bool
}

// defaultEvalSuite has all built-in tasks.
const defaultEvalSuite = "continual16"

func (o *EvalOptions) addFlags(flags *flag.FlagSet) {
	flags.StringVar(&o.Tasks, "tasks", "", "only these `NAMES` of the suite's tasks and its knowledge battery, separated by commas")
	flags.Var(&o.Limit, "limit", "evaluate at most `NUMBER` examples of each task. Default: the suite's limits")
	o.addBackbone(flags)
	addData(flags, &o.DataDir)
	flags.StringVar(&o.Adapter, "adapter", "", "`DIR` of a PEFT adapter (LoRA or DoRA) that is merged into the backbone first")
	flags.StringVar(&o.Out, "out", "", "write eval.json (scores) and examples.jsonl (each prompt and what came of it) into `DIR`, which must not have an evaluation yet; several backbones get a folder each. Default: nothing is written")
	addNoDownload(flags, &o.NoDownload)
}

func newEval() command {
	var o EvalOptions
	c := command{
		name: "eval", does: "scores a backbone on a suite's tasks without training",
		argument: "SUITE", optional: true,
		examples: []string{"eval continual16", "eval -tasks syllogisms,odd_one_out -backbone models/tiny -limit 100 -out scores"},
		flags:    newFlags("eval"),
		check:    func(string) error { return o.SuiteOptions.check() },
		run: func(ctx context.Context, suite string, stdout, stderr io.Writer) error {
			if o.Suite = suite; suite == "" {
				o.Suite = defaultEvalSuite
			}
			return runEval(ctx, o, stdout, stderr)
		},
	}
	o.addFlags(c.flags)
	return c
}

func runEval(ctx context.Context, o EvalOptions, stdout, stderr io.Writer) error {
	load := o.load
	if o.Adapter != "" {
		load = o.loadSingle // whose it is
	}
	suite, err := load()
	if err != nil {
		return err
	}
	var at phase
	t := newTeller(stderr, at.String)
	defer t.Close()
	store, done := newStore(o.DataDir, stderr)
	defer done()
	options := experiments.EvalOptions{
		Doing: at.is,
		Suite: suite, Tasks: splitNames(o.Tasks), Limit: int(o.Limit), Store: store, Adapter: o.Adapter,
		Warn:    func(text string) { fmt.Fprintln(t, "warning:", text) },
		Backend: backbone.BackendOptions{Name: suite.Backend, NoDownload: o.NoDownload, Log: stderr},
	}
	if err := options.CheckTasks(); err != nil {
		return usage(err)
	}
	if suite, err = fetchBackbones(ctx, suite, o.NoDownload, stderr); err != nil {
		return err
	}
	options.Suite = suite
	names := suite.BackboneNames()
	labels := record.BackboneLabels(names)
	for _, label := range labels {
		if o.Out != "" {
			if err := experiments.ReserveEvaluation(filepath.Join(o.Out, label)); err != nil {
				return err
			}
		}
	}
	for i, label := range labels {
		if i > 0 {
			fmt.Fprintln(stdout)
		}
		options.Suite = suite.RunOn(names[i])
		result, examples, err := experiments.Eval(ctx, options)
		if err != nil {
			return err
		}
		at.is("")
		// The scores are told where the disk is full by now.
		err = table.Text(stdout, []table.Table{tables.EvaluationTable(result)}, false)
		if o.Out != "" {
			err = errors.Join(err, experiments.WriteEvaluation(filepath.Join(o.Out, label), result, examples))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
