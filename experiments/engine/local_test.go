package engine

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestMain makes the test binary a worker when it is told to.
func TestMain(m *testing.M) {
	if os.Getenv("ENGINE_TEST_WORKER") == "" {
		os.Exit(m.Run())
	}
	out := json.NewEncoder(os.Stdout)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		cell := lines.Text()
		kind, _, _ := strings.Cut(cell, "-")
		if kind == "mute" {
			fmt.Fprintln(os.Stderr, "no plugin")
			os.Exit(1)
		}
		out.Encode(Progress{Cell: cell, State: "running", Step: 1})
		switch kind {
		case "crash":
			fmt.Fprintln(os.Stderr, strings.Repeat("noise ", 4000)+"out of memory, say")
			os.Exit(3)
		case "diverge":
			out.Encode(Progress{Cell: cell, State: "diverged", Reason: "loss is NaN at step 3"})
			continue
		case "garbage":
			fmt.Println("hello")
			time.Sleep(time.Minute)
		case "slow":
			time.Sleep(time.Minute)
		case "deaf":
			signal.Ignore(syscall.SIGTERM)
			out.Encode(Progress{Cell: cell, State: "running", Step: 2})
			time.Sleep(time.Minute)
		case "stopped":
			out.Encode(Progress{Cell: cell, State: "cancelled", Reason: "interrupted"})
			time.Sleep(200 * time.Millisecond)
			os.Exit(130)
		case "last":
			out.Encode(Progress{Cell: cell, State: "done"})
			time.Sleep(200 * time.Millisecond)
			os.Exit(130)
		case "full":
			out.Encode(Progress{Cell: cell, State: "failed", Reason: "RESOURCE_EXHAUSTED", OutOfMemory: true})
			continue
		case "where":
			out.Encode(Progress{Cell: cell, State: "running", Reason: fmt.Sprint(coresToTake(), os.Getenv("GOMAXPROCS"))})
		}
		out.Encode(Progress{Cell: cell, State: "done", Reason: fmt.Sprint(os.Getpid())})
	}
	os.Exit(0)
}

type seen struct {
	mu    sync.Mutex
	lines []Progress
}

func (s *seen) add(_ int, p Progress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, p)
}

func (s *seen) ends() map[string]Progress {
	ends := map[string]Progress{}
	for _, p := range s.lines {
		if p.State.Ended() {
			ends[p.Cell] = p
		}
	}
	return ends
}

