package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"secura/experiments"
	"secura/experiments/engine"
	"secura/experiments/launch"
	"secura/experiments/machine"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/methods/backbone"
	"secura/reports/table"
)

// CellBenchOptions are the flags of bench that measure whole cells.
type CellBenchOptions struct {
	Cells  bool
	Tasks  int
	Repeat count
	Torch  string
	// Jobs is how many processes of each program compute side by side.
	Jobs count
	// AllLogits lets the torch program compute logits at every token, as its libraries do unasked.
	AllLogits bool
	// Readme is a file that gets what was printed; see section.
	Readme string
}

func (o *CellBenchOptions) addFlags(flags *flag.FlagSet) {
	flags.BoolVar(&o.Cells, "cells", false, "measure a whole cell of each method in a worker on one core, where its time goes, and two workers on two cores")
	flags.IntVar(&o.Tasks, "tasks", 2, "with -cells or -torch: end each cell after its first `NUMBER` of tasks; 0 measures all")
	o.Repeat = 3
	flags.Var(&o.Repeat, "repeat", "with -cells or -torch: `NUMBER` of times that each is measured, in turn; the median counts")
	flags.StringVar(&o.Torch, "torch", "", "compare with the same job in `PYTHON`, an interpreter that has torch, transformers and peft")
	o.Jobs = 1
	flags.Var(&o.Jobs, "jobs", "with -torch: let a `NUMBER` of workers, a seed each, and as many processes of the other program compute side by side")
	flags.BoolVar(&o.AllLogits, "all-logits", false, "with -torch: let that program compute logits at every token, not at answers alone")
	flags.StringVar(&o.Readme, "readme", "", "with -cells or -torch: also write the tables into `FILE`, between the lines <!-- bench cells --> or <!-- bench torch --> and <!-- end -->")
}

// cellBench measures cells of a suite in workers of their own.
type cellBench struct {
	CellBenchOptions
	*launch.Scratch
}

// newCellBench prepares a scratch folder, which Close removes.
func newCellBench(ctx context.Context, o BenchOptions, s suite.Suite, stderr io.Writer) (*cellBench, error) {
	s.Seeds = max(s.Seeds, 2, int(o.Jobs)) // two workers take one seed each
	prepared, err := prepare(ctx, s, o.DataDir, stderr)
	if err != nil {
		return nil, err
	}
	s = prepared.Suite
	scratch, err := launch.NewScratch(ctx, s, prepared, o.DataDir, o.NoDownload, stderr)
	if err != nil {
		return nil, err
	}
	if !scratch.Backend.OnProcessor() {
		return nil, errors.Join(usagef("bench -cells and bench -torch compare processor time: they take no plugin of a GPU; `runner bench` and `just gpu` measure one"), scratch.Close())
	}
	b := &cellBench{CellBenchOptions: o.CellBenchOptions, Scratch: scratch}
	if b.Tasks <= 0 || b.Tasks > len(s.Tasks) {
		b.Tasks = len(s.Tasks)
	}
	return b, nil
}

// first are the cells of each method of the first seed and order.
func (b *cellBench) first() []suite.Cell { return b.seed(0) }

// seed are the cells of each method of a seed and the first order.
func (b *cellBench) seed(n int) []suite.Cell {
	at := n * len(b.Suite.Methods) * b.Suite.Orders
	return b.Planned[at : at+len(b.Suite.Methods)]
}

// measure runs cells in a fresh run by so many workers of a core each, and returns the run and the
// time until the last worker was gone.
func (b *cellBench) measure(ctx context.Context, jobs int, cells ...suite.Cell) (rundir.Run, machine.Spent, error) {
	run, err := b.Begin()
	if err != nil {
		return run, machine.Spent{}, err
	}
	var ids []string
	for _, c := range cells {
		ids = append(ids, c.ID)
	}
	elapsed := machine.StartChildrenClock()
	err = engine.Run(ctx, engine.Options{Jobs: jobs, Cells: ids, Device: !b.Backend.OnProcessor(), Group: launch.GraphKeys(b.Planned), Command: func(int) *exec.Cmd {
		return b.Worker(run, "-until", strconv.Itoa(b.Tasks))
	}})
	return run, elapsed(), err
}

