//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"secura/experiments/toyrun"
)

// tortureVariable asks for the long form of the kill tests.
const tortureVariable = "SECURA_TORTURE"

// torture is a run of a tiny random backbone that is killed and started again.
type torture struct {
	dir   string
	flags []string
}

const tortureSuite = `name: torture
tasks:
  - {name: next, family: toy, source: next, prompt: "{{.question}}:", answer: " {{.answer}}", scores: [exact], max_new_tokens: 3}
  - {name: choose, family: toy, source: choose, prompt: "{{.question}}:", options_column: options, option: " {{.}}", gold: "{{.gold}}", scores: [accuracy]}
  - {name: same, family: toy, source: same, prompt: "{{.question}}:", answer: " {{.answer}}", scores: [exact], max_new_tokens: 3}
knowledge:
  - {name: battery, family: toy, source: battery, prompt: "{{.question}}:", answer: " {{.answer}}", scores: [exact], max_new_tokens: 3}
methods:
  - seq
  - {preset: er, name: er, params: {buffer: 0.2}}
training: {steps: 7, batch: 4, length: 16, answer_length: 8, checkpoint_every: 2}
evaluation: {lengths: [8, 16], batch: 4, every_steps: 3}
`

func newTorture(t *testing.T, flags ...string) torture {
	t.Helper()
	x := torture{dir: t.TempDir()}
	if err := toyrun.Write(x.dir); err != nil {
		t.Fatal(err)
	}
	suite := tortureSuite
	if err := os.WriteFile(filepath.Join(x.dir, "torture.yaml"), []byte(suite), 0o644); err != nil {
		t.Fatal(err)
	}
	x.flags = append([]string{"run", "-suite", filepath.Join(x.dir, "torture.yaml"), "-backbone", filepath.Join(x.dir, "backbone"),
		"-data", x.dir}, flags...)
	return x
}

// command is the runner on a run's folder, in a process group of its own; before stands before its
// name.
func (x torture) command(run string, before ...string) (*exec.Cmd, *bytes.Buffer) {
	words := append(append(before, "runner"), x.flags...)
	command := exec.Command(words[0], append(words[1:], "-out", run)...)
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.WaitDelay = 5 * time.Second
	return command, &output
}

