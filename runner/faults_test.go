//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"secura/experiments/record"
	"secura/experiments/rundir"
)

// heavy leaves a test that takes seconds to the long form.
func heavy(t *testing.T) {
	t.Helper()
	if os.Getenv(tortureVariable) == "" {
		t.Skip("takes seconds; set " + tortureVariable + "=1, or `just torture`")
	}
}

// fault runs the suite in a folder where something is wrong: it must fail, and say why.
func (x torture) fault(t *testing.T, run, says string) {
	t.Helper()
	command, output := x.command(run)
	err := command.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 && exit.ExitCode() != 2 {
		t.Errorf("error %v, expected exit code 1 or 2\n%s", err, output)
	}
	if !strings.Contains(output.String(), says) {
		t.Errorf("expected %q in what is said:\n%s", says, output)
	}
}

// smallDisk mounts a file system of so many bytes.
func smallDisk(t *testing.T, bytes int) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "disk")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("none", dir, "tmpfs", 0, fmt.Sprintf("size=%d", bytes)); err != nil {
		t.Skipf("a small file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

func remount(t *testing.T, dir string, flags uintptr, options string) {
	t.Helper()
	if err := syscall.Mount("none", dir, "tmpfs", syscall.MS_REMOUNT|flags, options); err != nil {
		t.Fatal(err)
	}
}

// TestFullDisk: on disks of several sizes the run fails and says so; when there is room again, the
// same command ends with the same bytes.
func TestFullDisk(t *testing.T) {
	x := newTorture(t, "-backend", "go", "-jobs", "1")
	want, _ := x.unbroken(t)
	sizes := []int{33}
	if os.Getenv(tortureVariable) != "" {
		sizes = []int{4, 12, 20, 33, 50, 75}
	}
	for _, pages := range sizes {
		disk := smallDisk(t, pages*os.Getpagesize())
		run := filepath.Join(disk, "run")
		x.fault(t, run, "no space left on device")
		remount(t, disk, 0, "size=64m")
		x.finish(t, run)
		sameContents(t, fmt.Sprintf("%d pages", pages), contents(t, run), want)
	}
}

// TestReadOnlyFolder: a run that cannot be written fails at once, or in the middle, and goes on
// later.
func TestReadOnlyFolder(t *testing.T) {
	heavy(t)
	x := newTorture(t, "-backend", "go", "-jobs", "1")
	inTheWay := filepath.Join(x.dir, "file")
	if err := os.WriteFile(inTheWay, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	x.fault(t, filepath.Join(inTheWay, "run"), "not a directory")
	want, took := x.unbroken(t)
	disk := smallDisk(t, 64<<20)
	run := filepath.Join(disk, "run")
	remount(t, disk, syscall.MS_RDONLY, "size=64m")
	x.fault(t, run, "read-only file system")
	remount(t, disk, 0, "size=64m")
	command, _ := x.command(run)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(took / 3)
	syscall.Kill(command.Process.Pid, syscall.SIGKILL)
	command.Wait()
	for syscall.Mount("none", disk, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, "size=64m") == syscall.EBUSY {
		time.Sleep(10 * time.Millisecond) // a worker that dies still has files open
	}
	x.fault(t, run, "read-only file system")
	remount(t, disk, 0, "size=64m")
	x.finish(t, run)
	sameContents(t, "after a read-only time", contents(t, run), want)
}

// TestTwoProcessesOnOneRun: one of them runs the suite, the other one leaves and says who has it.
func TestTwoProcessesOnOneRun(t *testing.T) {
	x := newTorture(t, "-backend", "go", "-jobs", "1")
	want, _ := x.unbroken(t)
	run := filepath.Join(x.dir, "run")
	var commands [3]*exec.Cmd
	var outputs [3]*bytes.Buffer
	for i := range commands {
		commands[i], outputs[i] = x.command(run)
		if err := commands[i].Start(); err != nil {
			t.Fatal(err)
		}
	}
	ended := 0
	for i, c := range commands {
		switch err := c.Wait(); {
		case err == nil:
			ended++
		case !strings.Contains(outputs[i].String(), "is locked by process"):
			t.Errorf("%v\n%s", err, outputs[i])
		}
	}
	if ended == 0 {
		t.Error("none of the processes ran the suite")
	}
	sameContents(t, "run by several processes", contents(t, run), want)
}

// TestClockJumps: statuses and files from the next century, or from before the last one, change
// nothing.
func TestClockJumps(t *testing.T) {
	heavy(t)
	x := newTorture(t, "-backend", "go", "-jobs", "1", "-methods", "er")
	want, took := x.unbroken(t)
	for _, year := range []int{1980, 2130} {
		run := rundir.Run{Path: filepath.Join(x.dir, fmt.Sprint("run", year))}
		command, _ := x.command(run.Path)
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(took * 2 / 3)
		syscall.Kill(command.Process.Pid, syscall.SIGKILL)
		command.Wait()
		jump := time.Date(year, 1, 2, 3, 4, 5, 0, time.UTC)
		status := record.Status{State: record.Running, Started: jump, Ended: jump.Add(-time.Hour)}
		if err := rundir.WriteJSON(run.Cell("er-s0-o0").Status(), status); err != nil {
			t.Fatal(err)
		}
		err := filepath.WalkDir(run.Path, func(path string, _ fs.DirEntry, err error) error {
			return errors.Join(err, os.Chtimes(path, jump, jump))
		})
		if err != nil {
			t.Fatal(err)
		}
		x.finish(t, run.Path)
		sameContents(t, fmt.Sprint(year), contents(t, run.Path), want)
	}
}

// TestAWorkerThatTheSystemKills fails its cell with the reason, and the others go on.
func TestAWorkerThatTheSystemKills(t *testing.T) {
	x := newTorture(t, "-backend", "go", "-jobs", "1")
	want, _ := x.unbroken(t)
	run := rundir.Run{Path: filepath.Join(x.dir, "run")}
	output, err := x.strike(t, run, syscall.SIGKILL)
	if err == nil {
		t.Fatalf("no error\n%s", output)
	}
	if !strings.Contains(output, "the worker was killed (signal: killed), as the system does when memory runs out") {
		t.Errorf("the reason is not named:\n%s", output)
	}
	states := statesOf(t, run)
	if states[record.Failed] != 1 || states[record.Done] != 1 {
		t.Errorf("states %v, expected one cell failed and one done", states)
	}
	x.finish(t, run.Path)
	sameContents(t, "after a worker was killed", contents(t, run.Path), want)
}

// TestAWorkerThatSomebodyStops ends its own cell alone: the next one, which it never began, is done
// by another.
func TestAWorkerThatSomebodyStops(t *testing.T) {
	x := newTorture(t, "-backend", "go", "-jobs", "1")
	want, _ := x.unbroken(t)
	run := rundir.Run{Path: filepath.Join(x.dir, "run")}
	output, _ := x.strike(t, run, syscall.SIGTERM)
	states := statesOf(t, run)
	if states[record.Failed] != 0 || states[record.Done] == 0 {
		t.Errorf("states %v, expected a cell done and none failed\n%s", states, output)
	}
	x.finish(t, run.Path)
	sameContents(t, "after a worker was stopped", contents(t, run.Path), want)
}

// statesOf counts the cells of the torture's suite by their states; a failed one must say that
// memory may have run out.
func statesOf(t *testing.T, run rundir.Run) map[record.State]int {
	t.Helper()
	states := map[record.State]int{}
	for _, id := range []string{"seq-s0-o0", "er-s0-o0"} {
		var status record.Status
		if err := rundir.ReadJSON(run.Cell(id).Status(), &status); err != nil {
			t.Fatal(err)
		}
		states[status.State]++
		if status.State == record.Failed && !strings.Contains(status.Reason, "when memory runs out") {
			t.Errorf("cell %s: reason %q", id, status.Reason)
		}
	}
	return states
}

// strike starts a run, sends its worker a signal once that has made a step, and waits for the
// run's end.
func (x torture) strike(t *testing.T, run rundir.Run, signal syscall.Signal) (output string, err error) {
	t.Helper()
	command, buffer := x.command(run.Path)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	struck := false
	for end := time.Now().Add(20 * time.Second); !struck && time.Now().Before(end); time.Sleep(time.Millisecond) {
		for _, worker := range children(command.Process.Pid) {
			cells, _ := filepath.Glob(filepath.Join(run.Path, "cells", "*", "steps.jsonl"))
			struck = len(cells) > 0 && syscall.Kill(worker, signal) == nil
		}
	}
	err = command.Wait()
	if !struck {
		t.Fatalf("no worker was there to be struck: %v\n%s", err, buffer)
	}
	return buffer.String(), err
}

// TestAKilledWorkersCellIsTriedInParts: asked for it, the run goes on without a failure; the cell
// says what was done, and has the steps of a run that computed all batches so.
func TestAKilledWorkersCellIsTriedInParts(t *testing.T) {
	x := newTorture(t, "-backend", "go", "-jobs", "1", "-retry-parts", "2")
	run := rundir.Run{Path: filepath.Join(x.dir, "run")}
	output, err := x.strike(t, run, syscall.SIGKILL)
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	const note, warning = "the cell starts anew with its batches in parts", "its batches were computed in 2 parts, since a worker was killed"
	if !strings.Contains(output, note) || !strings.Contains(output, warning) {
		t.Errorf("expected %q and, below the table, %q:\n%s", note, warning, output)
	}
	y := torture{dir: x.dir, flags: append(slices.Clone(x.flags[:len(x.flags)-2]), "-set", "training.accumulate=2")}
	whole := rundir.Run{Path: filepath.Join(x.dir, "whole")}
	y.finish(t, whole.Path)
	tried := 0
	for _, id := range []string{"seq-s0-o0", "er-s0-o0"} {
		if _, err := os.Stat(run.Cell(id).Parts()); err != nil {
			continue
		}
		tried++
		got, err := os.ReadFile(run.Cell(id).Steps())
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(whole.Cell(id).Steps())
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("cell %s: its steps are not those of a run in parts (%v)", id, err)
		}
	}
	if tried != 1 {
		t.Errorf("%d cells were tried in parts, expected 1", tried)
	}
	verify, words := exec.Command("runner", "verify", run.Path, "-full", "-data", x.dir, "-backbone", filepath.Join(x.dir, "backbone")), new(bytes.Buffer)
	verify.Stdout, verify.Stderr = words, words
	if err := verify.Run(); err != nil {
		t.Errorf("verify: %v\n%s", err, words)
	}
}

// TestPluginMissingOnResume: a run that XLA began does not quietly go on in pure Go where the
// plugin is gone.
func TestPluginMissingOnResume(t *testing.T) {
	x := newTorture(t, "-jobs", "1", "-methods", "seq", "-no-download")
	t.Setenv("HOME", t.TempDir()) // where no plugin is installed
	t.Setenv("GOMLX_LIB_PATH", "")
	run := rundir.Run{Path: filepath.Join(x.dir, "run")}
	x.finish(t, run.Path)
	if err := os.Remove(run.Cell("seq-s0-o0").Status()); err != nil {
		t.Fatal(err)
	}
	editFile(t, run.Manifest(), `(?m)^  "backend": "go"`, `  "backend": "xla", "plugin_sha256": "beef"`)
	x.fault(t, run.Path, `another backend: was "xla", is "go"`)
	x.flags = append(x.flags, "-backend", "xla:"+filepath.Join(x.dir, "none.so"), "-allow-backend-change")
	x.fault(t, run.Path, "none.so: no such file or directory")
}

// TestChangedFilesOnResume: data or a backbone that is another one than when the run began is
// refused by name.
func TestChangedFilesOnResume(t *testing.T) {
	x := newTorture(t, "-backend", "go", "-jobs", "1", "-methods", "seq")
	run := filepath.Join(x.dir, "run")
	x.finish(t, run)
	for path, says := range map[string]string{
		"same/train.parquet":         "file same/train/train.parquet has changed: sha256 was ",
		"backbone/model.safetensors": "file backbone/model.safetensors has changed: sha256 was ",
	} {
		path = filepath.Join(x.dir, path)
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		other := bytes.Clone(before)
		if strings.HasSuffix(path, ".parquet") {
			other, err = os.ReadFile(filepath.Join(x.dir, "next", "train.parquet"))
		} else {
			other[len(other)-1] ^= 1
		}
		if err = errors.Join(err, os.WriteFile(path, other, 0o644)); err != nil {
			t.Fatal(err)
		}
		x.fault(t, run, says)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		x.fault(t, run, filepath.Base(path))
		if err := os.WriteFile(path, before, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	x.finish(t, run)
}

// TestNoTokenIsWritten: what the environment holds for the hub stays there.
func TestNoTokenIsWritten(t *testing.T) {
	const token = "hf_TheSecretOfTheHub0123456789"
	x := newTorture(t, "-backend", "go", "-jobs", "1")
	for _, name := range []string{"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HUGGINGFACE_TOKEN"} {
		t.Setenv(name, token)
	}
	run := filepath.Join(x.dir, "run")
	command, output := x.command(run)
	if err := command.Run(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	bundle := filepath.Join(x.dir, "run.tar.zst")
	_, packed := call(t, "report", run, "-bundle", bundle)
	_, verified := call(t, "verify", bundle, "-data", x.dir)
	_, failed := call(t, "run", "-suite", "no-such-suite")
	said := output.String() + packed + verified + failed
	if strings.Contains(said, token) {
		t.Error("the token is in what was said")
	}
	files := 0
	err := filepath.WalkDir(run, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		files++
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(token)) {
			t.Errorf("the token is in %s", path)
		}
		return err
	})
	if err != nil || files < 40 {
		t.Errorf("%d files, %v", files, err)
	}
}
