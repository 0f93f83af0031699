package engine

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"secura/experiments/suite"
)

// TestElementThatSavesNothingFails runs an element's batch script as Slurm would: its worker is
// told of the limit at once, and a requeue ends the script. After three requeues without a newer
// checkpoint the element fails; rounds that save do not count.
func TestElementThatSavesNothingFails(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash on this machine")
	}
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write("bin/scontrol", "#!/bin/sh\nkill -9 $PPID\n")
	// A worker that saves a checkpoint where "saves" says so, and stops when it is told.
	write("worker", `#!/bin/bash
trap 'exit 130' TERM
[ -e `+dir+`/saves ] && { sleep 0.05; echo > `+dir+`/run/cells/mine/checkpoint/01/complete.json; }
echo > `+dir+`/run/cells/other/checkpoint/01/complete.json # another element goes on all the time
kill -USR1 $PPID
while [ -e `+dir+`/worker ]; do sleep 0.02; done
`)
	for cell, job := range map[string]string{"mine": "77_1", "other": "77_11"} {
		write("run/cells/"+cell+"/status.json", "{\n\t\"state\": \"cancelled\",\n\t\"job\": \""+job+"\"\n}\n")
		write("run/cells/"+cell+"/checkpoint/01/complete.json", "{}")
	}
	script, err := Array{Slurm: suite.Slurm{}, Name: "x", Shards: 2, Program: filepath.Join(dir, "worker"),
		Run: filepath.Join(dir, "run"), Data: ".", Backend: "go", Logs: dir, Rounds: filepath.Join(dir, "rounds")}.Script()
	if err != nil {
		t.Fatal(err)
	}
	// In the first round the signal comes before the script knows its worker.
	late := strings.Replace(script, "worker=$!", "sleep 0.3\nworker=$!", 1)
	if late == script {
		t.Fatal("the script starts no worker")
	}
	write("array.sh", late)
	// round runs the script once and says whether it queued itself again.
	round := func() (again bool, out string) {
		c := exec.Command(bash, filepath.Join(dir, "array.sh"))
		c.Env = append(os.Environ(), "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"), "SLURM_ARRAY_JOB_ID=77",
			"SLURM_ARRAY_TASK_ID=1", "SLURM_JOB_ID=78")
		c.WaitDelay = 20 * time.Second // a worker that outlives the element keeps its output open
		data, err := c.CombinedOutput()
		if err == nil {
			t.Fatalf("the element ended well: %s", data)
		}
		return c.ProcessState.ExitCode() == -1, string(data) // -1: by the signal of scontrol
	}
	expect := func(want string) {
		t.Helper()
		got, err := os.ReadFile(filepath.Join(dir, "rounds", "77_1"))
		if err != nil || strings.TrimSpace(string(got)) != want {
			t.Fatalf("rounds are %q (%v), expected %q", got, err, want)
		}
	}
	for _, want := range []string{"1 1", "2 2"} {
		if again, out := round(); !again {
			t.Fatalf("it was not queued again: %s", out)
		}
		expect(want)
		write("array.sh", script)
	}
	write("saves", "")
	if again, out := round(); !again {
		t.Fatalf("a round that saved was not queued again: %s", out)
	}
	expect("3 0")
	if err := os.Remove(filepath.Join(dir, "saves")); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"4 1", "5 2", "6 3"} {
		if again, out := round(); !again {
			t.Fatalf("it was not queued again: %s", out)
		}
		expect(want)
	}
	again, out := round()
	if again || !strings.Contains(out, "reached its time limit 4 times in a row without a newer checkpoint") {
		t.Fatalf("queued again: %v, and it said %s", again, out)
	}
	expect("7 4")
}
