package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"secura/datasets/prepared"
	"secura/experiments"
	"secura/experiments/engine"
	"secura/experiments/launch"
	"secura/experiments/machine"
	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/standing"
	"secura/experiments/suite"
	"secura/methods/backbone"
	"secura/reports/report"
	"secura/spelling"
)

// scoreTolerance is how far scores may be apart that two backends, plugin builds or processors
// computed, up to the first task that they executed.
const scoreTolerance = 1e-4

// VerifyOptions are the flags of verify.
type VerifyOptions struct {
	Run     string
	DataDir string
	Backend string
	// Backbone is where the run's backbone lies here, or its backbones, separated by commas.
	Backbone string
	Cells    string
	Full     bool
	Seed     uint64
}

func (o *VerifyOptions) addFlags(flags *flag.FlagSet) {
	addData(flags, &o.DataDir)
	flags.StringVar(&o.Backend, "backend", "", "`auto|xla|go|xla:FILE`: what computes; that of the run if not given")
	flags.StringVar(&o.Backbone, "backbone", "", "`DIR` of the run's backbone, if it lies elsewhere than where the run read it; of several one each, in the run's order, separated by commas")
	flags.StringVar(&o.Cells, "cells", "", "execute these `CELLS` again as a whole, separated by commas, such as secura-s0-o0")
	flags.BoolVar(&o.Full, "full", false, "execute every cell again as a whole, which takes as long as the run did")
	flags.Uint64Var(&o.Seed, "seed", 0, "`NUMBER` that draws the task of each method that is executed again")
}

func (o *VerifyOptions) check(string) error {
	if o.Full && o.Cells != "" {
		return errors.New("-full executes all cells again: leave -cells out")
	}
	return backbone.CheckBackendName(o.Backend)
}

func newVerify() command {
	var o VerifyOptions
	c := command{
		name: "verify", does: "holds a run, or a bundle of one, to its data and records, and executes a task of each method again",
		argument: "RUN",
		examples: []string{"verify runs/continual16", "verify runs/continual16 -cells secura-s0-o0", "verify continual16.tar.zst -full"},
		flags:    newFlags("verify"), check: o.check,
		run: func(ctx context.Context, run string, stdout, stderr io.Writer) error {
			o.Run = run
			return runVerify(ctx, o, stdout, stderr)
		},
	}
	o.addFlags(c.flags)
	return c
}

// verification is a run that is being verified, and what was found wrong.
type verification struct {
	options  VerifyOptions
	run      rundir.Run
	manifest rundir.Manifest
	suite    suite.Suite
	store    *prepared.Store
	// packed says that the run came in a bundle, which may lack checkpoints.
	packed bool
	stdout io.Writer
	wrong  int
}

// found tells of what was checked, and of everything that is wrong with it.
func (v *verification) found(what string, wrong ...error) {
	if err := errors.Join(wrong...); err == nil {
		fmt.Fprintf(v.stdout, "ok       %s\n", what)
		return
	}
	for _, err := range wrong {
		if err != nil {
			v.wrong++
			fmt.Fprintf(v.stdout, "DIFFERS  %s: %v\n", what, err)
		}
	}
}

func runVerify(ctx context.Context, o VerifyOptions, stdout, stderr io.Writer) error {
	run, done, err := unpackRun(o.Run)
	if err != nil {
		return err
	}
	defer done()
	v := &verification{options: o, run: run, packed: run.Path != o.Run, stdout: stdout}
	if v.manifest, err = rundir.ReadManifest(run); err != nil {
		return err
	}
	if v.suite, err = suite.Computable(run.Manifest(), v.manifest.Suite); err != nil {
		return err
	}
	cells, err := suite.Plan(v.suite)
	if err != nil {
		return err
	}
	finished, open := finishedCells(run, cells)
	if len(finished) == 0 {
		return fmt.Errorf("verify %s: none of its %d cells is finished", o.Run, len(cells))
	}
	if len(open) > 0 {
		fmt.Fprintf(stdout, "not finished, and not looked at: %s\n", strings.Join(open, ", "))
	}
	store, storeDone := newStore(o.DataDir, stderr)
	defer storeDone()
	v.store = store
	files := experiments.CheckFiles(ctx, run, v.manifest, v.suite, store, o.Backbone)
	v.found(fmt.Sprintf("suite, examples, and %d files of data and backbone", len(v.manifest.Files)), files...)
	if err := v.reports(cells); err != nil {
		return err
	}
	if len(files) == 0 {
		if err := v.compute(ctx, finished, stderr); err != nil {
			return err
		}
	} else {
		fmt.Fprintln(stdout, "nothing was executed again, for the data are others")
	}
	if v.wrong > 0 {
		return fmt.Errorf("verify %s: %d differences", o.Run, v.wrong)
	}
	_, err = fmt.Fprintf(stdout, "verified: %d of %d cells\n", len(finished), len(cells))
	return err
}

