package standing

import (
	"os"
	"os/exec"
	"strconv"
	"testing"

	"secura/experiments/machine"
	"secura/experiments/record"
	"secura/experiments/rundir"
)

// TestStandings puts a cell into each state that its files can tell of.
func TestStandings(t *testing.T) {
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Skipf("no process to start: %v", err)
	}
	running := record.Status{State: record.Running, Host: host, PID: os.Getpid()}
	left := record.Status{State: record.Running, Host: host, PID: gone.Process.Pid}
	job := record.Status{State: record.Running, Host: "elsewhere", Job: "7_1"}
	jobs := func(job Job) Jobs { return Jobs{Arrays: []string{"7"}, Known: map[string]Job{"7_1": job}} }
	for _, c := range []struct {
		name   string
		status record.Status
		jobs   Jobs
		end    record.State
		begun  bool
		want   string
	}{
		{name: "nothing", want: "queued"},
		{name: "begun without a status", begun: true, want: "running"},
		{name: "at work", status: running, begun: true, want: "running"},
		{name: "its process is gone", status: left, begun: true, want: "cancelled: its process " + strconv.Itoa(gone.Process.Pid) + " is gone; `run` goes on with it"},
		{name: "its element ended", status: job, jobs: jobs(Job{State: "TIMEOUT"}), begun: true, want: "cancelled: its element is timeout in Slurm; `run` goes on with it"},
		{name: "its element waits", status: job, jobs: jobs(Job{State: "PENDING", Waiting: true}), want: "running"},
		{name: "its element is forgotten", status: job, jobs: Jobs{Arrays: []string{"7"}}, begun: true, want: "cancelled: Slurm has forgotten its element, which has ended; `run` goes on with it"},
		{name: "a job that Slurm was not asked for", status: job, jobs: Jobs{Arrays: []string{"71"}}, begun: true, want: "running"},
		{name: "another's element", status: job, begun: true, want: "running"},
		{name: "done", status: record.Status{State: record.Done}, end: record.Done, begun: true, want: "done"},
		{name: "killed after its last record", status: running, end: record.Done, begun: true, want: "done"},
		{name: "records were cut", status: record.Status{State: record.Done}, begun: true, want: "failed: its status is done, but its records do not end; run the suite again"},
		{name: "diverged", status: record.Status{State: record.CellDiverged, Reason: "loss NaN"}, end: record.CellDiverged, begun: true, want: "diverged: loss NaN"},
		{name: "failed", status: record.Status{State: record.Failed, Reason: "no memory"}, begun: true, want: "failed: no memory"},
	} {
		cell := rundir.Run{Path: t.TempDir()}.Cell("seq-s0-o0")
		if c.status.State != "" {
			if err := cell.Make(); err != nil {
				t.Fatal(err)
			}
			if err := rundir.WriteJSON(cell.Status(), c.status); err != nil {
				t.Fatal(err)
			}
		}
		s, err := Read(cell)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Living(c.jobs).Recorded(c.end, "", c.begun).String(); got != c.want {
			t.Errorf("%s: %q, expected %q", c.name, got, c.want)
		}
	}
}

// TestAProcessNumberThatAnotherHas: a live process of the number that the status names, which does
// not hold the cell's lock, is not the one that wrote it.
func TestAProcessNumberThatAnotherHas(t *testing.T) {
	cell := rundir.Run{Path: t.TempDir()}.Cell("seq-s0-o0")
	lock, err := rundir.TakeLock(cell.Lock())
	if err != nil {
		t.Fatal(err)
	}
	if _, known := machine.HasOpen(os.Getpid(), cell.Lock()); !known {
		lock.Release()
		t.Skip("the system does not tell which files a process has open")
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	if err := rundir.WriteJSON(cell.Status(), record.Status{State: record.Running, Host: host, PID: os.Getpid()}); err != nil {
		t.Fatal(err)
	}
	living := func() record.State {
		t.Helper()
		s, err := Read(cell)
		if err != nil {
			t.Fatal(err)
		}
		return s.Living(Jobs{}).State
	}
	if got := living(); got != record.Running {
		t.Errorf("with the lock: %s", got)
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	if got := living(); got != record.Cancelled {
		t.Errorf("without the lock: %s", got)
	}
	if err := Settle(cell, 7, record.Failed, "killed"); err != nil {
		t.Fatal(err)
	}
	if s, err := Read(cell); err != nil || s.String() != "failed: killed" {
		t.Errorf("settled: %s, %v", s, err)
	}
}

// TestSettleKeepsWhatAWorkerWrote marks the cell of a dead worker, and leaves those alone that have
// said how they ended, or that another process has.
func TestSettleKeepsWhatAWorkerWrote(t *testing.T) {
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	cell := rundir.Run{Path: t.TempDir()}.Cell("seq-s0-o0")
	if err := cell.Make(); err != nil {
		t.Fatal(err)
	}
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		status record.Status
		want   string
	}{
		{record.Status{State: record.Running, Host: host, PID: 7}, "failed: killed"},
		{record.Status{State: record.Running, Host: host, PID: gone.Process.Pid}, "failed: killed"},
		{record.Status{State: record.Done, Host: host, PID: gone.Process.Pid}, "done"},
		{record.Status{State: record.Failed, Reason: "no space left", Host: host, PID: 7}, "failed: no space left"},
		{record.Status{State: record.Running, Host: host, PID: os.Getpid()}, "running"},
		{record.Status{State: record.Done, Host: "elsewhere", PID: 7}, "done"},
	} {
		if err := rundir.WriteJSON(cell.Status(), c.status); err != nil {
			t.Fatal(err)
		}
		if err := Settle(cell, 7, record.Failed, "killed"); err != nil {
			t.Fatal(err)
		}
		if s, err := Read(cell); err != nil || s.String() != c.want || s.Status.Host != c.status.Host {
			t.Errorf("%+v became %+v, %v", c.status, s, err)
		}
	}
}
