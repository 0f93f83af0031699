//go:build linux

package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestARunIsSavedWhenItsTerminalIsClosed: a lost connection is an interruption as Ctrl-C is.
func TestARunIsSavedWhenItsTerminalIsClosed(t *testing.T) {
	x := newTorture(t, "-methods", "seq", "-set", "training.steps=5000", "-set", "training.checkpoint_every=5000")
	out := filepath.Join(t.TempDir(), "run")
	command, words := x.command(out)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	steps := filepath.Join(out, "cells", "seq-s0-o0", "steps.jsonl")
	for start := time.Now(); time.Since(start) < time.Minute; time.Sleep(20 * time.Millisecond) {
		if info, err := os.Stat(steps); err == nil && info.Size() > 0 {
			break
		}
	}
	if err := command.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	err := command.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 130 || !strings.Contains(words.String(), "to go on from the last checkpoints, give the same command again") {
		t.Errorf("ended with %v:\n%s", err, words.String())
	}
	if saved, _ := filepath.Glob(filepath.Join(out, "cells", "seq-s0-o0", "checkpoint", "*")); len(saved) == 0 {
		t.Error("nothing was saved")
	}
}