// finishedCells are the cells that are done or diverged, by their status or by their records, whose
// numbers a report has, and the ids of the others.
func finishedCells(run rundir.Run, cells []suite.Cell) (finished []suite.Cell, open []string) {
	for _, c := range cells {
		at, err := standing.Read(run.Cell(c.ID))
		said := err == nil && at.Finished()
		last, err := record.Last[record.Event](run.Cell(c.ID).Records())
		if said || err == nil && (last.Kind == record.CellEnd || last.Kind == record.Diverged) {
			finished = append(finished, c)
		} else {
			open = append(open, c.ID)
		}
	}
	return finished, open
}

// results compares results.json with what is in a report that was made from the records again. The
// error is os.ErrNotExist where the run has no such file.
func (v *verification) results(r *report.Report) error {
	kept, err := os.ReadFile(v.run.Results())
	if err != nil {
		return err
	}
	again, err := report.Results(r)
	if err != nil {
		return err
	}
	d, err := record.Difference(kept, again, 0)
	if err != nil {
		return fmt.Errorf("%s: %w", v.run.Results(), err)
	}
	if d != "" {
		return fmt.Errorf("%s: %s; `runner report` makes the file again, with all that this program writes", v.run.Results(), d)
	}
	return nil
}

// compute opens what computes, checks the finished cells' files and executes parts of them again.
func (v *verification) compute(ctx context.Context, finished []suite.Cell, stderr io.Writer) (err error) {
	name := cmp.Or(v.options.Backend, v.manifest.Backend)
	if _, _, named := backbone.SplitPlugin(v.suite.Backend); named && v.options.Backend == "" {
		name = v.suite.Backend
	}
	here := rundir.Manifest{Processor: machine.Processor()}
	here.Build()
	backend, err := launch.OpenBackend(ctx, name, true, &here, stderr)
	if err != nil {
		return err
	}
	w, err := experiments.OpenWorker(ctx, experiments.WorkerOptions{Run: v.run, Store: v.store, Backbone: v.options.Backbone, AnyBackend: true,
		Backend: backbone.BackendOptions{Name: backend.Opens(), NoDownload: true, Log: stderr}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	var without []string
	for _, c := range finished {
		lacks := rundir.LacksCheckpoints(v.run.Cell(c.ID))
		if lacks {
			without = append(without, c.ID)
		}
		v.found("records, predictions and scores of "+c.ID, w.CheckCell(ctx, c, !lacks && !v.packed)...)
	}
	if len(without) > 0 {
		fmt.Fprintf(v.stdout, "without checkpoints, so that tasks are executed from the cell's start: %s\n", strings.Join(without, ", "))
	}
	parts, err := v.parts(ctx, w, finished)
	if err != nil {
		return err
	}
	for _, part := range parts {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := v.again(ctx, w, part, v.tolerance(part.Cell, here), stderr); err != nil {
			return err
		}
	}
	return nil
}

// tolerance is how far the scores of a cell that is executed again here may be apart; 0 says that
// its records must come out byte for byte. Where they need not, it is told why.
func (v *verification) tolerance(cell suite.Cell, here rundir.Manifest) float64 {
	kept := v.manifest
	if at, err := standing.Read(v.run.Cell(cell.ID)); err == nil {
		kept.Processor = v.manifest.ComputedBy(at.Status.Processors)
	}
	reasons := kept.OtherNumbers(here)
	if len(reasons) == 0 {
		return 0
	}
	fmt.Fprintf(v.stdout, "of %s only rates, tokens, the first loss and scores are compared, these to %g up to the first task that is executed, for it was computed by %s\n", cell.ID, scoreTolerance, strings.Join(reasons, ", "))
	return scoreTolerance
}

// parts are what is executed again.
func (v *verification) parts(ctx context.Context, w *experiments.Worker, finished []suite.Cell) (parts []experiments.Part, err error) {
	if v.options.Cells == "" && !v.options.Full {
		return w.Sample(ctx, finished, v.options.Seed)
	}
	var ids []string
	for _, c := range finished {
		ids = append(ids, c.ID)
	}
	chosen := ids
	if v.options.Cells != "" {
		chosen = strings.Split(v.options.Cells, ",")
	}
	for _, id := range chosen {
		i := slices.Index(ids, id)
		if i < 0 {
			return nil, usagef("%s", spelling.Unknown("finished cell", id, ids))
		}
		parts = append(parts, experiments.Whole(finished[i]))
	}
	return parts, nil
}

// again executes a part in a folder that is removed afterwards, and tells on stderr how far it is
// where that takes long.
func (v *verification) again(ctx context.Context, w *experiments.Worker, part experiments.Part, tolerance float64, stderr io.Writer) error {
	scratch, err := os.MkdirTemp("", "runner-verify-")
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	defer os.RemoveAll(scratch)
	at := newLines(io.Discard, newTracker(1, time.Now))
	at.Update(0, engine.Progress{Cell: part.Cell.ID, State: record.Running})
	teller := newTeller(stderr, at.doing)
	drift, err := w.Again(ctx, part, rundir.Run{Path: scratch}, tolerance, func(p engine.Progress) { at.Update(0, p) })
	teller.Close()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	what := "executed again: " + part.String()
	if drift != "" {
		what += "; further on scores drift apart, the most where " + drift
	}
	v.found(what, err)
	return nil
}
