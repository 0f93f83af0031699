package main

import (
	"fmt"
	"io"
	"sync"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"secura/experiments/engine"
	"secura/experiments/record"
)

// barUnits is the length of a bar in steps.
const barUnits = 1000

// bars are a bar for each worker and one for the whole, on a terminal.
type bars struct {
	mu       sync.Mutex // the bars are drawn by a goroutine of their own
	tracker  *tracker
	texts    []string // what stands before each worker's bar
	progress *mpb.Progress
	workers  []*mpb.Bar
	whole    *mpb.Bar
}

func newBars(w io.Writer, workers int, t *tracker) *bars {
	b := &bars{tracker: t, texts: make([]string, workers), progress: mpb.New(mpb.WithOutput(w), mpb.WithWidth(30))}
	for i := range workers {
		b.texts[i] = "starting"
		b.workers = append(b.workers, b.bar(func() string { return b.texts[i] }))
	}
	b.whole = b.bar(t.whole)
	return b
}

func (b *bars) bar(text func() string) *mpb.Bar {
	return b.progress.AddBar(barUnits, mpb.AppendDecorators(decor.Any(func(decor.Statistics) string {
		b.mu.Lock()
		defer b.mu.Unlock()
		return " " + text()
	})))
}

func (b *bars) Update(worker int, p engine.Progress) {
	if p.Note != "" {
		fmt.Fprintf(b.progress, "%s: %s\n", p.Cell, p.Note)
		return
	}
	b.mu.Lock()
	tell := p.State.Ended() && p.State != record.Done
	if p.State == engine.Elsewhere {
		tell = b.tracker.leave(p.Cell)
	} else {
		b.tracker.update(p)
	}
	b.texts[worker] = workerLine(p)
	whole := b.tracker.done()
	b.mu.Unlock()
	// A full bar would be taken for completed, and a worker has more cells.
	b.workers[worker].SetCurrent(int64(share(p) * (barUnits - 1)))
	b.whole.SetCurrent(int64(whole * (barUnits - 1)))
	if tell {
		fmt.Fprintln(b.progress, endLine(p))
	}
}

// Close draws the bars a last time and leaves them on the screen.
func (b *bars) Close() {
	for _, bar := range append(b.workers, b.whole) {
		bar.Abort(false)
	}
	b.progress.Wait()
}

// workerLine tells what a worker does: method, task, step and loss.
func workerLine(p engine.Progress) string {
	switch {
	case p.State.Ended(), p.State == engine.Elsewhere:
		return fmt.Sprintf("%s %s", p.Cell, p.State)
	case p.TaskIndex == 0:
		return p.Cell + " base row" + evaluated(p)
	}
	return fmt.Sprintf("%s task %d/%d %s, step %d/%d, loss %.3f", p.Cell, p.TaskIndex, p.Tasks, p.Task, p.Step, p.Steps, p.Loss) + evaluated(p)
}
