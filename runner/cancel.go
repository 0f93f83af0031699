package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"syscall"

	"secura/experiments/engine"
	"secura/experiments/launch"
	"secura/experiments/machine"
	"secura/experiments/rundir"
)

func newCancel() command {
	return command{
		name: "cancel", does: "stops a run: its jobs in Slurm and its process on this machine",
		argument: "RUN",
		examples: []string{"cancel runs/continual16"},
		flags:    newFlags("cancel"),
		run: func(ctx context.Context, run string, stdout, _ io.Writer) error {
			return runCancel(ctx, rundir.Run{Path: run}, stdout)
		},
	}
}

// runCancel stops jobs and processes. Their cells go on from their checkpoints when the run is
// given again.
func runCancel(ctx context.Context, run rundir.Run, stdout io.Writer) error {
	if _, err := rundir.ReadManifest(run); err != nil {
		return fmt.Errorf("cancel %s: %w", run.Path, err)
	}
	stopped := false
	var unreached error
	pid, here, err := rundir.Holder(run.Lock())
	switch {
	case err != nil:
		return err
	case pid > 0 && !here:
		fmt.Fprintf(stdout, "process %d on another machine runs cells: stop it there\n", pid)
	case pid > 0 && !hasLock(pid, run):
		unreached = fmt.Errorf("process %d, which has the run's lock, is not to be seen here and was not signalled: it is in another container, or another user's; stop it there", pid)
	case pid > 0:
		process, err := os.FindProcess(pid)
		if err == nil {
			err = process.Signal(syscall.SIGTERM)
		}
		if err != nil {
			return fmt.Errorf("stop process %d: %w", pid, err)
		}
		fmt.Fprintf(stdout, "process %d was told to stop\n", pid)
		stopped = true
	}
	queue, err := launch.Queued(ctx, run)
	if err != nil {
		return errors.Join(unreached, err)
	}
	if waiting := queue.Waiting(); waiting > 0 {
		if err := engine.Cancel(ctx, queue.Arrays); err != nil {
			return errors.Join(unreached, err)
		}
		fmt.Fprintf(stdout, "%d elements of job arrays were cancelled\n", waiting)
		stopped = true
	}
	if unreached == nil && !stopped {
		return errors.New("nothing of this run waits or runs")
	}
	return unreached
}

// hasLock says whether a process of this machine is the one that has the run's lock. Containers may
// share host names, and number their processes alike. Systems without /proc do not tell.
func hasLock(pid int, run rundir.Run) bool {
	open, known := machine.HasOpen(pid, run.Lock())
	return open || !known && runtime.GOOS != "linux"
}
