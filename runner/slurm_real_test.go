package main

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"text/template"
	"time"

	"secura/experiments/record"
	"secura/experiments/rundir"
)

// slurmConfig is a cluster of one node on this machine, which claims to have four processors,
// without accounting. A job that was queued again may start after five seconds.
const slurmConfig = `ClusterName=secura
SlurmctldHost={{.Host}}(127.0.0.1)
SlurmUser={{.User}}
SlurmdUser={{.User}}
AuthType=auth/munge
AuthInfo=socket={{.Dir}}/munge/socket,cred_expire=5
StateSaveLocation={{.Dir}}/state
SlurmdSpoolDir={{.Dir}}/spool
SlurmctldPidFile={{.Dir}}/slurmctld.pid
SlurmdPidFile={{.Dir}}/slurmd.pid
SlurmctldLogFile={{.Dir}}/slurmctld.log
SlurmdLogFile={{.Dir}}/slurmd.log
SlurmctldPort={{.ControlPort}}
SlurmdPort={{.NodePort}}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=batch_sched_delay=1,sched_interval=2,bf_interval=2
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
KillWait=20
MpiDefault=none
ReturnToService=2
SlurmdParameters=config_overrides
NodeName={{.Host}} NodeAddr=127.0.0.1 CPUs=4 RealMemory=4000 State=UNKNOWN
PartitionName=work Nodes=ALL Default=YES MaxTime=INFINITE PriorityTier=1 State=UP
PartitionName=urgent Nodes=ALL MaxTime=INFINITE PriorityTier=2 State=UP
`

// cluster is a real Slurm that the test started.
type cluster struct {
	t      *testing.T
	dir    string
	runner string
}

// startCluster starts munged, slurmctld and slurmd by hand, and stops them when the test ends.
func startCluster(t *testing.T) *cluster {
	if os.Getenv("SECURA_SLURM") == "" {
		t.Skip("set SECURA_SLURM=1 (just slurm) for the test on a real Slurm; it takes some minutes")
	}
	for _, program := range []string{"munged", "slurmctld", "slurmd", "sbatch", "scontrol"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%v; Debian has it in: slurmctld slurmd slurm-client munge", err)
		}
	}
	dir, err := os.MkdirTemp("", "slurm") // short: sockets lie in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log("the cluster's files are kept in", dir)
		} else {
			os.RemoveAll(dir)
		}
	})
	c := &cluster{t: t, dir: dir}
	for _, folder := range []string{"state", "spool", "munge"} {
		if err := os.Mkdir(filepath.Join(dir, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	key := make([]byte, 1024)
	rand.Read(key)
	if err := os.WriteFile(filepath.Join(dir, "munge", "key"), key, 0o400); err != nil {
		t.Fatal(err)
	}
	host, _ := os.Hostname()
	host, _, _ = strings.Cut(host, ".")
	user := c.must("id", "-un")
	var config bytes.Buffer
	err = template.Must(template.New("").Parse(slurmConfig)).Execute(&config, map[string]any{
		"Host": host, "User": strings.TrimSpace(user), "Dir": dir, "ControlPort": freePort(t), "NodePort": freePort(t)})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "slurm.conf")
	if err := os.WriteFile(path, config.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SLURM_CONF", path)
	munge := filepath.Join(dir, "munge")
	c.must("munged", "--force", "--key-file="+munge+"/key", "--socket="+munge+"/socket", "--pid-file="+munge+"/pid", "--log-file="+munge+"/log", "--seed-file="+munge+"/seed")
	c.stopLater(munge + "/pid")
	c.must("slurmctld", "-c")
	c.stopLater(dir + "/slurmctld.pid")
	c.must("slurmd", "-c")
	c.stopLater(dir + "/slurmd.pid")
	c.until("the node is there", time.Minute, func() bool { return strings.Contains(c.must("sinfo", "-h", "-o", "%T"), "idle") })
	c.runner = filepath.Join(dir, "runner")
	c.must("go", "build", "-o", c.runner, ".")
	return c
}

func freePort(t *testing.T) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (c *cluster) stopLater(pidFile string) {
	c.t.Cleanup(func() {
		data, _ := os.ReadFile(pidFile)
		if pid, err := strconv.Atoi(strings.TrimSpace(string(data))); err == nil {
			syscall.Kill(pid, syscall.SIGTERM)
		}
	})
}

// must runs a program that has to end well and returns its output.
func (c *cluster) must(name string, arguments ...string) string {
	c.t.Helper()
	command := exec.Command(name, arguments...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		c.t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(arguments, " "), err, out, stderr.String())
	}
	return string(out)
}

func (c *cluster) until(what string, limit time.Duration, holds func() bool) {
	c.t.Helper()
	for start := time.Now(); !holds(); time.Sleep(100 * time.Millisecond) {
		if time.Since(start) > limit {
			c.t.Fatalf("not within %s: %s", limit, what)
		}
	}
}

// untilDone waits until no element is left in the queue, as long as the run's files grow: how fast
// is the machine's affair.
func (c *cluster) untilDone(run rundir.Run, idle time.Duration) {
	c.t.Helper()
	size := func() (sum int64) {
		filepath.WalkDir(run.Path, func(_ string, entry fs.DirEntry, err error) error {
			if err != nil {
				return nil // a file that was renamed meanwhile
			}
			if info, err := entry.Info(); err == nil {
				sum += info.Size()
			}
			return nil
		})
		return sum
	}
	for before, since := size(), time.Now(); c.must("squeue", "-h", "-o", "%i") != ""; time.Sleep(time.Second) {
		if now := size(); now != before {
			before, since = now, time.Now()
		} else if time.Since(since) > idle {
			c.t.Fatalf("elements are left, and nothing of the run has grown for %s:\n%s", idle, c.must("squeue"))
		}
	}
}

// suite writes a suite whose cells take about as many steps of training as are given.
func (c *cluster) suite(name string, steps, seeds int, methods string) string {
	path := filepath.Join(c.dir, name+".yaml")
	text := fmt.Sprintf(`name: %s
backend: go
tasks: [number_phrases, language_phrases]
knowledge: []
methods: [%s]
seeds: %d
training: {steps: %d, batch: 4, length: 64, answer_length: 24}
evaluation: {lengths: [64], batch: 8, test_examples: 4}
slurm: {time: 1:00:00, warning: 50, mem: 500M}
`, name, methods, seeds, steps)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		c.t.Fatal(err)
	}
	return path
}