func run(t *testing.T, ctx context.Context, jobs int, s *seen, cells ...string) error {
	t.Helper()
	before := runtime.NumGoroutine()
	err := Run(ctx, Options{Jobs: jobs, Cells: cells, OnProgress: s.add, Grace: 700 * time.Millisecond, Command: func(int) *exec.Cmd {
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), "ENGINE_TEST_WORKER=1")
		return c
	}})
	for range 50 {
		if runtime.NumGoroutine() <= before {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("%d goroutines before, %d after", before, runtime.NumGoroutine())
	return err
}

// TestWorkersKeepToTheirGroup takes cells for two workers in turn: each stays with the group that
// it began, a new one is one that nobody is at, and in the end they share what is left.
func TestWorkersKeepToTheirGroup(t *testing.T) {
	group := func(cell string) string { return cell[:1] }
	p := &pool{options: Options{Group: group}, waiting: []string{"a1", "a2", "b1", "a3", "c1", "c2", "c3"}, at: map[int]string{}}
	var got []string
	for i := range 7 {
		cell, _, ok := p.next(i % 2)
		if !ok {
			t.Fatalf("no cell was left after %v", got)
		}
		got = append(got, fmt.Sprint(i%2, cell))
	}
	want := []string{"0a1", "1b1", "0a2", "1c1", "0a3", "1c2", "0c3"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("cells were taken as %v, expected %v", got, want)
	}
	if cell, _, ok := p.next(0); ok {
		t.Errorf("cell %s was handed out twice", cell)
	}
}

func TestAllCellsRunOnAFixedPool(t *testing.T) {
	var s seen
	var cells []string
	for i := range 9 {
		cells = append(cells, fmt.Sprintf("ok-%d", i))
	}
	if err := run(t, context.Background(), 3, &s, cells...); err != nil {
		t.Fatal(err)
	}
	processes := map[string]bool{}
	for _, p := range s.ends() {
		processes[p.Reason] = true
	}
	if len(s.ends()) != 9 || len(processes) > 3 {
		t.Fatalf("%d cells ended, in %d processes", len(s.ends()), len(processes))
	}
}

func TestAFailedCellDoesNotStopTheOthers(t *testing.T) {
	var s seen
	err := run(t, context.Background(), 1, &s, "ok-1", "crash-1", "ok-2", "diverge-1", "garbage-1", "ok-3")
	for _, want := range []string{"cell crash-1 failed: ", "exit status 3", "out of memory, say", "cell diverge-1 diverged: loss is NaN", "cell garbage-1 failed: ", `wrote "hello"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in %.3000v", want, err)
		}
	}
	if err != nil && len(err.Error()) > 12<<10 {
		t.Error("the whole of the standard error was kept")
	}
	var cell *CellError
	if !errors.As(err, &cell) {
		t.Error("no CellError")
	}
	ends := s.ends()
	for _, ok := range []string{"ok-1", "ok-2", "ok-3"} {
		if ends[ok].State != "done" {
			t.Errorf("%s: %+v", ok, ends[ok])
		}
	}
}

// TestAWorkerThatLeavesTakesNoOtherCellAlong stops a worker alone within a cell, and one between
// two cells. What a worker cannot begin is tried once more and no further.
func TestAWorkerThatLeavesTakesNoOtherCellAlong(t *testing.T) {
	var s seen
	err := run(t, context.Background(), 1, &s, "stopped-1", "ok-1", "last-1", "ok-2", "mute-1", "ok-3")
	var got []string
	for cell, end := range s.ends() {
		got = append(got, cell+" "+string(end.State))
	}
	slices.Sort(got)
	if want := "[last-1 done mute-1 failed ok-1 done ok-2 done ok-3 done stopped-1 cancelled]"; fmt.Sprint(got) != want {
		t.Errorf("cells ended as %v, expected %s", got, want)
	}
	if err == nil || strings.Count(err.Error(), "no plugin") != 1 {
		t.Error(err)
	}
	var notes []string
	for _, p := range s.lines {
		if p.Note != "" {
			notes = append(notes, p.Cell)
		}
	}
	if fmt.Sprint(notes) != "[ok-2 mute-1]" {
		t.Errorf("notes were made of %v", notes)
	}
}

func TestCancellingStopsTheWorkersSoon(t *testing.T) {
	for kind, least := range map[string]time.Duration{"slow": 0, "deaf": 600 * time.Millisecond} {
		var s seen
		ctx, cancel := context.WithCancel(context.Background())
		start := time.Now()
		var stopped time.Time
		go func() {
			time.Sleep(300 * time.Millisecond)
			stopped = time.Now()
			cancel()
		}()
		err := run(t, ctx, 2, &s, kind+"-1", kind+"-2", "ok-1")
		took := time.Since(stopped)
		if !errors.Is(err, context.Canceled) || took < least || took > 3*time.Second {
			t.Errorf("%s: %v after %v of %v", kind, err, took, time.Since(start))
		}
		ends := s.ends()
		if ends[kind+"-1"].State != "cancelled" || ends[kind+"-2"].State != "cancelled" || ends["ok-1"].State != "" {
			t.Errorf("%s: %v", kind, ends)
		}
	}
}

// TestACellWithoutMemoryIsHandedOutAgain once, as far as Again wants that, to a new process.
func TestACellWithoutMemoryIsHandedOutAgain(t *testing.T) {
	for _, wanted := range []bool{true, false} {
		var s seen
		asked := 0
		err := Run(context.Background(), Options{Jobs: 1, Cells: []string{"full-1", "ok-1"}, OnProgress: s.add,
			Command: func(int) *exec.Cmd {
				c := exec.Command(os.Args[0])
				c.Env = append(os.Environ(), "ENGINE_TEST_WORKER=1")
				return c
			},
			Again: func(cell string) (bool, error) {
				asked++
				return wanted && asked == 1, nil
			}})
		if err == nil || strings.Count(err.Error(), "RESOURCE_EXHAUSTED") != 1 {
			t.Errorf("again %v: %v", wanted, err)
		}
		notes := 0
		for _, p := range s.lines {
			if strings.Contains(p.Note, "starts anew with its batches in parts") {
				notes++
			}
		}
		times := map[bool]int{true: 2, false: 1}[wanted]
		if asked != times || notes != times-1 || s.ends()["ok-1"].State != "done" {
			t.Errorf("again %v: asked %d times, %d notes, ends %v", wanted, asked, notes, s.ends())
		}
	}
}

// TestAWorkerOfADeviceHasAllCores, and the environment of its parent.
func TestAWorkerOfADeviceHasAllCores(t *testing.T) {
	var s seen
	err := Run(context.Background(), Options{Jobs: 1, Cells: []string{"where-1"}, OnProgress: s.add, Device: true, Command: func(int) *exec.Cmd {
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), "ENGINE_TEST_WORKER=1", "GOMAXPROCS=7")
		return c
	}})
	want := fmt.Sprint(coresToTake(), "7")
	if err != nil || len(s.lines) != 3 || len(s.lines[1].Reason) != len(want) || !strings.HasSuffix(s.lines[1].Reason, "7") {
		t.Errorf("%v, %+v, expected %s", err, s.lines, want)
	}
}

func TestACommandThatDoesNotStartFailsItsCells(t *testing.T) {
	err := Run(context.Background(), Options{Jobs: 2, Cells: []string{"a", "b"}, Command: func(int) *exec.Cmd { return exec.Command("/nonexistent/worker") }})
	if err == nil || strings.Count(err.Error(), "start worker") != 2 {
		t.Fatal(err)
	}
	if err := Run(context.Background(), Options{Cells: []string{"a"}}); err == nil {
		t.Fatal("no jobs")
	}
}
