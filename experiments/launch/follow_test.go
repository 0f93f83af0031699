package launch

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"secura/experiments"
	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
)

// A cell on a large backbone is not expected to take what one on a small backbone took.
func TestTimeLeftIsThatOfTheBackbone(t *testing.T) {
	cell := func(backbone string, state record.State, seconds float64) *FollowedCell {
		return &FollowedCell{Cell: suite.Cell{Backbone: backbone, Tasks: []int{0}, Method: suite.MethodSpec{Name: "seq"}}, State: state, seconds: seconds}
	}
	f := &Follower{Cells: []*FollowedCell{cell("small", record.Done, 10), cell("large", record.Done, 100), cell("large", record.Queued, 0)}}
	if left, ok := f.Remaining(time.Now()); !ok || left != 100*time.Second {
		t.Errorf("%s are left (%v), expected 100s", left, ok)
	}
}

// begun writes the manifest of a run of the suite smoke with so many seeds.
func begun(t *testing.T, run rundir.Run, seeds int) {
	t.Helper()
	s, err := suite.Load("smoke", suite.Options{Presets: experiments.KnownPresets(), Set: []string{fmt.Sprint("seeds=", seeds)}})
	if err != nil {
		t.Fatal(err)
	}
	m := rundir.Manifest{Plan: fmt.Sprint("seeds ", seeds)}
	m.Suite, err = json.Marshal(s)
	if err := errors.Join(err, rundir.WriteManifest(run, m)); err != nil {
		t.Fatal(err)
	}
}

// queueSays puts a Slurm on the path that knows these lines, and hands it the array 77 of a run.
func queueSays(t *testing.T, run rundir.Run, lines string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("Slurm is not for Windows")
	}
	bin := t.TempDir()
	script := "#!/bin/sh\ncat <<END\n" + lines + "\nEND\n"
	if err := errors.Join(os.WriteFile(filepath.Join(bin, "squeue"), []byte(script), 0o755),
		rundir.WriteBytes(jobsFile(run), []byte(`{"job":"77","shards":2,"script":"a","handed":"2026-01-02T03:04:05Z","cells":2}`+"\n"))); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// leftBy names a process that has ended as the one that took a run's lock last.
func leftBy(t *testing.T, run rundir.Run) {
	t.Helper()
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Skipf("no process to start: %v", err)
	}
	host, _ := os.Hostname()
	if err := rundir.WriteBytes(run.Lock(), fmt.Appendf(nil, "%s %d\n", host, gone.Process.Pid)); err != nil {
		t.Fatal(err)
	}
}

// TestARunThatWaitsInSlurmIsNotOver: what handed it over is gone, and no cell has begun.
func TestARunThatWaitsInSlurmIsNotOver(t *testing.T) {
	run := rundir.Run{Path: t.TempDir()}
	begun(t, run, 1)
	leftBy(t, run)
	f, err := Follow(run)
	if err != nil {
		t.Fatal(err)
	}
	update := func() {
		t.Helper()
		if err := errors.Join(f.Update(t.Context()), f.Unasked); err != nil {
			t.Fatal(err)
		}
	}
	if update(); !f.Over() {
		t.Error("a run that nobody works on is waited for")
	}
	queueSays(t, run, "77|77_0|PENDING|(Priority)\n77|77_1|COMPLETED|\n5|5_1|RUNNING|node")
	if update(); f.Over() {
		t.Error("over, while an element waits")
	}
	cell := f.Cells[0]
	if err := rundir.WriteJSON(cell.Folder.Status(), record.Status{State: record.Running, Host: "node", Job: "77_0"}); err != nil {
		t.Fatal(err)
	}
	queueSays(t, run, "5|5_1|RUNNING|node") // the array is forgotten
	if update(); f.Over() || cell.State != record.Running {
		t.Error("Slurm was asked again at once")
	}
	f.asked = time.Time{}
	if update(); !f.Over() || cell.State != record.Cancelled {
		t.Errorf("with no element left: over %v, its cell is %s", f.Over(), cell.State)
	}
}

// TestATuningIsFollowedToItsNextRound: its manifest gets more cells, and its process goes on where
// all of them are done.
func TestATuningIsFollowedToItsNextRound(t *testing.T) {
	run := rundir.Run{Path: t.TempDir()}
	begun(t, run, 1)
	lock, err := rundir.TakeLock(run.Lock())
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Release()
	f, err := Follow(run)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range f.Cells {
		if err := rundir.WriteJSON(c.Folder.Status(), record.Status{State: record.Done}); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Update(t.Context()); err != nil || f.Over() || f.Count(record.Done) != 2 {
		t.Errorf("after the first round: over %v, %d done, %v", f.Over(), f.Count(record.Done), err)
	}
	begun(t, run, 2)
	if err := f.Update(t.Context()); err != nil || len(f.Cells) != 4 || f.Count(record.Done) != 2 || f.Suite.Seeds != 2 {
		t.Errorf("in the second round: %d cells, %d done, %v", len(f.Cells), f.Count(record.Done), err)
	}
}
