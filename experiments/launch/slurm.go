package launch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"secura/experiments"
	"secura/experiments/engine"
	"secura/experiments/machine"
	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/methods/backbone"
)

// Array is a job array for the cells of a run that are not finished.
type Array struct {
	engine.Array
	// Cells is the number of those cells; Failures joins what became of the diverged ones.
	Cells    int
	Failures error

	launch  Launch
	planned []suite.Cell
}

// OnSlurm plans the job array that runs what is not finished. Elements of earlier arrays, and a run
// on a machine that sees the same folder, share the work with it. An array of 0 cells has nothing
// to do. The Backend of one is "auto" where Submit would have to install a plugin. The error is a
// *ChangedError where the run has other settings.
func (l Launch) OnSlurm() (*Array, error) {
	if err := absolute(&l.Run.Path, &l.DataDir); err != nil {
		return nil, err
	}
	manifest, err := l.manifest()
	if err != nil {
		return nil, err
	}
	if _, _, err := continued(l.Run, manifest); err != nil {
		return nil, err
	}
	cells, err := suite.Plan(l.Suite)
	if err != nil {
		return nil, err
	}
	if err := l.sameSettings(cells); err != nil {
		return nil, err
	}
	missing, diverged, err := unfinished(l.Run, cells)
	if err != nil {
		return nil, fmt.Errorf("continue run: %w", err)
	}
	folder := l.Run.Slurm()
	array := &Array{Array: engine.Array{
		Slurm: l.Suite.Slurm, Name: "secura-" + l.Suite.Name, Shards: min(len(missing), cmp.Or(l.Suite.Slurm.Elements, 1000)),
		Program: filepath.Join(folder, "runner"), Run: l.Run.Path, Data: l.DataDir,
		Logs: filepath.Join(folder, "logs"), Rounds: roundsFolder(l.Run),
	}, Cells: len(missing), Failures: errors.Join(diverged...), launch: l, planned: cells}
	if array.Cells > 0 {
		array.Backend, err = backbone.FindBackend(backbone.BackendOptions{Name: l.Suite.Backend, NoDownload: l.NoDownload})
	}
	return array, err
}

// Submit puts what the elements need into the run's folder, hands the array to Slurm and returns
// the job's number.
func (a *Array) Submit(ctx context.Context) (job string, err error) {
	if err := a.launch.share(ctx, &a.Array); err != nil {
		return "", err
	}
	return submit(ctx, a.launch.Run, a.Array, a.Cells)
}

// Outcome joins what became of the cells that did not end well, once no element of the job waits or
// runs.
func (a *Array) Outcome(job string) error {
	missing, diverged, changed := unfinished(a.launch.Run, a.planned)
	diverged = append(diverged, changed)
	if len(missing) > 0 {
		diverged = append(diverged, fmt.Errorf("job %s is gone and %d cells are not finished, the first is %s; see the logs in %s", job, len(missing), missing[0], a.Logs))
		rounds, err := Rounds(a.launch.Run)
		for _, r := range rounds {
			diverged = append(diverged, errors.New(r.String()))
		}
		diverged = append(diverged, err)
	}
	return errors.Join(diverged...)
}

// share puts into the run's folder what the elements need: manifest, examples and this program.
// Another process may be running the same plan there.
func (l Launch) share(ctx context.Context, array *engine.Array) (err error) {
	manifest, err := l.manifest()
	if err != nil {
		return err
	}
	if array.Backend, err = l.clusterBackend(ctx, &manifest); err != nil {
		return err
	}
	merged, err := l.merge(manifest)
	if err != nil {
		return err
	}
	lock, err := rundir.TakeLock(l.Run.Lock())
	switch {
	case err == nil:
		defer func() { err = errors.Join(err, lock.Release()) }()
		if err := Begin(l.Run, merged, l.Prepared.Data); err != nil {
			return err
		}
	case errors.Is(err, rundir.ErrLocked):
		// A run that is going on is joined, as long as it has the same plan.
		old, readErr := rundir.ReadManifest(l.Run)
		if readErr != nil || old.Plan != merged.Plan {
			return fmt.Errorf("hand to Slurm: the run that is going on has another plan: %w", err)
		}
		if err := old.CheckBackend(merged); err != nil {
			return fmt.Errorf("hand to Slurm: join the run that is going on %w", err)
		}
	default:
		return err
	}
	return copyProgram(array.Program)
}

// clusterBackend is what the elements open. A plugin that is named is not opened here: the machine
// that submits may lack the device. Each element checks its gradients before it computes.
func (l Launch) clusterBackend(ctx context.Context, m *rundir.Manifest) (string, error) {
	if err := backbone.CheckBackendName(l.Suite.Backend); err != nil {
		return "", err
	}
	path, options, named := backbone.SplitPlugin(l.Suite.Backend)
	if !named {
		info, err := OpenBackend(ctx, l.Suite.Backend, l.NoDownload, m, l.Log)
		return info.Opens(), err
	}
	if err := absolute(&path); err != nil {
		return "", err
	}
	file, err := rundir.HashFile(path)
	if err != nil {
		return "", err
	}
	info := backbone.DescribePlugin(path, options)
	info.PluginSHA256 = file.SHA256
	experiments.DescribeBackend(m, info)
	return info.Opens(), nil
}

// copyProgram puts this program where the elements start it. One of an earlier array may be
// running: the new file takes its name, and the old one stays with those who have it open.
func copyProgram(path string) error {
	self, err := machine.Program()
	if err != nil {
		return err
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
	earlier, err := readJobs(run)
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
	// What notes the job is opened before Slurm has it: nobody would know of it otherwise.
	if _, _, err := record.Truncate(jobsFile(run), func([]byte) bool { return true }); err != nil {
		return "", err
	}
	w, err := record.OpenWriter(jobsFile(run))
	if err != nil {
		return "", err
	}
	job, err := engine.Submit(ctx, path)
	if err != nil {
		return "", errors.Join(err, w.Close())
	}
	return job, note(w, handedJob{job, array.Shards, filepath.Base(path), time.Now().UTC(), cells})
}

// note writes down a job that Slurm has. Where that fails its number is in the error: the run does
// not know of the job.
func note(w *record.Writer, job handedJob) error {
	if err := errors.Join(w.Append(job), w.Sync(), w.Close()); err != nil {
		return fmt.Errorf("job %s was handed to Slurm and could not be noted, so that status and cancel do not know it (scancel %s stops it): %w", job.Job, job.Job, err)
	}
	return nil
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
