package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"

	"secura/datasets"
	"secura/experiments"
	"secura/experiments/engine"
	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/methods/backbone"
)

// WorkerOptions are the flags of worker.
type WorkerOptions struct {
	Run     string
	DataDir string
	Backend string
	// Shard is "K/N": the cells are not told on standard input, but are those of part K of N, and behind them all that
	// nobody else has.
	Shard string
	// Measure tells what the run's methods take, instead of running cells.
	Measure bool
	// Until is the boundary at which each cell stops, for measurements; 0 goes on to the end.
	Until int
}

func (o *WorkerOptions) addFlags(flags *flag.FlagSet) {
	flags.StringVar(&o.Run, "run", "", "the run's `DIR`, with its manifest.json")
	flags.StringVar(&o.DataDir, "data", ".", "`DIR` below which the tasks' relative sources lie")
	flags.StringVar(&o.Backend, "backend", "auto", "`auto|xla|go|xla:FILE`: what computes; nothing is downloaded")
	flags.StringVar(&o.Shard, "shard", "", "`K/N`: run part K, from 0, of N of the cells, and then what nobody else has, instead of those on standard input")
	flags.BoolVar(&o.Measure, "measure", false, "measure a few steps of each method and an evaluation, and print an estimate as JSON, instead of running cells")
	flags.IntVar(&o.Until, "until", 0, "end each cell unfinished at `BOUNDARY`, for measurements; 0 goes on to its end")
}

func (o *WorkerOptions) check(string) error {
	if o.Run == "" {
		return errors.New("worker needs -run DIR")
	}
	if _, _, err := o.shard(); err != nil {
		return err
	}
	return backbone.CheckBackendName(o.Backend)
}

// shard is the part and the number of parts; 0 of 0 where none is given.
func (o *WorkerOptions) shard() (part, parts int, err error) {
	if o.Shard == "" {
		return 0, 0, nil
	}
	k, n, _ := strings.Cut(o.Shard, "/")
	part, errPart := strconv.Atoi(k)
	parts, errParts := strconv.Atoi(n)
	if errors.Join(errPart, errParts) != nil || part < 0 || part >= parts {
		return 0, 0, fmt.Errorf("-shard is %q, expected K/N with K from 0 to N-1", o.Shard)
	}
	return part, parts, nil
}

func newWorker() command {
	var o WorkerOptions
	c := command{
		name: "worker", hidden: true,
		does:     "runs the cells whose ids come on standard input, a line each, or a part of all; the engines start it",
		examples: []string{"worker -run runs/smoke -backend go", "worker -run runs/smoke -shard 0/4"},
		flags:    newFlags("worker"), check: o.check,
		run: func(ctx context.Context, _ string, stdout, stderr io.Writer) error {
			return runWorker(ctx, o, os.Stdin, stdout, stderr)
		},
	}
	o.addFlags(c.flags)
	return c
}

// runWorker runs cells until its input ends. Each cell ends with one progress
// line that tells how; a cell that failed or diverged does not end the worker.
func runWorker(ctx context.Context, o WorkerOptions, stdin io.Reader, stdout, stderr io.Writer) (err error) {
	run := rundir.Run{Path: o.Run}
	if o.Measure {
		return measure(ctx, o, run, stdout, stderr)
	}
	cells, err := plannedCells(run)
	if err != nil {
		return err
	}
	var ids []string
	for _, c := range cells {
		ids = append(ids, c.ID)
	}
	w, err := experiments.OpenWorker(ctx, experiments.WorkerOptions{
		Run: run, DataDir: o.DataDir, Until: o.Until,
		Backend: backbone.BackendOptions{Name: o.Backend, NoDownload: true, Log: stderr},
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()

	if part, parts, _ := o.shard(); parts > 0 {
		return runShard(ctx, w, run, suite.Shard(cells, part, parts, experiments.KnownPresets()), stdout)
	}
	out := json.NewEncoder(stdout)
	lines := readLines(stdin)
	for {
		var line inputLine
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case line = <-lines:
		}
		if line.err == io.EOF {
			return nil
		}
		if line.err != nil {
			return fmt.Errorf("read cell ids: %w", line.err)
		}
		cell, ok := suite.FindCell(cells, line.text)
		if !ok {
			return usagef("%s", datasets.Unknown("cell", line.text, ids))
		}
		last := engine.Progress{Cell: cell.ID, Method: cell.Method.Name, Tasks: len(cell.Tasks), State: string(record.Running)}
		written := out.Encode(last)
		cellErr := w.RunCell(ctx, cell, func(p engine.Progress) {
			if p.Ended() { // how the cell ends is told once, below
				return
			}
			p.Cell = cell.ID
			if p.Note != "" {
				written = errors.Join(written, out.Encode(p))
				return
			}
			if math.IsNaN(p.Loss) || math.IsInf(p.Loss, 0) {
				p.Loss = 0 // JSON has no such number; the last line gives the reason
			}
			last = p
			written = errors.Join(written, out.Encode(p))
		})
		written = errors.Join(written, out.Encode(ended(ctx, last, cellErr)))
		if written != nil {
			return fmt.Errorf("write progress of cell %s: %w", cell.ID, written)
		}
	}
}

// measure prints an estimate of the run's suite.
func measure(ctx context.Context, o WorkerOptions, run rundir.Run, stdout, stderr io.Writer) error {
	s, err := plannedSuite(run)
	if err != nil {
		return err
	}
	e, err := experiments.Measure(ctx, s, experiments.WorkerOptions{DataDir: o.DataDir,
		Backend: backbone.BackendOptions{Name: o.Backend, NoDownload: true, Log: stderr}})
	if err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(e)
}

// ended is the last line of a cell, made from the one before.
func ended(ctx context.Context, p engine.Progress, err error) engine.Progress {
	var diverged *experiments.DivergedError
	state := record.Failed
	switch {
	case err == nil:
		state = record.Done
	case errors.Is(err, rundir.ErrLocked):
		p.State, p.Reason = engine.Elsewhere, err.Error()
		return p
	case errors.As(err, &diverged):
		state = record.CellDiverged
	case ctx.Err() != nil:
		state = record.Cancelled
	}
	p.State, p.Reason = string(state), ""
	switch {
	case state == record.Cancelled:
		p.Reason = "interrupted"
	case err != nil:
		p.Reason = err.Error()
	}
	return p
}

type inputLine struct {
	text string
	err  error
}

// readLines hands out lines, and io.EOF after the last one.
func readLines(r io.Reader) <-chan inputLine {
	lines := make(chan inputLine)
	go func() {
		scanner := bufio.NewScanner(r)
		for scanner.Scan() {
			lines <- inputLine{text: scanner.Text()}
		}
		err := scanner.Err()
		if err == nil {
			err = io.EOF
		}
		lines <- inputLine{err: err}
	}()
	return lines
}

// plannedCells are the cells of a run, from its manifest.
func plannedCells(run rundir.Run) ([]suite.Cell, error) {
	s, err := plannedSuite(run)
	if err != nil {
		return nil, err
	}
	cells, _, err := suite.Plan(s)
	return cells, err
}
