//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"secura/experiments/rundir"
)

// TestCancelSignalsTheProcessThatHasTheLock, and not one that has its number in this container.
func TestCancelSignalsTheProcessThatHasTheLock(t *testing.T) {
	run, _ := watchedRun(t)
	lock, err := rundir.TakeLock(run.Lock())
	checkWatch(t, err)
	defer lock.Release()
	file, err := os.Open(run.Lock())
	checkWatch(t, err)
	defer file.Close()
	for _, has := range []bool{false, true} {
		process := exec.Command("sleep", "60")
		if has {
			process.ExtraFiles = []*os.File{file}
		}
		checkWatch(t, process.Start())
		host, _ := os.Hostname()
		checkWatch(t, os.WriteFile(run.Lock(), fmt.Appendf(nil, "%s %d\n", host, process.Process.Pid), 0o644))
		var out bytes.Buffer
		err := runCancel(t.Context(), run, &out)
		if has != (err == nil) || has != strings.Contains(out.String(), "was told to stop") || !has && !strings.Contains(err.Error(), "was not signalled") {
			t.Errorf("the process has the lock, %v: %q, %v", has, out.String(), err)
		}
		if !has {
			process.Process.Kill()
		}
		var exit *exec.ExitError
		if err := process.Wait(); !errors.As(err, &exit) || has != (exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGTERM) {
			t.Errorf("the process has the lock, %v: it ended with %v", has, err)
		}
	}
}
