package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"secura/experiments"
	"secura/experiments/engine"
	"secura/experiments/launch"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/methods/backbone"
)

// WorkerOptions are the flags of worker.
type WorkerOptions struct {
	Run     string
	DataDir string
	Backend string
	// Shard is "K/N": the cells are not told on standard input, but are those of part K of N, and
	// after them all that nobody else has.
	Shard string
	// Measure tells what the run's methods take, instead of running cells.
	Measure bool
	// Until is the boundary at which each cell stops, for measurements; 0 goes on to the end.
	Until int
}

func (o *WorkerOptions) addFlags(flags *flag.FlagSet) {
	flags.StringVar(&o.Run, "run", "", "the run's `DIR`, with its manifest.json")
	addData(flags, &o.DataDir)
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
		does:     "runs cells for run and Slurm, which start it: ids from standard input, one a line, or one part of all cells",
		examples: []string{"worker -run runs/smoke -backend go", "worker -run runs/smoke -shard 0/4"},
		flags:    newFlags("worker"), check: o.check,
		run: func(ctx context.Context, _ string, stdout, stderr io.Writer) error {
			return runWorker(ctx, o, os.Stdin, stdout, stderr)
		},
	}
	o.addFlags(c.flags)
	return c
}

// runWorker runs cells until its input ends, or those of its shard.
func runWorker(ctx context.Context, o WorkerOptions, stdin io.Reader, stdout, stderr io.Writer) (err error) {
	run := rundir.Run{Path: o.Run}
	if o.Measure {
		return measure(ctx, o, run, stdout, stderr)
	}
	_, cells, err := launch.Planned(run)
	if err != nil {
		return err
	}
	store, done := newStore(o.DataDir, stderr)
	defer done()
	w, err := experiments.OpenWorker(ctx, experiments.WorkerOptions{
		Run: run, Store: store, Until: o.Until, KeepBaseRows: true,
		Backend: backbone.BackendOptions{Name: o.Backend, NoDownload: true, Log: stderr},
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()

	if part, parts, _ := o.shard(); parts > 0 {
		ordered, own := suite.Shard(cells, part, parts, experiments.KnownPresets())
		return runShard(ctx, w, run, ordered, own, stdout)
	}
	var unknown *launch.UnknownCellError
	err = launch.Serve(ctx, w, cells, stdin, stdout)
	if errors.As(err, &unknown) {
		return usage(err)
	}
	return err
}

// runShard runs the first own cells and what nobody else has of the others, and tells of each task
// and cell.
func runShard(ctx context.Context, w *experiments.Worker, run rundir.Run, cells []suite.Cell, own int, stdout io.Writer) error {
	err := launch.ServeShard(ctx, w, run, cells, own, func() func(engine.Progress) {
		view := newLines(stdout, newTracker(1, time.Now))
		return func(p engine.Progress) { view.Update(0, p) }
	})
	var interrupted *launch.InterruptedError
	if errors.As(err, &interrupted) {
		return &interruptedError{interrupted.Error()}
	}
	return err
}

// measure prints an estimate of the run's suite.
func measure(ctx context.Context, o WorkerOptions, run rundir.Run, stdout, stderr io.Writer) error {
	s, _, err := launch.Planned(run)
	if err != nil {
		return err
	}
	var at phase
	at.is("loads the backbone and the examples")
	t := newTeller(stderr, at.String)
	defer t.Close()
	store, done := newStore(o.DataDir, stderr)
	defer done()
	e, err := experiments.Measure(ctx, s, experiments.WorkerOptions{Store: store, Doing: at.is,
		Backend: backbone.BackendOptions{Name: o.Backend, NoDownload: true, Log: stderr}})
	if err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(e)
}
