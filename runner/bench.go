package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"

	"secura/experiments"
	"secura/methods/backbone"
	"secura/reports/table"
)

// BenchOptions are the flags of bench.
type BenchOptions struct {
	SuiteOptions
	CellBenchOptions
	DataDir    string
	NoDownload bool
	Shape      string
	PeakTFLOPS float64
}

func (o *BenchOptions) addFlags(flags *flag.FlagSet) {
	flags.StringVar(&o.Suite, "suite", "continual16", "`NAME|FILE`: the suite whose shapes are measured")
	o.SuiteOptions.addSettings(flags)
	o.CellBenchOptions.addFlags(flags)
	addData(flags, &o.DataDir)
	flags.StringVar(&o.Shape, "shape", "", "config.json `FILE`: measure a backbone of this shape with random weights, on random tokens in full rows")
	flags.Float64Var(&o.PeakTFLOPS, "peak", 0, "what the device can do at best, in `TFLOP/s`: the table gets the share that is reached")
	addNoDownload(flags, &o.NoDownload)
}

func newBench() command {
	var o BenchOptions
	c := command{
		name: "bench", does: "measures training and evaluation in tokens per second",
		examples: []string{"bench", "bench -backend go -methods secura", "bench -cells -tasks 4", "bench -torch python3 -methods seq,er", "bench -shape qwen2/config.json -methods seq -set dtype=bf16 -peak 989"},
		flags:    newFlags("bench"),
		run: func(ctx context.Context, _ string, stdout, stderr io.Writer) error {
			return runBench(ctx, o, stdout, stderr)
		},
	}
	o.addFlags(c.flags)
	c.check = func(string) error { return errors.Join(o.SuiteOptions.check(), o.checkEffects(c.flags)) }
	return c
}

// checkEffects refuses flags that were given and that would have no effect beside the others.
func (o *BenchOptions) checkEffects(flags *flag.FlagSet) error {
	torch := o.Torch != ""
	cells := o.Cells || torch
	var mistakes []error
	for _, of := range []struct {
		flags []string
		works bool
		why   string
	}{
		{[]string{"tasks", "repeat", "readme"}, cells, "without -cells or -torch: give one of these too"},
		{[]string{"jobs", "all-logits"}, torch, "without -torch: give -torch PYTHON too"},
		{[]string{"shape", "peak"}, !cells, "on whole cells: leave -cells and -torch out"},
		{[]string{"backbone", "data"}, o.Shape == "" || cells, "with -shape, whose weights and tokens are random: leave -shape out"},
	} {
		flags.Visit(func(f *flag.Flag) {
			if slices.Contains(of.flags, f.Name) && !of.works {
				mistakes = append(mistakes, fmt.Errorf("-%s has no effect %s, or leave -%s out", f.Name, of.why, f.Name))
			}
		})
	}
	return errors.Join(mistakes...)
}

func runBench(ctx context.Context, o BenchOptions, stdout, stderr io.Writer) error {
	load := o.loadSingle
	if o.Shape != "" {
		load = o.load // the shape stands for the suite's backbones
	}
	suite, err := load()
	if err != nil {
		return err
	}
	var shape []byte
	if o.Shape != "" {
		if shape, err = os.ReadFile(o.Shape); err != nil {
			return fmt.Errorf("read the backbone's shape: %w", err)
		}
	} else if suite, err = fetchBackbones(ctx, suite, o.NoDownload, stderr); err != nil {
		return err
	}
	if o.Cells || o.Torch != "" {
		return benchCells(ctx, o, suite, stdout, stderr)
	}
	store, done := newStore(o.DataDir, stderr)
	defer done()
	result, err := experiments.Bench(ctx, experiments.BenchOptions{
		Suite: suite, Store: store, Shape: shape,
		Backend: backbone.BackendOptions{Name: suite.Backend, NoDownload: o.NoDownload, Log: stderr},
	})
	if err != nil {
		return err
	}
	return printBench(result, o.PeakTFLOPS, stdout)
}

// printBench prints what was measured, and where the device's best is known, in 10¹² floating-point
// operations a second, the share of it that was reached.
func printBench(result experiments.BenchResult, peakTFLOPS float64, stdout io.Writer) error {
	t := table.New("what", "tokens/s", "padding", "ms a step", "compile s", "TFLOP/s")
	if peakTFLOPS > 0 {
		t.Columns = append(t.Columns, table.Column{Head: []string{"% of the peak"}})
	}
	for i, s := range append(result.Training, result.Evaluation) {
		padding := ""
		if i < len(result.Training) {
			padding = fmt.Sprintf("%.0f %%", 100*s.Padding)
		}
		row := []string{s.What, fmt.Sprintf("%.0f", s.TokensPerSecond()), padding, fmt.Sprintf("%.1f", s.StepMilliseconds()), fmt.Sprintf("%.1f", s.CompileSeconds), fmt.Sprintf("%.3f", s.TFLOPS())}
		if peakTFLOPS > 0 {
			row = append(row, fmt.Sprintf("%.1f", 100*s.TFLOPS()/peakTFLOPS))
		}
		t.AddRow(row...)
	}
	if err := t.Print(stdout); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "peak memory of the process: %.2f GB\n", float64(result.PeakBytes)/1e9)
	if o := result.Options; o != nil {
		fmt.Fprintf(stdout, "options of a question in one row: %.2f times as fast as in a row each (%d tokens and %d), the same choice for all %d questions\n",
			o.Ratio, o.TokensTogether, o.TokensApart, o.Questions)
	}
	return nil
}
