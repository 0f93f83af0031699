package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"

	"secura/experiments"
	"secura/experiments/machine"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/reports/table"
)

// torchProgram is the file of the other program in the scratch folder.
const torchProgram = "torch_job.py"

// torchResult is what the torch program prints.
type torchResult struct {
	Versions     map[string]string             `json:"versions"`
	Threads      int                           `json:"threads"`
	StartSeconds float64                       `json:"start_seconds"`
	Cells        []torchCell                   `json:"cells"`
	Base         [][]experiments.JobPrediction `json:"base"`
	PeakBytes    int64                         `json:"peak_bytes"`
}

type torchCell struct {
	Method string `json:"method"`
	// Seconds and Processor are by phase: load, train, evaluate.
	Seconds      map[string]float64 `json:"seconds"`
	Processor    map[string]float64 `json:"processor"`
	TotalSeconds float64            `json:"total_seconds"`
	Losses       [][]float64        `json:"losses"` // by task and step
}

// bothSides is one measurement of the same cells by both programs, this one and torch: by method,
// and of the whole.
type bothSides struct {
	train, evaluate [2]map[string]machine.Spent
	whole           [2]machine.Spent
	peak            [2]float64
}

// runTorchBench measures the same cells, by workers of one core and by as many processes of one
// thread, in turn, and prints how much faster a worker is. Those of the first seed and order count,
// of which both learn from the same rows in the same order and evaluate the same examples, which is
// checked.
func runTorchBench(ctx context.Context, b *cellBench, stdout, stderr io.Writer) error {
	store, done := newStore(b.DataDir, stderr)
	defer done()
	job, err := experiments.WriteJob(ctx, b.Suite, experiments.WorkerOptions{Store: store, Backend: b.backendOptions(stderr)}, b.Folder)
	if err != nil {
		return err
	}
	script, err := experiments.TorchJob()
	if err == nil {
		err = os.WriteFile(filepath.Join(b.Folder, torchProgram), script, 0o644)
	}
	if err != nil {
		return fmt.Errorf("write the torch program: %w", err)
	}
	var all []bothSides
	var run rundir.Run
	var torch torchResult
	for i := range int(b.Repeat) {
		m := bothSides{}
		var cells []suite.Cell
		for seed := range int(b.Jobs) {
			cells = append(cells, b.seed(seed)...)
		}
		if run, m.whole[0], err = b.measure(ctx, int(b.Jobs), cells...); err != nil {
			return err
		}
		elapsed := machine.StartChildrenClock()
		if torch, err = b.torches(ctx, stderr); err != nil {
			return err
		}
		m.whole[1] = elapsed()
		if err := b.take(&m, run, torch); err != nil {
			return err
		}
		all = append(all, m)
		fmt.Fprintf(stderr, "measured %d of %d times: %.1f s and %.1f s\n", i+1, b.Repeat, m.whole[0].Seconds, m.whole[1].Seconds)
	}
	return b.printTorch(stdout, all, job, run, torch)
}

// torches runs the other program on the job as often side by side as there are workers, and returns
// what the first told.
func (b *cellBench) torches(ctx context.Context, stderr io.Writer) (torchResult, error) {
	results, errs := make([]torchResult, b.Jobs), make([]error, b.Jobs)
	var all sync.WaitGroup
	for i := range results {
		all.Go(func() { results[i], errs[i] = b.torch(ctx, i, stderr) })
	}
	all.Wait()
	return results[0], errors.Join(errs...)
}

// torch runs the other program on the job, on the core after those of so many others.
func (b *cellBench) torch(ctx context.Context, beside int, stderr io.Writer) (torchResult, error) {
	logits := "answers"
	if b.AllLogits {
		logits = "all"
	}
	command := exec.CommandContext(ctx, b.Torch, filepath.Join(b.Folder, torchProgram), filepath.Join(b.Folder, "job.json"), "--threads", "1", "--beside", strconv.Itoa(beside), "--tasks", strconv.Itoa(b.Tasks), "--logits", logits)
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, stderr
	if err := command.Run(); err != nil {
		return torchResult{}, fmt.Errorf("run the torch program with %s: %w", b.Torch, err)
	}
	var result torchResult
	if err := json.Unmarshal(out.Bytes(), &result); err != nil {
		return torchResult{}, fmt.Errorf("read what the torch program printed: %w", err)
	}
	if len(result.Cells) != len(b.first()) {
		return torchResult{}, fmt.Errorf("the torch program ran %d of %d cells", len(result.Cells), len(b.first()))
	}
	return result, nil
}

// take puts the seconds of both sides into m.
func (b *cellBench) take(m *bothSides, run rundir.Run, torch torchResult) error {
	for side := range 2 {
		m.train[side], m.evaluate[side] = map[string]machine.Spent{}, map[string]machine.Spent{}
	}
	for i, cell := range b.first() {
		times, err := experiments.ReadCellTimes(run.Cell(cell.ID))
		if err != nil {
			return err
		}
		name := cell.Method.Name
		m.train[0][name], m.evaluate[0][name] = times.Train, times.Evaluate
		m.peak[0] = max(m.peak[0], float64(times.PeakBytes))
		m.train[1][name], m.evaluate[1][name] = torch.Cells[i].spent("train"), torch.Cells[i].spent("evaluate")
	}
	m.peak[1] = float64(torch.PeakBytes)
	return nil
}

