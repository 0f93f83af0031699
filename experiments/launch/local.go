package launch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"

	"secura/experiments/engine"
	"secura/experiments/rundir"
	"secura/experiments/standing"
)

// work runs cells in worker processes of this same program and shows how far they are; cells of one
// group share compiled graphs. The error joins those of the cells that did not end well.
func (l Launch) work(ctx context.Context, backend string, cells []string, group func(cell string) string) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program's file: %w", err)
	}
	workers := min(cmp.Or(l.Jobs, runtime.NumCPU()), len(cells))
	view := l.View(workers, len(cells))
	err = engine.Run(ctx, engine.Options{
		Jobs:  workers,
		Cells: cells, Group: group,
		Command:    func(int) *exec.Cmd { return Worker(program, l.Run, l.DataDir, backend) },
		OnProgress: view.Update,
		Again: func(cell string) (bool, error) {
			if l.RetryParts == 0 {
				return false, nil
			}
			return rundir.RetryInParts(l.Run.Cell(cell), l.RetryParts)
		},
	})
	view.Close()
	return errors.Join(err, settle(l.Run, err))
}

// Worker is a worker process of a run: this program with the command worker, and more of its flags.
func Worker(program string, run rundir.Run, dataDir, backend string, more ...string) *exec.Cmd {
	return exec.Command(program, append([]string{"worker", "-run", run.Path, "-data", dataDir, "-backend", backend}, more...)...)
}

// settle writes the status of cells whose worker died before it could.
func settle(run rundir.Run, err error) error {
	var failures []error
	for _, c := range cellErrors(err) {
		failures = append(failures, standing.Settle(run.Cell(c.Cell), c.PID, c.State, c.Reason))
	}
	return errors.Join(failures...)
}

// cellErrors takes an error of engine.Run apart.
func cellErrors(err error) []*engine.CellError {
	var cell *engine.CellError
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var cells []*engine.CellError
		for _, e := range joined.Unwrap() {
			cells = append(cells, cellErrors(e)...)
		}
		return cells
	}
	if errors.As(err, &cell) {
		return []*engine.CellError{cell}
	}
	return nil
}
