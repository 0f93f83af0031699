package machine

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestAClockCountsWhatThisProcessComputes computes for a while, and then waits for a while.
func TestAClockCountsWhatThisProcessComputes(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skipf("the system does not tell: %v", err)
	}
	var meter Meter
	stop, busy, own := meter.Start(), time.Now(), StartClock()
	// On a busy machine the process may have to wait for a processor.
	for time.Since(busy) < 100*time.Millisecond || own().Processor < 0.02 && time.Since(busy) < 20*time.Second {
		for x := range 1_000_000 {
			runtime.KeepAlive(x)
		}
	}
	stop()
	if s := meter.Total(); s.Seconds < 0.1 || s.Processor < 0.01 {
		t.Errorf("computing took %+v", s)
	}
	elapsed, up := StartClock(), Uptime()
	time.Sleep(50 * time.Millisecond)
	if s := elapsed(); s.Seconds < 0.05 {
		t.Errorf("waiting took %+v", s)
	}
	if up == 0 || Uptime() < up+40*time.Millisecond { // in steps of 10 ms
		t.Errorf("the system was up for %s before, and for %s after", up, Uptime())
	}
	if PeakMemory() < 1<<20 {
		t.Errorf("the process needed %d bytes", PeakMemory())
	}
}

func TestGPUsAreNamedByTheirModels(t *testing.T) {
	folder := t.TempDir()
	for i, model := range []string{"NVIDIA H200", "NVIDIA A100-SXM4-80GB", "NVIDIA H200"} {
		gpu := filepath.Join(folder, strconv.Itoa(i))
		text := "Model: \t\t " + model + "\nIRQ:   \t\t 17\n"
		if err := errors.Join(os.Mkdir(gpu, 0o755), os.WriteFile(filepath.Join(gpu, "information"), []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := gpusBelow(folder), "NVIDIA A100-SXM4-80GB and NVIDIA H200"; got != want {
		t.Errorf("got %q, expected %q", got, want)
	}
	if got := gpusBelow(filepath.Join(folder, "none")); got != "" {
		t.Errorf("got %q of no driver", got)
	}
}

func TestAProcessIsGoneWhenItHasEnded(t *testing.T) {
	ended := exec.Command(os.Args[0], "-test.run", "^$") // this test, which every system can start
	if err := ended.Run(); err != nil {
		t.Skipf("no process to start: %v", err)
	}
	if !Gone(ended.Process.Pid) || Gone(os.Getpid()) || Gone(0) {
		t.Errorf("gone: the ended %v, this one %v, none %v", Gone(ended.Process.Pid), Gone(os.Getpid()), Gone(0))
	}
}

// A process that has ended and that its parent has not waited for still has its number.
func TestAProcessThatNobodyWaitedForIsGone(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skipf("the system does not tell: %v", err)
	}
	command := exec.Command("sleep", "60")
	if err := command.Start(); err != nil {
		t.Skipf("no process to start: %v", err)
	}
	defer command.Wait()
	if Gone(command.Process.Pid) {
		t.Error("a process that sleeps is gone")
	}
	command.Process.Kill()
	for start := time.Now(); !Gone(command.Process.Pid); time.Sleep(5 * time.Millisecond) {
		if time.Since(start) > 10*time.Second {
			t.Fatal("a process that was killed is not gone")
		}
	}
}

func TestProcessorsOfOneNameAreToldApart(t *testing.T) {
	for cpuinfo, want := range map[string]string{
		"processor\t: 0\ncpu family\t: 23\nmodel\t\t: 1\nmodel name\t: AMD EPYC\nflags\t\t: fpu avx avx2\n\nprocessor\t: 1\nmodel name\t: B\n": "AMD EPYC (family 23, model 1, AVX2)",
		"cpu family\t: 26\nmodel\t\t: 2\nmodel name\t: AMD EPYC\nflags\t\t: avx2 avx512f avx512bw\n":                                           "AMD EPYC (family 26, model 2, AVX-512)",
		"model name\t: a board's\nFeatures\t: fp asimd\n":                                                                                      "a board's",
		"processor\t: 0\nBogoMIPS\t: 50.00\n":                                                                                                  "",
		"":                                                                                                                                     "",
	} {
		if got := processorOf(cpuinfo); got != want {
			t.Errorf("%q of %q, want %q", got, cpuinfo, want)
		}
	}
	if Processor() == "" {
		t.Error("this machine's processor has no name")
	}
}

func TestWhoHasAFileOpen(t *testing.T) {
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skipf("the system does not tell: %v", err)
	}
	path := filepath.Join(t.TempDir(), "file")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if open, known := HasOpen(os.Getpid(), path); !open || !known {
		t.Errorf("an open file: %v, %v", open, known)
	}
	file.Close()
	if open, known := HasOpen(os.Getpid(), path); open || !known {
		t.Errorf("a closed file: %v, %v", open, known)
	}
	if _, known := HasOpen(1<<22+12345, path); known {
		t.Error("files of no process are known")
	}
}

// TestTheProgramIsTheOneThatRuns starts a copy of this test, which puts another program in its
// place, as a build does, and then starts itself again.
func TestTheProgramIsTheOneThatRuns(t *testing.T) {
	const stage = "SECURA_TEST_STAGE"
	again := func(path, next string) string {
		t.Helper()
		command := exec.Command(path, "-test.run", "^TestTheProgramIsTheOneThatRuns$", "-test.v")
		command.Env = append(os.Environ(), stage+"="+next)
		out, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return string(out)
	}
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	switch os.Getenv(stage) {
	case "started":
		fmt.Println("the program that began")
		return
	case "began":
		if err := errors.Join(os.Remove(own), os.WriteFile(own, []byte("#!/bin/sh\necho a newer program\n"), 0o755)); err != nil {
			t.Fatal(err)
		}
		path, err := Program()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println(again(path, "started"))
		return
	}
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells")
	}
	data, err := os.ReadFile(own)
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(copied, data, 0o755); err != nil {
		t.Fatal(err)
	}
	if out := again(copied, "began"); !strings.Contains(out, "the program that began") {
		t.Errorf("what was started:\n%s", out)
	}
}
