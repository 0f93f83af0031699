package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"secura/datasets"
	"secura/experiments"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/methods/backbone"
)

// RunOptions are the flags of run.
type RunOptions struct {
	SuiteOptions
	DataDir    string
	Out        string
	Jobs       count
	RetryParts count
	NoDownload bool
	// AllowBackendChange goes on with a run that another backend began.
	AllowBackendChange bool
	// Engine is local or slurm; DryRun prints what would be handed to Slurm, Wait stays until its elements are gone.
	Engine string
	DryRun bool
	Wait   bool
}

func (o *RunOptions) addFlags(flags *flag.FlagSet) {
	flags.StringVar(&o.Suite, "suite", "", "`NAME|FILE`: an embedded suite, or a file whose name ends in .yaml")
	o.SuiteOptions.addFlags(flags)
	o.addPlaces(flags)
	flags.StringVar(&o.Engine, "engine", localEngine, "`local|slurm`: worker processes on this machine, or a job array of a cluster, which gets what the suite's slurm keys say")
	flags.BoolVar(&o.DryRun, "dry-run", false, "print the batch script, and hand nothing to Slurm")
	flags.BoolVar(&o.Wait, "wait", false, "with -engine slurm: wait for the job array, then print the tables")
}

// addPlaces adds the flags that say where and how the cells run.
func (o *RunOptions) addPlaces(flags *flag.FlagSet) {
	flags.StringVar(&o.DataDir, "data", ".", "`DIR` below which the tasks' relative sources lie")
	flags.StringVar(&o.Out, "out", "", "the run's `DIR`; runs/SUITE if not given")
	flags.Var(&o.Jobs, "jobs", "`NUMBER` of cells that run at the same time, one core each; the number of cores if not given")
	flags.Var(&o.RetryParts, "retry-parts", "`NUMBER` of parts in which a cell's batches are computed, from its start, after its worker was killed, as the system does when memory runs out; such a cell fails if not given")
	flags.BoolVar(&o.AllowBackendChange, "allow-backend-change", false, "go on with a run that another backend or plugin build began; its results are marked")
	flags.BoolVar(&o.NoDownload, "no-download", false, "never download: take an installed XLA plugin, or the slower pure-Go backend, and a backbone that is here")
}

