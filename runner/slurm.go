package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"secura/experiments"
	"secura/experiments/engine"
	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
)

// The engines.
const (
	localEngine = "local"
	slurmEngine = "slurm"
)

// now is the clock of what people read.
var now = time.Now

// slurmJob is a line of slurm/jobs.jsonl: a job array that was handed to Slurm.
type slurmJob struct {
	Job    string    `json:"job"`
	Shards int       `json:"shards"`
	Script string    `json:"script"`
	Handed time.Time `json:"handed"`
	// Cells is the number of those that were not finished then.
	Cells int `json:"cells"`
}

// runOnSlurm hands the cells that are not finished yet to Slurm as a job array. Elements of earlier arrays, and a run on
// a machine that sees the same folder, share the work with it.
func runOnSlurm(ctx context.Context, o RunOptions, run rundir.Run, s suite.Suite, files []rundir.File, stdout, stderr io.Writer) error {
	if err := absolute(&run.Path, &o.DataDir); err != nil {
		return err
	}
	cells, _, err := suite.Plan(s)
	if err != nil {
		return err
	}
	missing, diverged := experiments.Unfinished(run, cells)
	if len(missing) == 0 {
		return errors.Join(errors.Join(diverged...), printTables(run, stdout))
	}
	array := engine.Array{
		Slurm: s.Slurm, Name: "secura-" + s.Name, Shards: min(len(missing), cmp.Or(s.Slurm.Elements, 1000)),
		Program: filepath.Join(run.Slurm(), "runner"), Run: run.Path, Data: o.DataDir, Backend: s.Backend,
		Logs: filepath.Join(run.Slurm(), "logs"),
	}
	if o.DryRun {
		script, err := array.Script()
		if err == nil {
			_, err = io.WriteString(stdout, script)
		}
		return err
	}
	if err := prepareShared(ctx, o, run, s, files, &array, stderr); err != nil {
		return err
	}
	job, err := submit(ctx, run, array, len(missing))
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "job %s: %d elements for %d cells\nfollow it: runner status %s\nstop it:   runner cancel %s\n", job, array.Shards, len(missing), run.Path, run.Path)
	if !o.Wait {
		return nil
	}
	if err := awaitJob(ctx, job); err != nil {
		return err
	}
	if missing, diverged = experiments.Unfinished(run, cells); len(missing) > 0 {
		diverged = append(diverged, fmt.Errorf("job %s is gone and %d cells are not finished, the first is %s; see the logs in %s", job, len(missing), missing[0], array.Logs))
	}
	return errors.Join(errors.Join(diverged...), printTables(run, stdout))
}

// prepareShared puts into the run's folder what the elements need: manifest, examples and this program. Another process
// may be running the same plan there.
func prepareShared(ctx context.Context, o RunOptions, run rundir.Run, s suite.Suite, files []rundir.File, array *engine.Array, stderr io.Writer) (err error) {
	manifest, err := describe(o, s, files)
	if err != nil {
		return err
	}
	if array.Backend, err = clusterBackend(ctx, o, s.Backend, &manifest, stderr); err != nil {
		return err
	}
	merged, warnings, err := continued(run, manifest)
	if err != nil {
		return err
	}
	for _, warning := range warnings {
		fmt.Fprintln(stderr, "warning:", warning)
	}
	lock, err := rundir.TakeLock(run.Lock())
	switch {
	case err == nil:
		defer func() { err = errors.Join(err, lock.Release()) }()
		if err := begin(run, merged, o.DataDir); err != nil {
			return err
		}
	case errors.Is(err, rundir.ErrLocked):
		// A run that is going on is joined, as long as it has the same plan.
		old, readErr := rundir.ReadManifest(run)
		if readErr != nil || old.Plan != merged.Plan {
			return fmt.Errorf("hand to Slurm: the run that is going on has another plan: %w", err)
		}
	default:
		return err
	}
	return copyProgram(array.Program)
}

// clusterBackend is what the elements open. A plugin that is named is not opened here: the machine that submits may lack
// the device. Each element checks its gradients before it computes.
func clusterBackend(ctx context.Context, o RunOptions, name string, m *rundir.Manifest, stderr io.Writer) (string, error) {
	path, named := strings.CutPrefix(name, "xla:")
	if !named {
		return openedBackend(ctx, o, name, m, stderr)
	}
	if err := absolute(&path); err != nil {
		return "", err
	}
	file, err := rundir.HashFile(path)
	if err != nil {
		return "", err
	}
	m.Backend, m.PluginSHA256 = "xla", file.SHA256
	return "xla:" + path, nil
}

// copyProgram puts this program where the elements start it. One of an earlier array may be running: the new file takes
// its name, and the old one stays with those who have it open.
func copyProgram(path string) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program's file: %w", err)
	}
	in, err := os.Open(self)
	if err != nil {
		return fmt.Errorf("copy this program: %w", err)
	}
	defer in.Close()
	err = rundir.WriteFile(path, func(out io.Writer) error {
		_, err := io.Copy(out, in)
		return err
	})
	if err == nil {
		err = os.Chmod(path, 0o755)
	}
	return err
}

// submit writes the batch script, hands it to Slurm and notes the job.
func submit(ctx context.Context, run rundir.Run, array engine.Array, cells int) (string, error) {
	earlier, err := slurmJobs(run)
	if err != nil {
		return "", err
	}
	script, err := array.Script()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(array.Logs, 0o755); err != nil {
		return "", fmt.Errorf("make folder for logs: %w", err)
	}
	path := filepath.Join(run.Slurm(), fmt.Sprintf("array-%02d.sh", len(earlier)+1))
	if err := rundir.WriteBytes(path, []byte(script)); err != nil {
		return "", err
	}
	job, err := engine.Submit(ctx, path)
	if err != nil {
		return "", err
	}
	w, err := record.OpenWriter(jobsFile(run))
	if err != nil {
		return job, err
	}
	return job, errors.Join(w.Append(slurmJob{job, array.Shards, filepath.Base(path), now().UTC(), cells}), w.Sync(), w.Close())
}

func jobsFile(run rundir.Run) string { return filepath.Join(run.Slurm(), "jobs.jsonl") }

// slurmJobs are the job arrays that were handed to Slurm for the run, the oldest first.
func slurmJobs(run rundir.Run) ([]slurmJob, error) {
	jobs, _, err := record.Read[slurmJob](jobsFile(run))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return jobs, err
}

// queued are the elements of the run's job arrays that Slurm knows, by their ids.
func queued(ctx context.Context, run rundir.Run) (map[string]engine.Element, []string, error) {
	jobs, err := slurmJobs(run)
	if err != nil || len(jobs) == 0 {
		return nil, nil, err
	}
	var numbers []string
	for _, job := range jobs {
		numbers = append(numbers, job.Job)
	}
	elements, err := engine.Queue(ctx, numbers)
	known := map[string]engine.Element{}
	for _, e := range elements {
		known[e.ID] = e
	}
	return known, numbers, err
}

// awaitJob returns when no element of the job waits or runs.
func awaitJob(ctx context.Context, job string) error {
	for {
		elements, err := engine.Queue(ctx, []string{job})
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(elements, engine.Element.Waiting) {
			return nil
		}
		select {
		case <-ctx.Done():
			return &interruptedError{fmt.Sprintf("job %s goes on; runner cancel stops it", job)}
		case <-time.After(3 * time.Second):
		}
	}
}

// absolute makes paths that hold on every machine that sees the same file system.
func absolute(paths ...*string) error {
	for _, p := range paths {
		full, err := filepath.Abs(*p)
		if err != nil {
			return err
		}
		*p = full
	}
	return nil
}