// finish runs the suite to its end, as often as workers are killed, and returns how often it was
// started.
func (x torture) finish(t *testing.T, run string) (starts int) {
	t.Helper()
	for starts = 1; ; starts++ {
		command, output := x.command(run)
		err := command.Run()
		if err == nil {
			return starts
		}
		if starts == 3 { // nobody kills it now; a dead process's lock may take a moment
			t.Fatalf("the run does not end: %v\n%s", err, output)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// children are the processes that a process has started.
func children(pid int) (list []int) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil || len(data) == 0 {
		threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
		for _, path := range threads {
			more, _ := os.ReadFile(path)
			data = append(append(data, ' '), more...)
		}
	}
	for _, field := range strings.Fields(string(data)) {
		if child, err := strconv.Atoi(field); err == nil {
			list = append(list, child)
		}
	}
	return list
}

// killAt starts the run and kills it after a time: the process that drives it, or one of its
// workers. It tells whether the run was still going on.
func (x torture) killAt(t *testing.T, run string, after time.Duration, r *rand.Rand) bool {
	t.Helper()
	command, _ := x.command(run)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { command.Wait(); close(ended) }()
	select {
	case <-ended:
		return false
	case <-time.After(after):
	}
	victim := command.Process.Pid
	if workers := children(victim); len(workers) > 0 && r.IntN(2) == 0 {
		victim = workers[r.IntN(len(workers))]
	}
	killed := syscall.Kill(victim, syscall.SIGKILL) == nil
	<-ended
	return killed
}

var measuredSeconds = regexp.MustCompile(`(?s)"measured": \{.*?\n {6}\}`)

// contents are a run's files by their paths, all that equal runs write alike. Only what holds
// clocks is left out: status.json, timing.jsonl, locks and claims, and of the reports, which are
// made of the records, all but results.json without its measured times.
func contents(t *testing.T, run string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(run, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, _ := filepath.Rel(run, path)
		top, _, nested := strings.Cut(name, string(filepath.Separator))
		switch base := filepath.Base(name); {
		case base == "status.json", base == "timing.jsonl", base == "lock", base == "run.lock", strings.Contains(name, "/claims/"):
			return nil
		case !nested && !slices.Contains([]string{"manifest.json", "examples.parquet", "results.json"}, base) && !strings.HasPrefix(base, ".tmp-"):
			return nil
		case nested && top != "cells":
			return nil
		}
		data, err := os.ReadFile(path)
		if name == "results.json" {
			data = measuredSeconds.ReplaceAll(data, nil)
		}
		files[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func sameContents(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	names := map[string]bool{}
	for name := range got {
		names[name] = true
	}
	for name := range want {
		names[name] = true
	}
	for name := range names {
		a, here := got[name]
		b, there := want[name]
		switch {
		case !here:
			t.Errorf("%s: %s is missing", what, name)
		case !there:
			t.Errorf("%s: %s is too many", what, name)
		case a != b:
			t.Errorf("%s: %s has other bytes", what, name)
		}
	}
}

// unbroken runs the suite once and tells how long it takes.
func (x torture) unbroken(t *testing.T) (want map[string]string, took time.Duration) {
	t.Helper()
	run := filepath.Join(x.dir, "unbroken")
	start := time.Now()
	if starts := x.finish(t, run); starts != 1 {
		t.Fatalf("the unbroken run was started %d times", starts)
	}
	took = time.Since(start)
	if want = contents(t, run); len(want) < 20 {
		t.Fatalf("the unbroken run has %d files", len(want))
	}
	return want, took
}

// randomKills kills runs at random instants, several times each, and compares what they end with.
func (x torture) randomKills(t *testing.T, kills, each int, want map[string]string, took time.Duration) {
	r := rand.New(rand.NewPCG(7, 16))
	for done := 0; done < kills; {
		run := filepath.Join(x.dir, fmt.Sprintf("killed-%d", done))
		for range each {
			if x.killAt(t, run, time.Duration(r.Int64N(int64(took))), r) {
				done++
			}
		}
		x.finish(t, run)
		sameContents(t, run, contents(t, run), want)
		os.RemoveAll(run)
	}
	t.Logf("%d kills at random instants of a run of %s", kills, took.Round(time.Millisecond))
}

// writePoint is a moment of writing: the first call of one of some system calls by any thread, on a
// path in the run or on any, after so many others.
type writePoint struct {
	name, calls, path string
	when              int
}

// writePoints are all kinds of moments at which a run writes.
func writePoints() (points []writePoint) {
	add := func(name, calls, path string, when int) { points = append(points, writePoint{name, calls, path, when}) }
	const rename, sync = "rename,renameat,renameat2", "fsync,fdatasync"
	for _, path := range []string{"manifest.json", "examples.parquet", "results.json", "cells/seq-s0-o0/status.json",
		"cells/er-s0-o0/predictions/00.parquet", "cells/er-s0-o0/predictions/02-00003.parquet", "cells/seq-s0-o0/predictions/03.parquet"} {
		add("before "+path+" gets its name", rename, path, 1)
	}
	for _, place := range []string{"00", "01", "02-00002", "02-00004", "03"} {
		add("before checkpoint "+place+" gets its name", rename, "cells/er-s0-o0/checkpoint/"+place, 1)
	}
	add("before the first checkpoint within a task loses its name", rename, "cells/er-s0-o0/checkpoint/.tmp-01-00002", 1)
	add("before the files of the first checkpoint within a task go", "unlinkat,rmdir,unlink", "cells/er-s0-o0/checkpoint/.tmp-01-00002", 1)
	add("before the folder of checkpoints is on the disk", sync, "cells/er-s0-o0/checkpoint", 1)
	for _, file := range []string{"records.jsonl", "steps.jsonl"} {
		add("before the first line of "+file, "write", "cells/er-s0-o0/"+file, 1)
		add("before a later line of "+file, "write", "cells/er-s0-o0/"+file, 4)
		add("before "+file+" is on the disk", sync, "cells/er-s0-o0/"+file, 1)
	}
	add("before a folder is made", "mkdir,mkdirat", "", 1)
	add("before a later folder is made", "mkdir,mkdirat", "", 3)
	add("before any file is on the disk", sync, "", 2)
	add("before a later file is on the disk", sync, "", 9)
	add("before a later file gets its name", rename, "", 6)
	return points
}

// killAtPoint starts the run under strace, which kills the process that comes to a point. It tells
// whether one did.
func (x torture) killAtPoint(t *testing.T, run string, p writePoint) bool {
	t.Helper()
	trace := filepath.Join(x.dir, "strace.txt")
	before := []string{"strace", "-f", "-qq", "-o", trace, "-e", "trace=" + p.calls,
		"-e", fmt.Sprintf("inject=%s:signal=SIGKILL:when=%d", p.calls, p.when)}
	if p.path != "" {
		before = append(before, "-P", filepath.Join(run, p.path))
	}
	command, output := x.command(run, before...)
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v\n%s", p.name, err, output)
	}
	data, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Contains(data, []byte("killed by SIGKILL"))
}

// pointKills kills one run after the other at the points, and compares what they end with.
func (x torture) pointKills(t *testing.T, points []writePoint, want map[string]string) {
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("strace, which kills at a chosen system call, is not installed")
	}
	for i, p := range points {
		run := filepath.Join(x.dir, fmt.Sprintf("point-%d", i))
		if !x.killAtPoint(t, run, p) {
			t.Errorf("%s: no process came to this point", p.name)
			continue
		}
		x.finish(t, run)
		sameContents(t, p.name, contents(t, run), want)
		os.RemoveAll(run)
	}
	t.Logf("%d kills at named points of writing", len(points))
}

// TestKilledRunsEndWithTheSameBytes kills a run with SIGKILL and starts it again: at a few instants
// and points, and in the long form at many.
func TestKilledRunsEndWithTheSameBytes(t *testing.T) {
	if testing.Short() {
		t.Skip("kills processes for some seconds")
	}
	x := newTorture(t, "-backend", "go", "-jobs", "2")
	want, took := x.unbroken(t)
	long := os.Getenv(tortureVariable) != ""
	t.Run("instants", func(t *testing.T) {
		kills, each := 3, 3
		if long {
			kills, each = 45, 5
		}
		x.randomKills(t, kills, each, want, took)
	})
	t.Run("points", func(t *testing.T) {
		points := writePoints()
		if !long {
			points = []writePoint{points[1], points[9]}
		}
		x.pointKills(t, points, want)
	})
}

// TestKilledRunsOnXLA is the same where a graph is compiled between two kills.
func TestKilledRunsOnXLA(t *testing.T) {
	if os.Getenv(tortureVariable) == "" {
		t.Skip("takes minutes; set " + tortureVariable + "=1")
	}
	x := newTorture(t, "-backend", "xla", "-jobs", "1", "-methods", "er")
	want, took := x.unbroken(t)
	x.randomKills(t, 10, 10, want, took)
}

// TestWorkersAreKilledAllTheTime runs 24 cells while a worker is killed every few seconds, and the
// suite is started again until it is complete.
func TestWorkersAreKilledAllTheTime(t *testing.T) {
	if os.Getenv(tortureVariable) == "" {
		t.Skip("takes minutes; set " + tortureVariable + "=1")
	}
	x := newTorture(t, "-backend", "go", "-jobs", "2", "-seeds", "12",
		"-set", "training.steps=300", "-set", "training.checkpoint_every=50", "-set", "evaluation.every_steps=100")
	want, took := x.unbroken(t)
	r := rand.New(rand.NewPCG(24, 20))
	run := filepath.Join(x.dir, "killed")
	kills, starts := 0, 0
	for ended := false; !ended; {
		if starts++; starts > 100 {
			t.Fatalf("the run is not complete after %d starts and %d kills", starts, kills)
		}
		command, output := x.command(run)
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() { done <- command.Wait() }()
		for waiting := true; waiting; {
			select {
			case err := <-done:
				waiting, ended = false, err == nil
				var exit *exec.ExitError
				if err != nil && !errors.As(err, &exit) {
					t.Fatalf("%v\n%s", err, output)
				}
			case <-time.After(2 * time.Second):
				if workers := children(command.Process.Pid); len(workers) > 0 && syscall.Kill(workers[r.IntN(len(workers))], syscall.SIGKILL) == nil {
					kills++
				}
			}
		}
	}
	if kills < 3 {
		t.Fatalf("only %d workers were killed", kills)
	}
	got := contents(t, run)
	sameContents(t, "24 cells", got, want)
	var results struct {
		Cells []struct {
			Status string `json:"status"`
		} `json:"cells"`
	}
	data, err := os.ReadFile(filepath.Join(run, "results.json"))
	if err == nil {
		err = json.Unmarshal(data, &results)
	}
	if err != nil || len(results.Cells) != 24 {
		t.Fatalf("%d cells, %v", len(results.Cells), err)
	}
	for i, c := range results.Cells {
		if c.Status != "done" {
			t.Errorf("cell %d is %s", i, c.Status)
		}
	}
	t.Logf("24 cells, an unbroken run of %s; %d workers killed, %d starts", took.Round(time.Millisecond), kills, starts)
}
