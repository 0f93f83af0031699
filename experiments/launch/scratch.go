package launch

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"secura/experiments"
	"secura/experiments/machine"
	"secura/experiments/rundir"
	"secura/experiments/stream"
	"secura/experiments/suite"
	"secura/methods/backbone"
)

// Scratch makes runs of a suite in a folder that is removed again, for measurements.
type Scratch struct {
	Suite suite.Suite
	// Planned are its cells.
	Planned []suite.Cell
	// Manifest is what each run begins with.
	Manifest rundir.Manifest
	// Backend is what workers open.
	Backend backbone.BackendInfo
	// Folder is where the runs lie.
	Folder string

	// DataDir is the folder below which the tasks' relative sources lie.
	DataDir string

	program string
	data    *stream.Data
	runs    int
}

// NewScratch opens the backend of a prepared suite once and makes the folder, which Close removes.
func NewScratch(ctx context.Context, s suite.Suite, prepared *experiments.Prepared, dataDir string, noDownload bool, log io.Writer) (r *Scratch, err error) {
	r = &Scratch{Suite: s, DataDir: dataDir, data: prepared.Data}
	if r.program, err = machine.Program(); err != nil {
		return nil, err
	}
	if r.Manifest, err = Manifest(s, prepared); err != nil {
		return nil, err
	}
	if r.Backend, err = OpenBackend(ctx, s.Backend, noDownload, &r.Manifest, log); err != nil {
		return nil, err
	}
	if r.Planned, err = suite.Plan(s); err != nil {
		return nil, err
	}
	r.Folder, err = os.MkdirTemp("", "scratch-")
	return r, err
}

// Close removes the folder.
func (r *Scratch) Close() error { return os.RemoveAll(r.Folder) }

// Begin makes a fresh run.
func (r *Scratch) Begin() (rundir.Run, error) {
	r.runs++
	run := rundir.Run{Path: filepath.Join(r.Folder, strconv.Itoa(r.runs))}
	err := os.Mkdir(run.Path, 0o755)
	if err == nil {
		err = Begin(run, r.Manifest, r.data)
	}
	if err != nil {
		return run, fmt.Errorf("begin a scratch run: %w", err)
	}
	return run, nil
}

// Worker is a worker process of one of the runs, with more flags.
func (r *Scratch) Worker(run rundir.Run, more ...string) *exec.Cmd {
	return Worker(r.program, run, r.DataDir, r.Backend.Opens(), more...)
}