// benchCells is bench with -cells or -torch.
func benchCells(ctx context.Context, o BenchOptions, s suite.Suite, stdout, stderr io.Writer) (err error) {
	b, err := newCellBench(ctx, o, s, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	var text bytes.Buffer
	if o.Cells {
		if err := runCellBench(ctx, b, io.MultiWriter(stdout, &text)); err != nil {
			return err
		}
		if err := o.keep("cells", text.String()); err != nil {
			return err
		}
	}
	if o.Torch == "" {
		return nil
	}
	text.Reset()
	if err := runTorchBench(ctx, b, io.MultiWriter(stdout, &text), stderr); err != nil {
		return err
	}
	return o.keep("torch", text.String())
}

// keep puts a text into the section of a name of the file that -readme names.
func (o CellBenchOptions) keep(name, text string) error {
	if o.Readme == "" {
		return nil
	}
	content, err := os.ReadFile(o.Readme)
	if err == nil {
		content, err = section(content, name, text)
	}
	if err == nil {
		err = rundir.WriteBytes(o.Readme, content)
	}
	if err != nil {
		return fmt.Errorf("keep the table of bench in %s: %w", o.Readme, err)
	}
	return nil
}

// section replaces what stands between the lines <!-- bench NAME --> and <!-- end --> of a Markdown
// text.
func section(content []byte, name, text string) ([]byte, error) {
	begin, end := "<!-- bench "+name+" -->\n", "<!-- end -->"
	before, rest, ok := strings.Cut(string(content), begin)
	_, after, ends := strings.Cut(rest, end)
	if !ok || !ends {
		return nil, fmt.Errorf("expected a line %q and after it %q", strings.TrimSpace(begin), end)
	}
	return []byte(before + begin + "```\n" + text + "```\n" + end + after), nil
}

// runCellBench prints where the time of a cell of each method goes, and how two workers scale.
func runCellBench(ctx context.Context, b *cellBench, stdout io.Writer) error {
	perMethod := map[string][]experiments.CellTimes{}
	var scaling []float64
	for range int(b.Repeat) {
		for _, cell := range b.first() {
			run, _, err := b.measure(ctx, 1, cell)
			if err != nil {
				return err
			}
			times, err := experiments.ReadCellTimes(run.Cell(cell.ID))
			if err != nil {
				return err
			}
			perMethod[cell.Method.Name] = append(perMethod[cell.Method.Name], times)
		}
		pair := []suite.Cell{b.seed(0)[0], b.seed(1)[0]} // one method, two seeds
		run, _, err := b.measure(ctx, 2, pair...)
		if err != nil {
			return err
		}
		longest := 0.0
		for _, cell := range pair {
			times, err := experiments.ReadCellTimes(run.Cell(cell.ID))
			if err != nil {
				return err
			}
			longest = max(longest, times.Total.Seconds)
		}
		alone := perMethod[pair[0].Method.Name]
		scaling = append(scaling, 2*alone[len(alone)-1].Total.Seconds/longest)
	}
	fmt.Fprintf(stdout, "A cell of each method of %s, %d of %d tasks of %d steps and %d evaluations, by one worker on one core;\n%s; median of %d:\n\n",
		b.Suite.Name, b.Tasks, len(b.Suite.Tasks), b.Suite.Training.Steps, b.Tasks+1, b.versions(), b.Repeat)
	t := table.New("method", "seconds", "compile", "train", "evaluate", "records", "harness", "idle", "ms a\nstep", "evaluated\ntokens/s", "peak\nMB")
	for _, cell := range b.first() {
		times := perMethod[cell.Method.Name]
		of := func(value func(t experiments.CellTimes) float64) float64 { return medianOf(times, value) }
		share := func(part func(t experiments.CellTimes) machine.Spent) float64 {
			return 100 * of(func(t experiments.CellTimes) float64 {
				if t.Total.Processor > 0 {
					return part(t).Processor / t.Total.Processor
				}
				return part(t).Seconds / t.Total.Seconds
			})
		}
		records := func(t experiments.CellTimes) machine.Spent {
			return t.Total.Minus(t.Compile).Minus(t.Train).Minus(t.Evaluate)
		}
		t.AddRow(cell.Method.Name,
			fmt.Sprintf("%.1f", of(func(t experiments.CellTimes) float64 { return computed(t.Total) })),
			fmt.Sprintf("%.0f %%", share(func(t experiments.CellTimes) machine.Spent { return t.Compile })),
			fmt.Sprintf("%.0f %%", share(func(t experiments.CellTimes) machine.Spent { return t.Train })),
			fmt.Sprintf("%.0f %%", share(func(t experiments.CellTimes) machine.Spent { return t.Evaluate })),
			fmt.Sprintf("%.1f %%", share(records)),
			fmt.Sprintf("%.1f %%", 100*of(experiments.CellTimes.Harness)),
			fmt.Sprintf("%.0f %%", 100*of(experiments.CellTimes.Idle)),
			fmt.Sprintf("%.1f", 1e3*of(func(t experiments.CellTimes) float64 { return computed(t.Train) })/float64(b.Tasks*b.Suite.Training.Steps)),
			fmt.Sprintf("%.0f", of(func(t experiments.CellTimes) float64 { return float64(t.EvaluatedTokens) / computed(t.Evaluate) })),
			fmt.Sprintf("%.0f", of(func(t experiments.CellTimes) float64 { return float64(t.PeakBytes) / 1e6 })))
	}
	if err := t.Print(stdout); err != nil {
		return err
	}
	_, err := fmt.Fprintf(stdout, `
Seconds are processor time. "ms a step" counts all of training, the end of a task included. "harness" is the
share of the clock's time spent neither on compiling nor in compiled graphs. "idle" is the share of the clock's
time in which the worker had no processor because other work had it.
Two workers on two cores do %.2f times the work of one worker on one core (%s).
`, medianOf(scaling, func(x float64) float64 { return x }), b.Planned[0].Method.Name)
	return err
}

// medianOf is the middle value of a list, the higher one of two.
func medianOf[T any](list []T, value func(T) float64) float64 {
	values := make([]float64, len(list))
	for i, x := range list {
		values[i] = value(x)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// versions says what is measured.
func (b *cellBench) versions() string {
	return fmt.Sprintf("Go %s, GoMLX %s, backend %s, %s", cmp.Or(b.Manifest.Modules["go"], "unknown"),
		cmp.Or(b.Manifest.Modules["github.com/gomlx/gomlx"], "unknown"), b.Manifest.Backend, cmp.Or(b.Manifest.Processor, "unknown processor"))
}

// backendOptions are those of the workers, for the process itself.
func (b *cellBench) backendOptions(stderr io.Writer) backbone.BackendOptions {
	return backbone.BackendOptions{Name: b.Backend.Opens(), NoDownload: true, Log: stderr}
}
