package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"secura/experiments"
	"secura/experiments/engine"
	"secura/experiments/launch"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/reports"
	"secura/spelling"
)

// The engines.
const (
	localEngine = "local"
	slurmEngine = "slurm"
)

// RunOptions are the flags of run.
type RunOptions struct {
	SuiteOptions
	PlaceOptions
	// Engine is local or slurm; DryRun prints what would be handed to Slurm, Wait stays until its
	// elements are gone.
	Engine string
	DryRun bool
	Wait   bool
}

func (o *RunOptions) addFlags(flags *flag.FlagSet) {
	flags.StringVar(&o.Suite, "suite", "", "`NAME|FILE`: an embedded suite, or a file whose name ends in .yaml")
	o.SuiteOptions.addFlags(flags)
	o.PlaceOptions.addFlags(flags)
	flags.StringVar(&o.Engine, "engine", localEngine, "`local|slurm`: worker processes on this machine, or a job array with what the suite's slurm keys ask for")
	flags.BoolVar(&o.DryRun, "dry-run", false, "print the batch script and do nothing else")
	flags.BoolVar(&o.Wait, "wait", false, "with -engine slurm: wait for the job array, then print the tables")
}

// PlaceOptions are the flags that say where and how the cells of a run are computed.
type PlaceOptions struct {
	DataDir    string
	Out        string
	Jobs       count
	RetryParts count
	NoDownload bool
	// AllowBackendChange goes on with a run that another backend began.
	AllowBackendChange bool
}

func (o *PlaceOptions) addFlags(flags *flag.FlagSet) {
	addData(flags, &o.DataDir)
	flags.StringVar(&o.Out, "out", "", "the run's `DIR`. Default: runs/SUITE")
	flags.Var(&o.Jobs, "jobs", "`NUMBER` of cells that run at the same time, each on one core. Default: the number of cores")
	flags.Var(&o.RetryParts, "retry-parts", "if a cell's worker is killed, as the system does when memory runs out, start the cell again and compute each batch in `NUMBER` parts. Default: such a cell fails")
	flags.BoolVar(&o.AllowBackendChange, "allow-backend-change", false, "go on with a run that another backend or plugin began; its results say so")
	addNoDownload(flags, &o.NoDownload)
}

func (o *RunOptions) check(string) error {
	if o.Suite == "" {
		return fmt.Errorf("run needs -suite NAME or -suite FILE.yaml. Known: %s", strings.Join(suite.List(), ", "))
	}
	switch {
	case o.Engine != localEngine && o.Engine != slurmEngine:
		return errors.New(spelling.Unknown("engine", o.Engine, []string{localEngine, slurmEngine}))
	case o.Engine == localEngine && (o.DryRun || o.Wait):
		return errors.New("-dry-run and -wait are for -engine slurm")
	case o.Engine == slurmEngine && o.RetryParts > 0:
		return errors.New("-retry-parts is for -engine local; for a job array, raise slurm.mem, or set training.accumulate or training.checkpoint")
	}
	return o.SuiteOptions.check()
}

func newRun() command {
	var o RunOptions
	c := command{
		name: "run",
		does: "runs or continues a suite, then prints the tables",
		examples: []string{
			"-suite continual16",
			"run -suite continual16 -methods seq,secura -seeds 3 -out runs/two",
			"run -suite smoke -backend go -jobs 1",
			"run -suite smoke -set training.steps=12",
			"run -suite continual16 -seeds 8 -engine slurm -set slurm.time=2:00:00 -set slurm.partition=short",
		},
		flags: newFlags("run"), check: o.check,
		run: func(ctx context.Context, _ string, stdout, stderr io.Writer) error {
			return runSuite(ctx, o, stdout, stderr)
		},
	}
	o.addFlags(c.flags)
	return c
}

// runSuite runs the cells of the suite that are not finished yet, and prints the tables of the
// whole run. Nothing is written before the suite and all its data were found to be good.
func runSuite(ctx context.Context, o RunOptions, stdout, stderr io.Writer) (err error) {
	s, err := o.load()
	if err != nil {
		return err
	}
	if parts := int(o.RetryParts); parts > 0 && s.Training.Batch%parts != 0 {
		return usagef("-retry-parts is %d, must divide training.batch, %d", parts, s.Training.Batch)
	}
	if s, err = fetchForRun(ctx, o.place(s), s, o.NoDownload, stderr); err != nil {
		return err
	}
	if s, err = launch.WithLengths(o.place(s), s); err != nil {
		return err
	}
	prepared, err := prepare(ctx, s, o.DataDir, stderr)
	if err != nil {
		return err
	}
	l := o.launch(prepared.Suite, prepared, stderr)
	if o.Engine == slurmEngine {
		return runOnSlurm(ctx, o, l, stdout, stderr)
	}
	lock, err := rundir.TakeLock(l.Run.Lock())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()

	if err := l.Run.Sweep(); err != nil {
		return err
	}
	failures, err := runMissing(ctx, l)
	if err != nil {
		return err
	}
	return errors.Join(failures, printTables(l.Run, stdout))
}

