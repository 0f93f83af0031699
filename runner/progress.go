package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"secura/experiments/engine"
	"secura/experiments/launch"
	"secura/experiments/record"
)

// newProgress shows bars on a terminal, else a line for each task's end: off a terminal, or on one
// that does not tell its width, bars would be lost.
func newProgress(stderr io.Writer, workers, cells int) launch.View {
	t := newTracker(cells, time.Now)
	if isTerminal(stderr) {
		if width, _, err := term.GetSize(int(stderr.(*os.File).Fd())); err == nil && width > 0 {
			return newBars(stderr, workers, t)
		}
	}
	l := newLines(stderr, t)
	l.teller = newTeller(stderr, l.doing)
	l.w = l.teller
	return l
}

// isTerminal says whether w is a terminal.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// coloured says whether colours may be written to w: on a terminal, unless NO_COLOR is set
// (no-color.org).
func coloured(w io.Writer) bool { return isTerminal(w) && os.Getenv("NO_COLOR") == "" }

// tracker follows the cells of a run.
type tracker struct {
	now func() time.Time
	// begun is when the first work of this run was reported, after what workers compile at their
	// start, and the sum of the shares then; zero before.
	begun     time.Time
	begunWith float64
	cells     int // that the run has to do
	last      map[string]engine.Progress
	// sum is the sum of the cells' shares. skipped is the part of it that was there when the cells
	// began: one that goes on from a checkpoint has not done that part in this run.
	sum, skipped float64
	ended        int
	// elsewhere are the cells that other processes were told to have.
	elsewhere map[string]bool
}

func newTracker(cells int, now func() time.Time) *tracker {
	return &tracker{now: now, cells: cells, last: map[string]engine.Progress{}, elsewhere: map[string]bool{}}
}

// update takes a line in and returns the cell's line before.
func (t *tracker) update(p engine.Progress) (before engine.Progress, known bool) {
	before, known = t.last[p.Cell]
	change := share(p) - share(before)
	if t.sum += change; before.TaskIndex == 0 && !p.State.Ended() {
		t.skipped += change // what an earlier run did, if anything
	}
	if t.begun.IsZero() && t.sum-t.skipped > 0 {
		t.begun, t.begunWith = t.now(), t.sum-t.skipped
	}
	if p.State.Ended() && !before.State.Ended() {
		t.ended++
	}
	t.last[p.Cell] = p
	return before, known
}

// leave takes a cell that another process has out of those that this run is at. first says whether
// that is to be told: the cell is asked for again and again.
func (t *tracker) leave(cell string) (first bool) {
	first = !t.elsewhere[cell]
	t.elsewhere[cell] = true
	t.sum -= share(t.last[cell]) // it counts again when it is taken again
	delete(t.last, cell)
	return first
}

// share is how much of its cell is done, from 0 to 1; an ended cell needs no more time however it
// ended.
func share(p engine.Progress) float64 {
	switch {
	case p.State.Ended():
		return 1
	case p.TaskIndex == 0:
		return 0
	}
	return min(p.Share, 1)
}

// done is how much of the whole is done, from 0 to 1.
func (t *tracker) done() float64 { return min(t.sum/float64(max(t.cells, 1)), 1) }

// remaining estimates the time that is left from the work done so far; ok is false while there is
// too little of it.
func (t *tracker) remaining() (left time.Duration, ok bool) {
	worked := t.sum - t.skipped - t.begunWith
	elapsed := t.now().Sub(t.begun)
	if t.begun.IsZero() || worked < 0.02 || elapsed <= 0 {
		return 0, false
	}
	rest := float64(t.cells) - t.sum
	return time.Duration(rest / worked * float64(elapsed)).Round(time.Second), true
}

// whole tells of the whole run in a few words.
func (t *tracker) whole() string {
	text := fmt.Sprintf("%d/%d cells, %.0f%%", t.ended, t.cells, 100*t.done())
	if left, ok := t.remaining(); ok && t.ended < t.cells {
		return text + fmt.Sprintf(", about %s left", left)
	}
	return text
}

// lines writes a line when a cell has learned a task and when it ends, and what the cells do where
// that takes long.
type lines struct {
	w       io.Writer
	teller  *teller    // nil where nothing is told between the lines
	mu      sync.Mutex // the teller reads the tracker
	tracker *tracker
}

func newLines(w io.Writer, t *tracker) *lines { return &lines{w: w, tracker: t} }

// doing says what the cells that run are at.
func (l *lines) doing() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var texts []string
	for _, cell := range slices.Sorted(maps.Keys(l.tracker.last)) {
		p := l.tracker.last[cell]
		switch {
		case p.State.Ended():
		case p.TaskIndex == 0 && p.Evaluated > 0:
			texts = append(texts, fmt.Sprintf("%s: evaluates the backbone, %d%%", cell, p.Evaluated))
		case p.TaskIndex == 0:
			texts = append(texts, cell+": compiles, and evaluates the backbone or reads its checkpoint")
		case p.Step < p.Steps:
			texts = append(texts, fmt.Sprintf("%s: task %d/%d %s, step %d/%d, loss %.3f", cell, p.TaskIndex, p.Tasks, p.Task, p.Step, p.Steps, p.Loss)+evaluated(p))
		default:
			texts = append(texts, fmt.Sprintf("%s: task %d/%d %s is learned", cell, p.TaskIndex, p.Tasks, p.Task)+cmp.Or(evaluated(p), ", and is evaluated"))
		}
	}
	switch {
	case len(texts) > 0:
		return strings.Join(texts, "\n")
	case len(l.tracker.last) == 0:
		return "workers load the backbone and the examples"
	}
	return "workers go on to the next cells (" + l.tracker.whole() + ")"
}

// evaluated tells how much of an evaluation is done, where one runs.
func evaluated(p engine.Progress) string {
	if p.Evaluated == 0 {
		return ""
	}
	return fmt.Sprintf(", evaluation %d%%", p.Evaluated)
}

func (l *lines) Update(_ int, p engine.Progress) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p.Note != "" {
		fmt.Fprintf(l.w, "%s: %s\n", p.Cell, p.Note)
		return
	}
	if p.State == engine.Elsewhere {
		if l.tracker.leave(p.Cell) {
			fmt.Fprintln(l.w, endLine(p))
		}
		return
	}
	before, known := l.tracker.update(p)
	if known && before.TaskIndex > 0 && (p.TaskIndex > before.TaskIndex || p.State == record.Done) {
		fmt.Fprintf(l.w, "%s: task %d/%d %s, loss %.3f (%s)\n", p.Cell, before.TaskIndex, before.Tasks, before.Task, before.Loss, l.tracker.whole())
	}
	if p.State.Ended() {
		fmt.Fprintln(l.w, endLine(p))
	}
}

func (l *lines) Close() {
	if l.teller != nil {
		l.teller.Close()
	}
}

// endLine tells how a cell ended.
func endLine(p engine.Progress) string {
	if p.Reason == "" || p.State == record.Done {
		return fmt.Sprintf("%s: %s", p.Cell, p.State)
	}
	return fmt.Sprintf("%s: %s: %s", p.Cell, p.State, p.Reason)
}
