package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"secura/experiments/engine"
	"secura/experiments/record"
)

// TestNoSilence lets a clock run for two minutes over a run that says nothing itself, and measures
// the pauses.
func TestNoSilence(t *testing.T) {
	var out bytes.Buffer
	start := time.Now()
	clock := start
	l := newLines(nil, newTracker(1, func() time.Time { return clock }))
	l.teller = &teller{w: &out, doing: l.doing, now: func() time.Time { return clock }, written: start}
	l.w = l.teller
	last, said := start, 0
	run := func(seconds int) {
		for range 2 * seconds {
			clock = clock.Add(time.Second / 2)
			l.teller.tick()
			if n := out.Len(); n > said {
				said, last = n, clock
			}
			limit := 30 * time.Second
			if said == 0 {
				limit = 3 * time.Second
			}
			if quiet := clock.Sub(last); quiet > limit {
				t.Fatalf("nothing was said for %s; so far:\n%s", quiet, out.String())
			}
		}
	}
	run(40)
	l.Update(0, engine.Progress{Cell: "seq-s0-o0", Tasks: 2, State: record.Running})
	run(40)
	l.Update(0, engine.Progress{Cell: "seq-s0-o0", Task: "copy", TaskIndex: 1, Tasks: 2, Step: 3, Steps: 9, Loss: 1.5, State: record.Running})
	run(40)
	l.Update(0, engine.Progress{Cell: "seq-s0-o0", Task: "copy", TaskIndex: 1, Tasks: 2, Step: 9, Steps: 9, Loss: 1.5, State: record.Running})
	run(40)
	for _, want := range []string{"load the backbone", "seq-s0-o0: compiles", "task 1/2 copy, step 3/9", "task 1/2 copy is learned"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q was not said:\n%s", want, out.String())
		}
	}
	l.Update(0, engine.Progress{Cell: "seq-s0-o0", Tasks: 2, State: record.Done})
	said = out.Len()
	for range 100 {
		clock = clock.Add(time.Second)
		l.teller.tick()
	}
	if text := out.String()[said:]; strings.Contains(text, "seq-s0-o0") {
		t.Errorf("an ended cell is told of: %s", text)
	}
}