func (o *RunOptions) check(string) error {
	if o.Suite == "" {
		return fmt.Errorf("run needs -suite NAME or -suite FILE.yaml. Known: %s", strings.Join(suite.List(), ", "))
	}
	switch {
	case o.Engine != localEngine && o.Engine != slurmEngine:
		return errors.New(datasets.Unknown("engine", o.Engine, []string{localEngine, slurmEngine}))
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

// runSuite runs the cells of the suite that are not finished yet, and prints
// the tables of the whole run. Nothing is written before the suite and all its
// data were found to be good.
func runSuite(ctx context.Context, o RunOptions, stdout, stderr io.Writer) (err error) {
	s, err := o.load()
	if err != nil {
		return err
	}
	if parts := int(o.RetryParts); parts > 0 && s.Training.Batch%parts != 0 {
		return usagef("-retry-parts is %d, must divide training.batch, %d", parts, s.Training.Batch)
	}
	if err := o.fetchBackbones(ctx, s, o.NoDownload, stderr); err != nil {
		return err
	}
	files, err := experiments.Prepare(s, o.DataDir)
	if err != nil {
		return err
	}
	run := rundir.Run{Path: o.Out}
	if run.Path == "" {
		run.Path = filepath.Join("runs", s.Name)
	}
	if o.Engine == slurmEngine {
		return runOnSlurm(ctx, o, run, s, files, stdout, stderr)
	}
	lock, err := rundir.TakeLock(run.Lock())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()

	if err := run.Sweep(); err != nil {
		return err
	}
	failures, err := runMissing(ctx, o, run, s, files, stderr)
	if err != nil {
		return err
	}
	return errors.Join(failures, printTables(run, stdout))
}

// runMissing runs the cells of a suite that are not finished in the run, whose
// lock the caller holds. failures joins what became of cells that did not end
// well, now or earlier.
func runMissing(ctx context.Context, o RunOptions, run rundir.Run, s suite.Suite, files []rundir.File, stderr io.Writer) (failures, err error) {
	manifest, err := describe(o, s, files)
	if err != nil {
		return nil, err
	}
	// The settings are held against the old run's before anything is installed.
	if _, _, err := continued(run, manifest); err != nil {
		return nil, err
	}
	cells, _, err := suite.Plan(s)
	if err != nil {
		return nil, err
	}
	missing, diverged := experiments.Unfinished(run, suite.LongestFirst(cells, experiments.KnownPresets()))
	if len(missing) == 0 {
		return errors.Join(diverged...), nil
	}
	if len(missing) < len(cells) {
		fmt.Fprintf(stderr, "%d of %d cells are finished already\n", len(cells)-len(missing), len(cells))
	}
	backend, err := openedBackend(ctx, o, s.Backend, &manifest, stderr)
	if err != nil {
		return nil, err
	}
	merged, warnings, err := continued(run, manifest)
	if err != nil {
		return nil, err
	}
	for _, warning := range warnings {
		fmt.Fprintln(stderr, "warning:", warning)
	}
	if err := begin(run, merged, o.DataDir); err != nil {
		return nil, err
	}
	failed := runCells(ctx, o, run, backend, missing, graphKeys(cells), stderr)
	if ctx.Err() != nil {
		return nil, &interruptedError{"to go on from the last checkpoints, give the same command again: " + sameCommand()}
	}
	return errors.Join(append(diverged, failed)...), nil
}

// graphKeys names the backbone and the compiled graphs of each cell, by its id.
func graphKeys(cells []suite.Cell) func(cell string) string {
	keys, presets := map[string]string{}, experiments.KnownPresets()
	for _, c := range cells {
		keys[c.ID] = presets.GraphKey(c.Method) + " " + c.Backbone
	}
	return func(cell string) string { return keys[cell] }
}

// describe makes the manifest of a run, but for the backend.
func describe(o RunOptions, s suite.Suite, files []rundir.File) (rundir.Manifest, error) {
	data, err := json.Marshal(s)
	if err != nil {
		return rundir.Manifest{}, fmt.Errorf("encode suite %s: %w", s.Name, err)
	}
	m := rundir.Manifest{Suite: data, Files: files, Processor: processor(), AllowBackendChange: o.AllowBackendChange}
	if m.Plan, err = s.Hash(); err != nil {
		return rundir.Manifest{}, err
	}
	m.Build()
	return m, nil
}

// continued merges the manifest with that of an earlier run in the same
// place. A changed setting is wrong usage.
func continued(run rundir.Run, manifest rundir.Manifest) (rundir.Manifest, []string, error) {
	old, err := rundir.ReadManifest(run)
	if errors.Is(err, os.ErrNotExist) {
		return manifest, nil, nil
	}
	if err != nil {
		return rundir.Manifest{}, nil, err
	}
	merged, warnings, err := rundir.Merge(old, manifest)
	if err != nil {
		return rundir.Manifest{}, nil, usage(err)
	}
	s, err := suiteOf(run, merged)
	if err != nil {
		return rundir.Manifest{}, nil, err
	}
	if merged.Plan, err = s.Hash(); err != nil {
		return rundir.Manifest{}, nil, err
	}
	return merged, warnings, nil
}

// plannedSuite is the suite of a run, from its manifest.
func plannedSuite(run rundir.Run) (suite.Suite, error) {
	manifest, err := rundir.ReadManifest(run)
	if err != nil {
		return suite.Suite{}, err
	}
	return suiteOf(run, manifest)
}

// suiteOf is the suite of a run's manifest.
func suiteOf(run rundir.Run, manifest rundir.Manifest) (suite.Suite, error) {
	var s suite.Suite
	if err := json.Unmarshal(manifest.Suite, &s); err != nil {
		return suite.Suite{}, fmt.Errorf("read suite in %s: %w", run.Manifest(), err)
	}
	return s, nil
}

// begin writes what a run has before its first cell: the manifest, and the
// examples that its predictions are of, which no later command changes.
func begin(run rundir.Run, manifest rundir.Manifest, dataDir string) error {
	if err := rundir.WriteManifest(run, manifest); err != nil {
		return err
	}
	if _, err := os.Stat(run.Examples()); err == nil {
		return nil
	}
	s, err := suiteOf(run, manifest)
	if err != nil {
		return err
	}
	return experiments.WriteExamples(run, s, dataDir)
}

// openedBackend opens the backend once, which installs the plugin where that
// is needed and allowed, tells of a slower one and refuses one that computes
// wrong gradients. It describes the backend in the manifest and returns the
// name under which the workers open the same one.
func openedBackend(ctx context.Context, o RunOptions, name string, m *rundir.Manifest, stderr io.Writer) (string, error) {
	b, info, err := backbone.OpenBackend(ctx, backbone.BackendOptions{Name: name, NoDownload: o.NoDownload, Log: stderr})
	if err != nil {
		return "", err
	}
	b.Finalize()
	m.Backend, m.PluginSHA256, m.XLAFlags = info.Name, info.PluginSHA256, info.Flags
	if info.Plugin != "" {
		return "xla:" + info.Plugin, nil
	}
	return info.Name, nil
}

// sameCommand is how this program was called, to be given again.
func sameCommand() string {
	words := []string{"runner"}
	for _, word := range os.Args[1:] {
		if word == "" || strings.ContainsAny(word, " \t\n'\"\\$&|;<>()*?[]{}~#`") {
			word = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}
