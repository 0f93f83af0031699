package main

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vbauerster/mpb/v8"

	"secura/experiments/engine"
	"secura/experiments/launch"
)

// at is a line of a cell of 4 tasks of 10 steps.
func at(cell string, task, step int) engine.Progress {
	return engine.Progress{Cell: cell, Task: "t", TaskIndex: task, Tasks: 4, Step: step, Steps: 10, Loss: 0.5, State: "running",
		Share: (float64(task-1) + float64(step)/10) / 4}
}

func TestTheTimeThatRemainsFollowsFromTheWorkOfThisRun(t *testing.T) {
	clock := time.Unix(0, 0)
	track := newTracker(2, func() time.Time { return clock })
	if _, ok := track.remaining(); ok {
		t.Error("an estimate from nothing")
	}
	track.update(at("new", 1, 0))
	track.update(engine.Progress{Cell: "resumed", Tasks: 4, State: "running"})
	track.update(at("resumed", 3, 0)) // half of it was done by an earlier run
	clock = clock.Add(time.Minute)    // of compiling, which does not come again for each cell
	track.update(at("new", 1, 1))     // 0.025 of a cell, from when on it is counted
	clock = clock.Add(9500 * time.Millisecond)
	track.update(at("new", 2, 0))     // a quarter
	track.update(at("resumed", 4, 0)) // a quarter
	// 0.475 of a cell in 9.5 seconds; 0.75 and 0.25 of a cell remain.
	if left, ok := track.remaining(); !ok || left != 20*time.Second {
		t.Errorf("%v %v", left, ok)
	}
	if got := track.whole(); got != "0/2 cells, 50%, about 20s left" {
		t.Error(got)
	}
	track.update(engine.Progress{Cell: "new", State: "failed", Reason: "no memory"})
	track.update(engine.Progress{Cell: "resumed", Tasks: 4, TaskIndex: 4, State: "done"})
	if got := track.whole(); got != "2/2 cells, 100%" {
		t.Error(got)
	}
}

func TestOffATerminalATaskAndACellEndWithALine(t *testing.T) {
	var out bytes.Buffer
	view := newProgress(&out, 1, 2)
	view.Update(0, engine.Progress{Cell: "a", Tasks: 4, State: "running"}) // the base row
	for task := 1; task <= 2; task++ {
		for step := 1; step <= 10; step++ {
			view.Update(0, at("a", task, step))
		}
	}
	view.Update(0, engine.Progress{Cell: "a", Task: "t", TaskIndex: 2, Tasks: 4, State: "diverged", Reason: "loss is NaN"})
	view.Update(0, engine.Progress{Cell: "b", State: "failed", Reason: "killed"})
	view.Close()
	var got []string
	for line := range bytes.Lines(out.Bytes()) {
		text, _, _ := bytes.Cut(bytes.TrimSpace(line), []byte(" ("))
		got = append(got, string(text))
	}
	want := []string{"a: task 1/4 t, loss 0.500", "a: diverged: loss is NaN", "b: failed: killed"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestWhatCellsAreAtIsTold(t *testing.T) {
	evaluating := func(p engine.Progress) engine.Progress { p.Evaluated = 34; return p }
	for _, c := range []struct {
		p    engine.Progress
		want string
	}{
		{engine.Progress{Cell: "a", State: "running"}, "a: compiles, and evaluates the backbone or reads its checkpoint"},
		{evaluating(engine.Progress{Cell: "a", State: "running"}), "a: evaluates the backbone, 34%"},
		{at("a", 3, 7), "a: task 3/4 t, step 7/10, loss 0.500"},
		{evaluating(at("a", 3, 7)), "a: task 3/4 t, step 7/10, loss 0.500, evaluation 34%"},
		{at("a", 3, 10), "a: task 3/4 t is learned, and is evaluated"},
		{evaluating(at("a", 3, 10)), "a: task 3/4 t is learned, evaluation 34%"},
	} {
		l := newLines(io.Discard, newTracker(1, time.Now))
		l.Update(0, c.p)
		if got := l.doing(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestAWorkersLine(t *testing.T) {
	for _, c := range []struct {
		p    engine.Progress
		want string
	}{
		{engine.Progress{Cell: "ewc-s0-o0", State: "running"}, "ewc-s0-o0 base row"},
		{engine.Progress{Cell: "ewc-s0-o0", Evaluated: 34, State: "running"}, "ewc-s0-o0 base row, evaluation 34%"},
		{at("ewc-s0-o0", 3, 7), "ewc-s0-o0 task 3/4 t, step 7/10, loss 0.500"},
		{engine.Progress{Cell: "ewc-s0-o0", State: "done"}, "ewc-s0-o0 done"},
		{engine.Progress{Cell: "ewc-s0-o0", Tasks: 4, State: engine.Elsewhere, Reason: "locked"}, "ewc-s0-o0 elsewhere"},
	} {
		if got := workerLine(c.p); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

// TestACellOfAnotherProcessIsToldOnce, with the reason, on a terminal and off one. It is not among
// those that this run is at.
func TestACellOfAnotherProcessIsToldOnce(t *testing.T) {
	for name, view := range map[string]func(io.Writer, *tracker) launch.View{
		"bars": func(w io.Writer, t *tracker) launch.View { // without AutoRefresh a terminal alone shows them
			b := &bars{tracker: t, texts: make([]string, 1), progress: mpb.New(mpb.WithOutput(w), mpb.WithAutoRefresh())}
			b.workers, b.whole = []*mpb.Bar{b.bar(func() string { return b.texts[0] })}, b.bar(t.whole)
			return b
		},
		"lines": func(w io.Writer, t *tracker) launch.View { return newLines(w, t) },
	} {
		var out bytes.Buffer
		track := newTracker(2, time.Now)
		v := view(&out, track)
		for range 3 {
			v.Update(0, engine.Progress{Cell: "a", Tasks: 4, TaskIndex: 3, State: "running"})
			v.Update(0, engine.Progress{Cell: "a", Tasks: 4, State: engine.Elsewhere, Reason: "locked by process 7"})
		}
		if len(track.last) != 0 || track.sum != 0 {
			t.Errorf("%s: the run is at %v and has done %g", name, track.last, track.sum)
		}
		v.Close()
		if told := strings.Count(out.String(), "a: elsewhere: locked by process 7\n"); told != 1 {
			t.Errorf("%s: told %d times: %q", name, told, out.String())
		}
	}
}
