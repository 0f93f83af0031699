package engine

import (
	"context"
	"fmt"
	"os/exec"
	"time"
)

// AsWorker runs a process as a worker runs, on one core and in its environment unless it computes
// on a device (see Options), and waits for it. It is stopped when ctx is done, whose cause is the
// error then: SIGTERM, and after ten seconds SIGKILL.
func AsWorker(ctx context.Context, command *exec.Cmd, device bool) error {
	asWorker(command, device)
	core := -1
	if cores := coresToTake(); !device && len(cores) > 0 {
		core = cores[0]
	}
	exited := make(chan struct{})
	var waitErr error
	if err := startOn(core, command, exited, &waitErr); err != nil {
		return fmt.Errorf("start %s: %w", command.Path, err)
	}
	select {
	case <-exited:
		return waitErr
	case <-ctx.Done():
	}
	stop(command, exited, 10*time.Second)
	return context.Cause(ctx)
}
