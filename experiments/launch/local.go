package launch

import (
	"cmp"
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"

	"secura/experiments/engine"
	"secura/experiments/machine"
	"secura/experiments/rundir"
	"secura/experiments/standing"
	"secura/methods/backbone"
)

// work runs cells in worker processes of this same program and shows how far they are; cells of one
// group share compiled graphs. The error joins those of the cells that did not end well.
func (l Launch) work(ctx context.Context, backend backbone.BackendInfo, cells []string, group func(cell string) string) error {
	program, err := machine.Program()
	if err != nil {
		return err
	}
	each := max(l.Suite.Devices, 1)
	atOnce := runtime.NumCPU()
	if !backend.OnProcessor() {
		atOnce = max(backend.Devices/each, 1)
	}
	workers := min(cmp.Or(l.Jobs, atOnce), len(cells))
	view := l.View(workers, len(cells))
	err = engine.Run(ctx, engine.Options{
		Jobs:  workers,
		Cells: cells, Group: group,
		Device: !backend.OnProcessor(),
		Command: func(worker int) *exec.Cmd {
			return Worker(program, l.Run, l.DataDir, openedBy(worker, backend, each))
		},
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

// openedBy is the name by which a worker opens the backend. Of several GPUs it takes as many as a
// cell computes on, each worker the next ones, unless the backend's options say which are taken.
func openedBy(worker int, backend backbone.BackendInfo, each int) string {
	options := backend.Options
	if backend.OnProcessor() || backend.Devices < 2*each || strings.Contains(options, "visible_devices") {
		return backend.Opens()
	}
	first := worker % (backend.Devices / each) * each
	var taken []string
	for i := range each {
		taken = append(taken, strconv.Itoa(first+i))
	}
	if options != "" {
		options += ","
	}
	return backbone.PluginName(backend.Plugin, options+"visible_devices="+strings.Join(taken, ";"))
}

// Worker is a worker process of a run: this program, by its path of machine.Program, with the
// command worker, and more of its flags. A list of processes has it by this program's name.
func Worker(program string, run rundir.Run, dataDir, backend string, more ...string) *exec.Cmd {
	command := exec.Command(program, append([]string{"worker", "-run", run.Path, "-data", dataDir, "-backend", backend}, more...)...)
	if name, err := os.Executable(); err == nil {
		command.Args[0] = name
	}
	return command
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