// spent is what a phase took.
func (c torchCell) spent(phase string) machine.Spent {
	return machine.Spent{Seconds: c.Seconds[phase], Processor: c.Processor[phase]}
}

// complete computes from what the measured tasks took what the whole stream takes: training grows
// with the tasks, evaluation with the boundaries, and what is neither stays.
func (b *cellBench) complete(m bothSides, side int, of func(machine.Spent) float64) float64 {
	train, evaluate := 0.0, 0.0
	for name := range m.train[side] {
		train, evaluate = train+of(m.train[side][name]), evaluate+of(m.evaluate[side][name])
	}
	cells, tasks := float64(len(b.Suite.Methods)), float64(len(b.Suite.Tasks))
	measured := float64(b.Tasks)
	return of(m.whole[side]) - train - evaluate + train*tasks/measured + evaluate*(cells*tasks+1)/(cells*measured+1) // the base row once
}

func (b *cellBench) printTorch(stdout io.Writer, all []bothSides, job experiments.Job, run rundir.Run, torch torchResult) error {
	v := torch.Versions
	sides := "one worker on one core and by torch on one thread of one core"
	if b.Jobs > 1 {
		sides = fmt.Sprintf("each of %d workers on a core of its own and by each of %d processes of torch on one thread", b.Jobs, b.Jobs)
	}
	fmt.Fprintf(stdout, `The same job by %s, in turn, median of %d:
%d methods, %d of %d tasks of %s, every boundary evaluated.
%s
Python %s, torch %s, transformers %s, peft %s; logits at %s

`, sides, b.Repeat, len(b.Suite.Methods), b.Tasks, len(b.Suite.Tasks), b.Suite.Name, b.versions(), v["python"], v["torch"], v["transformers"], v["peft"],
		map[bool]string{false: "answers alone", true: "every token"}[b.AllLogits])
	t := table.New("method", "train\ntokens/s", "torch\ntokens/s", "times\nas fast", "evaluate\ns", "torch\ns", "times\nas fast", "losses\napart")
	ratio := func(of func(m bothSides, side int) float64) float64 {
		return medianOf(all, func(m bothSides) float64 { return of(m, 1) / of(m, 0) })
	}
	for i, cell := range b.first() {
		name, tokens := cell.Method.Name, 0.0
		for _, n := range job.TrainTokens[name][:b.Tasks] {
			tokens += float64(n)
		}
		train := func(m bothSides, side int) float64 { return computed(m.train[side][name]) }
		evaluate := func(m bothSides, side int) float64 { return computed(m.evaluate[side][name]) }
		of := func(value func(m bothSides, side int) float64, side int) float64 {
			return medianOf(all, func(m bothSides) float64 { return value(m, side) })
		}
		apart, err := experiments.LossDifference(run.Cell(cell.ID), torch.Cells[i].Losses[0])
		if err != nil {
			return err
		}
		t.AddRow(name, fmt.Sprintf("%.0f", tokens/of(train, 0)), fmt.Sprintf("%.0f", tokens/of(train, 1)), fmt.Sprintf("%.2f", ratio(train)),
			fmt.Sprintf("%.1f", of(evaluate, 0)), fmt.Sprintf("%.1f", of(evaluate, 1)), fmt.Sprintf("%.2f", ratio(evaluate)), fmt.Sprintf("%.1g", apart))
	}
	if err := t.Print(stdout); err != nil {
		return err
	}
	agreement, err := job.Agreement(run.Cell(b.first()[0].ID).Predictions(0), torch.Base)
	if err != nil {
		return err
	}
	clock := func(s machine.Spent) float64 { return s.Seconds }
	whole := func(of func(machine.Spent) float64) (measured, complete float64) {
		return ratio(func(m bothSides, side int) float64 { return of(m.whole[side]) }), ratio(func(m bothSides, side int) float64 { return b.complete(m, side, of) })
	}
	measured, complete := whole(computed)
	measuredClock, completeClock := whole(clock)
	fmt.Fprintf(stdout, `
Tokens are those of the texts, without padding. Seconds are processor time. "losses apart" is the largest
relative difference between two losses in the steps of the first task. Of the texts that the untouched
backbone writes, %.1f %% are the same.

Speed compared with torch, which is 1.00; start, loading and compiling count:
`, 100*agreement)
	t = table.New("", "processor time", "by the clock")
	t.AddRow("what was measured", fmt.Sprintf("%.2f", measured), fmt.Sprintf("%.2f", measuredClock))
	t.AddRow(fmt.Sprintf("the whole stream of %d tasks, extrapolated", len(b.Suite.Tasks)), fmt.Sprintf("%.2f", complete), fmt.Sprintf("%.2f", completeClock))
	if err := t.Print(stdout); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "The clock also counts other work on the machine. Peak memory: %.0f MB, torch %.0f MB.\n",
		medianOf(all, func(m bothSides) float64 { return m.peak[0] })/1e6, medianOf(all, func(m bothSides) float64 { return m.peak[1] })/1e6)
	return err
}

// computed are the seconds of the processor, or those of the clock where the system does not tell
// these.
func computed(s machine.Spent) float64 {
	if s.Processor > 0 {
		return s.Processor
	}
	return s.Seconds
}
