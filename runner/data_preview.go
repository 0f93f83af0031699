package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"secura/datasets"
	"secura/experiments"
)

// DataPreviewOptions are the flags of data preview.
type DataPreviewOptions struct {
	SuiteOptions
	DataDir, Tasks, Split string
	Rows, Seed            int
}

func newDataPreview() command {
	var o DataPreviewOptions
	c := command{
		name: "data preview", does: "prints examples of a suite's tasks as the model sees them: prompt, answer, the tokens between them",
		argument: "SUITE",
		examples: []string{"data preview continual16 -tasks syllogisms", "data preview mine.yaml -data /data -tasks a,b -split test -rows 2"},
		flags:    newFlags("data preview"), check: o.check,
		run: func(_ context.Context, suite string, stdout, _ io.Writer) error {
			o.Suite = suite
			return runDataPreview(o, stdout)
		},
	}
	o.addBackbone(c.flags)
	o.addFlags(c.flags)
	return c
}

func (o *DataPreviewOptions) addFlags(flags *flag.FlagSet) {
	flags.StringVar(&o.Tasks, "tasks", "", "only these `NAMES` of the suite's tasks, its knowledge battery and held_out, its held-out text, separated by commas")
	addData(flags, &o.DataDir)
	flags.StringVar(&o.Split, "split", "train", "`SPLIT` to show: train, validation or test")
	flags.IntVar(&o.Rows, "rows", 5, "`NUMBER` of examples of each task")
	flags.IntVar(&o.Seed, "seed", 0, "`SEED` of the draw of the examples")
}

func (o *DataPreviewOptions) check(string) error {
	if !slices.Contains(datasets.SplitNames, o.Split) {
		return fmt.Errorf("-split is %q, expected one of %s", o.Split, strings.Join(datasets.SplitNames, ", "))
	}
	if o.Rows < 1 {
		return fmt.Errorf("-rows is %d, must be at least 1", o.Rows)
	}
	return o.SuiteOptions.check()
}

func runDataPreview(o DataPreviewOptions, stdout io.Writer) error {
	suite, err := o.loadSingle()
	if err != nil {
		return err
	}
	return experiments.Preview(stdout, experiments.PreviewOptions{
		Suite: suite, Tasks: splitNames(o.Tasks), DataDir: o.DataDir, Split: o.Split, Rows: o.Rows, Seed: o.Seed,
	})
}