// place is where the run of a suite lies.
func (o *PlaceOptions) place(s suite.Suite) rundir.Run {
	return rundir.Run{Path: cmp.Or(o.Out, filepath.Join("runs", s.Name))}
}

// launch is the run of a suite that the flags ask for.
func (o *PlaceOptions) launch(s suite.Suite, prepared *experiments.Prepared, stderr io.Writer) launch.Launch {
	return launch.Launch{
		Run: o.place(s), Suite: s, Prepared: prepared, DataDir: o.DataDir,
		Jobs: int(o.Jobs), RetryParts: int(o.RetryParts), NoDownload: o.NoDownload, AllowBackendChange: o.AllowBackendChange,
		Log: stderr, View: func(workers, cells int) launch.View { return newProgress(stderr, workers, cells) },
	}
}

// runMissing runs what is not finished. Settings that are not the run's are wrong usage.
func runMissing(ctx context.Context, l launch.Launch) (failures, err error) {
	failures, err = l.Missing(ctx)
	if err != nil && ctx.Err() != nil {
		return nil, &interruptedError{"to go on from the last checkpoints, give the same command again: " + sameCommand()}
	}
	return failures, changedIsUsage(err)
}

// changedIsUsage marks settings that are not those of the run as wrong usage.
func changedIsUsage(err error) error {
	var changed *launch.ChangedError
	if errors.As(err, &changed) {
		return usage(err)
	}
	return err
}

// runOnSlurm hands the cells that are not finished to Slurm as a job array.
func runOnSlurm(ctx context.Context, o RunOptions, l launch.Launch, stdout, stderr io.Writer) error {
	array, err := l.OnSlurm()
	if err != nil {
		return changedIsUsage(err)
	}
	if o.DryRun {
		return dryRun(array, stdout, stderr)
	}
	run := rundir.Run{Path: array.Run}
	if array.Cells == 0 {
		return errors.Join(array.Failures, printTables(run, stdout))
	}
	job, err := array.Submit(ctx)
	if err != nil {
		return changedIsUsage(err)
	}
	fmt.Fprintf(stdout, "job %s: %d elements for %d cells\nfollow it: runner status %s\nstop it:   runner cancel %s\n", job, array.Shards, array.Cells, run.Path, run.Path)
	if !o.Wait {
		return nil
	}
	if err := launch.Await(ctx, job, stderr); err != nil {
		if ctx.Err() != nil {
			return &interruptedError{fmt.Sprintf("job %s goes on; runner cancel stops it", job)}
		}
		return err
	}
	return errors.Join(array.Outcome(job), printTables(run, stdout))
}

// dryRun prints the batch script that would be handed to Slurm, if there is one.
func dryRun(array *launch.Array, stdout, stderr io.Writer) error {
	if array.Cells == 0 {
		fmt.Fprintln(stderr, "nothing of the run is left to run")
		return nil
	}
	if array.Backend == "auto" {
		fmt.Fprintln(stderr, "no XLA plugin is installed here: submitting installs one, and the script then has its path for -backend 'auto'")
	}
	script, err := array.Script()
	if err == nil {
		_, err = io.WriteString(stdout, script)
	}
	return err
}

// printTables makes the reports of a run from its records alone, writes them into the run and
// prints the tables; what could not be written is an error after that.
func printTables(run rundir.Run, stdout io.Writer) error {
	report, unwritten, err := reports.WriteAll(run)
	if err != nil {
		return err
	}
	return errors.Join(reports.Text(stdout, report, coloured(stdout)), unwritten)
}

// sameCommand is how this program was called, to be given again.
func sameCommand() string {
	words := []string{"runner"}
	for _, word := range os.Args[1:] {
		if word == "" || strings.ContainsAny(word, " \t\n'\"\\$&|;<>()*?[]{}~#`") {
			word = engine.ShellQuote(word)
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}
