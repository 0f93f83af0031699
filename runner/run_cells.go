package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"secura/experiments"
	"secura/experiments/engine"
	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/reports"
)

// runCells runs cells in worker processes of this same program and shows how
// far they are; cells of one group share compiled graphs. The error joins those of the cells that did not end well.
func runCells(ctx context.Context, o RunOptions, run rundir.Run, backend string, cells []string, group func(cell string) string, stderr io.Writer) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program's file: %w", err)
	}
	workers := min(cmp.Or(int(o.Jobs), runtime.NumCPU()), len(cells))
	view := newProgress(stderr, workers, len(cells))
	err = engine.Run(ctx, engine.Options{
		Jobs:  workers,
		Cells: cells, Group: group,
		Command: func(int) *exec.Cmd {
			return exec.Command(program, "worker", "-run", run.Path, "-data", o.DataDir, "-backend", backend)
		},
		OnProgress: view.update,
		Again: func(cell string) (bool, error) {
			if o.RetryParts == 0 {
				return false, nil
			}
			return experiments.RetryInParts(run.Cell(cell), int(o.RetryParts))
		},
	})
	view.close()
	return errors.Join(err, settle(run, err))
}

// settle writes the status of cells whose worker died before it could.
func settle(run rundir.Run, err error) error {
	var failures []error
	for _, c := range cellErrors(err) {
		path := run.Cell(c.Cell).Status()
		var status record.Status
		readErr := rundir.ReadJSON(path, &status)
		if readErr == nil && status.State == record.State(c.State) {
			continue
		}
		status.State, status.Reason, status.Ended = record.State(c.State), c.Reason, time.Now().UTC()
		failures = append(failures, rundir.WriteJSON(path, status))
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

// printTables makes the reports of a run from its records alone, writes them
// into the run and prints the tables.
func printTables(run rundir.Run, stdout io.Writer) error {
	report, err := reports.WriteAll(run)
	if err != nil {
		return err
	}
	return reports.Text(stdout, report, coloured(stdout))
}

// processor names the machine's processor as well as the system tells.
func processor() string {
	data, err := os.ReadFile("/proc/cpuinfo")
	if err == nil {
		for line := range strings.Lines(string(data)) {
			if name, model, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				return strings.TrimSpace(model)
			}
		}
	}
	return runtime.GOOS + "/" + runtime.GOARCH
}