// running are the cells that elements of the array work on at this moment, steps being on record.
func (c *cluster) running(run rundir.Run) map[string]record.Status {
	found := map[string]record.Status{}
	cells, _ := run.Cells()
	for _, cell := range cells {
		var status record.Status
		steps, err := os.ReadFile(cell.Steps())
		if rundir.ReadJSON(cell.Status(), &status) == nil && status.State == record.Running && err == nil && bytes.Count(steps, []byte("\n")) > 2 {
			found[cell.ID] = status
		}
	}
	return found
}

// one waits for a running cell that was not struck before.
func (c *cluster) one(run rundir.Run, struck map[string]bool) (id string, status record.Status) {
	c.until("a cell runs", 3*time.Minute, func() bool {
		for cell, s := range c.running(run) {
			if !struck[cell] && s.Attempt == 1 {
				id, status = cell, s
				return true
			}
		}
		return false
	})
	struck[id] = true
	return id, status
}

// TestSlurm hands twelve cells to a real Slurm as an array, kills the worker of one element, has
// one preempted and lets one reach its time limit: all cells end, with the bytes that the local
// engine writes.
func TestSlurm(t *testing.T) {
	c := startCluster(t)
	suite := c.suite("faults", 60, 3, "seq, lora, cur-lora, cabr")
	script := c.must(c.runner, "run", "-suite", suite, "-engine", "slurm", "-dry-run", "-out", c.dir+"/array")
	test := exec.Command("sbatch", "--test-only")
	test.Stdin = strings.NewReader(script)
	if out, err := test.CombinedOutput(); err != nil || !strings.Contains(string(out), "to start at") {
		t.Fatalf("sbatch --test-only: %v: %s", err, out)
	}
	run := rundir.Run{Path: c.dir + "/array"}
	t.Log(c.must(c.runner, "run", "-suite", suite, "-engine", "slurm", "-out", run.Path))

	struck := map[string]bool{}
	limited, status := c.one(run, struck)
	c.must("scontrol", "update", "JobId="+status.Job, "TimeLimit=1")
	killed, status := c.one(run, struck)
	if err := syscall.Kill(status.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	c.until("four elements run", 3*time.Minute, func() bool { return len(c.running(run)) >= 4 })
	urgent := strings.TrimSpace(c.must("sbatch", "--parsable", "--partition=urgent", "--output=/dev/null", "--wrap=sleep 3"))
	c.until("the urgent job ran", 3*time.Minute, func() bool {
		return !strings.Contains(c.must("squeue", "-h", "-o", "%i"), urgent)
	})
	t.Log(c.must(c.runner, "status", run.Path))
	c.untilDone(run, 3*time.Minute)
	t.Log(c.must(c.runner, "status", run.Path))
	c.must(c.runner, "run", "-suite", suite, "-engine", "slurm", "-out", run.Path) // nothing is left: prints the tables

	alone := rundir.Run{Path: c.dir + "/alone"}
	c.must(c.runner, "run", "-suite", suite, "-out", alone.Path)
	cells, err := alone.Cells()
	if err != nil || len(cells) != 12 {
		t.Fatal(len(cells), err)
	}
	again := 0
	for _, cell := range cells {
		sameBytes(t, run.Cell(cell.ID), cell)
		var status record.Status
		if err := rundir.ReadJSON(run.Cell(cell.ID).Status(), &status); err != nil {
			t.Error(err)
		} else if status.Attempt > 1 {
			again++
		} else if cell.ID == limited || cell.ID == killed {
			t.Errorf("%s was stopped, but had one attempt", cell.ID)
		}
	}
	if again < 3 {
		t.Errorf("%d cells had more than one attempt, want one each for the limit, the kill and the preemption", again)
	}
}

// TestSlurmAndTheLocalEngineShareARun has forty short cells done by a job array and by the local
// engine at once.
func TestSlurmAndTheLocalEngineShareARun(t *testing.T) {
	c := startCluster(t)
	suite := c.suite("shared", 2, 10, "seq, lora, cur-lora, cabr")
	run := rundir.Run{Path: c.dir + "/shared"}
	t.Log(c.must(c.runner, "run", "-suite", suite, "-engine", "slurm", "-set", "slurm.elements=4", "-set", "slurm.running=1", "-out", run.Path))
	c.until("a cell runs", 2*time.Minute, func() bool {
		cells, _ := run.Cells()
		return len(cells) > 0
	})
	t.Log(c.must(c.runner, "run", "-suite", suite, "-jobs", "1", "-out", run.Path))
	c.untilDone(run, 3*time.Minute)
	cells, err := run.Cells()
	if err != nil || len(cells) != 40 {
		t.Fatal(len(cells), err)
	}
	slurm := 0
	for _, cell := range cells {
		var status record.Status
		if err := rundir.ReadJSON(cell.Status(), &status); err != nil || status.State != record.Done {
			t.Errorf("%s: %+v, %v", cell.ID, status, err)
		}
		if status.Job != "" {
			slurm++
		}
		if status.Attempt != 1 {
			t.Errorf("%s was begun %d times", cell.ID, status.Attempt)
		}
		timings, _, err := record.Read[record.Timing](cell.Timing())
		totals := 0
		for _, timing := range timings {
			if timing.Phase == record.Total {
				totals++
			}
		}
		if err != nil || totals != 1 {
			t.Errorf("%s was done %d times (%v)", cell.ID, totals, err)
		}
	}
	t.Logf("%d cells were done by the array, %d by the local engine", slurm, 40-slurm)
	if slurm == 0 || slurm == 40 {
		t.Error("one of the two did nothing")
	}
}

// TestSlurmElementThatNeverSaves gives an element a limit that its base row outlasts: it is queued
// again twice and then fails, with the reason in its log and in what status prints.
func TestSlurmElementThatNeverSaves(t *testing.T) {
	c := startCluster(t)
	path := filepath.Join(c.dir, "short.yaml")
	// Slurm sends the signal up to a minute early: at once. In pure Go the base row of sixteen
	// tasks takes longer.
	text := `extends: continual16
name: short
backend: go
methods: [seq]
evaluation: {test_examples: 0, knowledge_examples: 0, max_tokens: 100000000}
slurm: {time: "1", warning: 55, restarts: 2}
`
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	run := rundir.Run{Path: c.dir + "/short"}
	t.Log(c.must(c.runner, "run", "-suite", path, "-engine", "slurm", "-out", run.Path))
	c.untilDone(run, 3*time.Minute)
	status := c.must(c.runner, "status", run.Path)
	t.Log(status)
	if !regexp.MustCompile(`element \d+_0 reached its time limit 3 times, the last 3 without a newer checkpoint`).MatchString(status) {
		t.Error("status does not tell of three rounds")
	}
	logs, err := filepath.Glob(filepath.Join(run.Slurm(), "logs", "*_0.log"))
	if err != nil || len(logs) != 1 {
		t.Fatal(logs, err)
	}
	said, err := os.ReadFile(logs[0])
	if err != nil || !strings.Contains(string(said), "it reached its time limit 3 times in a row without a newer checkpoint and is not queued again") {
		t.Errorf("the element said (%v):\n%s", err, said)
	}
}

// sameBytes compares what two runs of a cell recorded.
func sameBytes(t *testing.T, got, want rundir.Cell) {
	t.Helper()
	files := []string{want.Records(), want.Steps()}
	predictions, _ := filepath.Glob(filepath.Join(want.Path, "predictions", "*"))
	for _, path := range append(files, predictions...) {
		name, _ := filepath.Rel(want.Path, path)
		a, errA := os.ReadFile(path)
		b, errB := os.ReadFile(filepath.Join(got.Path, name))
		if errA != nil || errB != nil || !bytes.Equal(a, b) {
			t.Errorf("%s: %s differs (%v, %v)", want.ID, name, errA, errB)
		}
	}
}
