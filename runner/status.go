package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"text/tabwriter"

	"secura/experiments/record"
	"secura/experiments/rundir"
)

func newStatus() command {
	return command{
		name: "status", does: "tells where each cell of a run stands",
		argument: "RUN",
		examples: []string{"status runs/continual16"},
		flags:    newFlags("status"),
		run: func(_ context.Context, run string, stdout, _ io.Writer) error {
			return runStatus(rundir.Run{Path: run}, stdout)
		},
	}
}

func runStatus(run rundir.Run, stdout io.Writer) error {
	cells, err := plannedCells(run)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("status %s: %w; a run's folder has a manifest.json", run.Path, err)
	}
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "cell\tstate\ttasks learned\treason")
	for _, c := range cells {
		state, reason, err := cellState(run.Cell(c.ID))
		if err != nil {
			return err
		}
		learned, err := tasksLearned(run.Cell(c.ID))
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s\t%s\t%d/%d\t%s\n", c.ID, state, learned, len(c.Tasks), reason)
	}
	return w.Flush()
}

// cellState is what status.json says, unless it says "running" of a process
// of this machine that is gone.
func cellState(cell rundir.Cell) (state record.State, reason string, err error) {
	var status record.Status
	err = rundir.ReadJSON(cell.Status(), &status)
	if errors.Is(err, os.ErrNotExist) {
		return record.Queued, "", nil
	}
	if err != nil {
		return "", "", err
	}
	host, _ := os.Hostname()
	if status.State == record.Running && status.Host == host && gone(status.PID) {
		return record.Cancelled, fmt.Sprintf("its process %d is gone; `run` goes on with it", status.PID), nil
	}
	return status.State, status.Reason, nil
}

// gone says whether the process is known to have ended.
func gone(pid int) bool {
	if pid <= 0 {
		return false
	}
	process, err := os.FindProcess(pid)
	return err == nil && errors.Is(process.Signal(syscall.Signal(0)), os.ErrProcessDone)
}

// tasksLearned is the index of the cell's newest boundary.
func tasksLearned(cell rundir.Cell) (int, error) {
	events, _, err := record.ReadEvents(cell.Records())
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return 0, err
	}
	learned := 0
	for _, e := range events {
		if e.Kind == record.Boundary {
			learned = max(learned, e.Index)
		}
	}
	return learned, nil
}
