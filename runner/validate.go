package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"text/tabwriter"

	"secura/experiments"
)

// ValidateOptions are the flags of validate.
type ValidateOptions struct {
	SuiteOptions
	DataDir string
}

func newValidate() command {
	var o ValidateOptions
	c := command{
		name: "validate", does: "checks a suite, every data file, and the templates of each task on all rows, before hours are spent",
		argument: "SUITE",
		examples: []string{"validate continual16", "validate mine.yaml -data /data"},
		flags:    newFlags("validate"),
		check:    func(string) error { return o.SuiteOptions.check() },
		run: func(_ context.Context, suite string, stdout, _ io.Writer) error {
			o.Suite = suite
			return runValidate(o, stdout)
		},
	}
	o.SuiteOptions.addFlags(c.flags)
	o.addFlags(c.flags)
	return c
}

func (o *ValidateOptions) addFlags(flags *flag.FlagSet) {
	flags.StringVar(&o.DataDir, "data", ".", "`DIR` below which the tasks' relative sources lie")
}

func runValidate(o ValidateOptions, stdout io.Writer) error {
	suite, err := o.load()
	if err != nil {
		return err
	}
	files, err := experiments.Prepare(suite, o.DataDir)
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
	_, err = fmt.Fprintln(stdout)
	return err
}
