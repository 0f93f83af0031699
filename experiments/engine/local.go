// Package engine runs cells. The local engine hands them to a fixed pool of worker processes on
// this machine, each pinned to one core; a cell's work and its files are the worker's alone.
package engine

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"sync"
	"time"

	"secura/experiments/record"
)

// Progress is one line that a worker writes to its standard output.
type Progress struct {
	Cell   string `json:"cell"`
	Method string `json:"method,omitempty"`
	Task   string `json:"task,omitempty"`
	// TaskIndex is the 1-based position of the task, 0 before the first one.
	TaskIndex int     `json:"task_index"`
	Tasks     int     `json:"tasks,omitempty"`
	Step      int     `json:"step"`
	Steps     int     `json:"steps,omitempty"`
	Loss      float64 `json:"loss,omitempty"`
	// Evaluated is how much is done of the evaluation that runs after the step, or of the untouched
	// backbone's before the first task, in percent; 0 where none runs.
	Evaluated int `json:"evaluated,omitempty"`
	// Share is how much of the cell's computing is done, evaluations included, from 0 to 1.
	Share float64 `json:"share,omitempty"`
	// State is "running" while the cell goes on; "done", "failed", "diverged" or "cancelled" end
	// it, with the Reason. "elsewhere" says that another process has the cell, which the Reason
	// names: it is asked for again later.
	State  record.State `json:"state"`
	Reason string       `json:"reason,omitempty"`
	// OutOfMemory says that a cell failed because the memory of what computes did not suffice.
	OutOfMemory bool `json:"out_of_memory,omitempty"`
	// Note tells of something that a user should know, such as records that were cut; the line then
	// says nothing else about how far the cell is.
	Note string `json:"note,omitempty"`
}

// pause is the time before a cell that another process has is asked for again, when no other is
// left.
const pause = 2 * time.Second

// Elsewhere is the State of a cell that another process has.
const Elsewhere record.State = "elsewhere"

// DefaultGrace is how long workers may take to stop: a step of a large backbone takes many seconds,
// and what was learned since the last checkpoint is saved after it.
const DefaultGrace = time.Minute

// Options are what Run is told.
type Options struct {
	// Jobs is the number of worker processes, at least 1. No more are started than there are cells.
	Jobs int
	// Command makes the process of a worker, counted from 0; it is called again when a worker died.
	// Its Stdin, Stdout, Stderr and SysProcAttr are Run's. The process reads cell ids from its
	// standard input, a line each, writes Progress lines to its standard output, and exits when its
	// input ends.
	Command func(worker int) *exec.Cmd
	// Cells are ids, handed out in this order: the longest first.
	Cells []string
	// Group names what a cell shares with others, such as compiled graphs: a worker goes on with
	// the group of its last cell while one is left, and otherwise begins one that no other worker
	// is at, if there is one. Nil keeps to the order.
	Group func(cell string) string
	// OnProgress is called for every line, by one goroutine at a time. The line of a cell whose
	// worker died is Run's own. It may be nil.
	OnProgress func(worker int, p Progress)
	// Again is asked when a worker was killed within a cell, or memory did not suffice: true hands
	// the cell out once more, before all others. Nil never does.
	Again func(cell string) (bool, error)
	// Device says that workers compute on a device of their own, such as a GPU, and not on this
	// machine's cores: none is bound to one.
	Device bool
	// Grace is how long a worker may take to stop after SIGTERM before it is killed; DefaultGrace
	// if 0.
	Grace time.Duration
}

// CellError is one cell that did not end as "done".
type CellError struct {
	Cell   string
	State  record.State
	Reason string
	// PID is the worker process that the cell was handed to; 0 where none started.
	PID int
}

func (e *CellError) Error() string { return fmt.Sprintf("cell %s %s: %s", e.Cell, e.State, e.Reason) }

// Run runs all cells and returns when every worker is gone. Cells that failed or diverged do not
// stop the others; the error joins a *CellError of each. Once ctx is done, no cell is handed out,
// the workers are stopped, and the error is ctx's too.
func Run(ctx context.Context, options Options) error {
	if options.Jobs < 1 {
		return fmt.Errorf("run cells: %d jobs; at least 1 is needed", options.Jobs)
	}
	if options.Grace == 0 {
		options.Grace = DefaultGrace
	}
	var cores []int
	if !options.Device {
		cores = coresToTake()
	}
	if options.Group == nil {
		options.Group = func(string) string { return "" }
	}
	p := &pool{options: options, waiting: slices.Clone(options.Cells), returned: map[string]bool{}, at: map[int]string{}}
	var wait sync.WaitGroup
	for i := range min(options.Jobs, len(options.Cells)) {
		core := -1
		if len(cores) > 0 {
			core = cores[i%len(cores)]
		}
		wait.Go(func() { p.work(ctx, i, core) })
	}
	wait.Wait()
	return errors.Join(append([]error{context.Cause(ctx)}, p.failures...)...)
}

// pool is what the goroutines of one Run share.
type pool struct {
	options Options

	mu       sync.Mutex // guards failures and serialises OnProgress
	failures []error

	queue     sync.Mutex      // guards the four below
	waiting   []string        // cells that no worker was handed
	returned  map[string]bool // cells that a worker was handed that did not begin them
	elsewhere []string        // cells that other processes have
	at        map[int]string  // the group of each worker's last cell
}

// again puts a cell that another process has behind all others.
func (p *pool) again(cell string) {
	p.queue.Lock()
	defer p.queue.Unlock()
	p.elsewhere = append(p.elsewhere, cell)
}

// next takes the cell that a worker runs next; asked says that it is one that another process had
// when it was asked for before.
func (p *pool) next(number int) (cell string, asked, ok bool) {
	p.queue.Lock()
	defer p.queue.Unlock()
	if len(p.waiting) == 0 && len(p.elsewhere) > 0 {
		cell, p.elsewhere = p.elsewhere[0], p.elsewhere[1:]
		return cell, true, true
	}
	if len(p.waiting) == 0 {
		return "", false, false
	}
	mine, begun := p.at[number]
	taken := func(cell string) bool {
		for other, group := range p.at {
			if other != number && group == p.options.Group(cell) {
				return true
			}
		}
		return false
	}
	i := -1
	if begun {
		i = slices.IndexFunc(p.waiting, func(cell string) bool { return p.options.Group(cell) == mine })
	}
	if i < 0 {
		i = slices.IndexFunc(p.waiting, func(cell string) bool { return !taken(cell) })
	}
	i = max(i, 0)
	cell = p.waiting[i]
	p.waiting = slices.Delete(p.waiting, i, i+1)
	p.at[number] = p.options.Group(cell)
	return cell, false, true
}

// work feeds one worker after the other until the queue is empty.
func (p *pool) work(ctx context.Context, number, core int) {
	var w *worker
	defer func() {
		if w != nil {
			w.finish(p.options.Grace)
		}
	}()
	for ctx.Err() == nil {
		cell, asked, ok := p.next(number)
		if !ok {
			return
		}
		if asked {
			select {
			case <-ctx.Done():
				return
			case <-time.After(pause):
			}
		}
		if w == nil {
			var err error
			if w, err = startWorker(ctx, p.options.Command(number), core, p.options); err != nil {
				p.report(number, 0, Progress{Cell: cell, State: record.Failed, Reason: err.Error()})
				continue
			}
		}
		pid := w.command.Process.Pid
		begun, leaving := false, false
		err := w.run(cell, func(line Progress) {
			begun = true
			switch line.State {
			case Elsewhere:
				p.again(cell)
			case record.Cancelled: // somebody stops this worker alone
				leaving = true
			case record.Failed:
				if line.OutOfMemory {
					leaving = true // with what it still holds
					line = p.orAgain(cell, line)
				}
			}
			p.report(number, pid, line)
		})
		if err == nil {
			if leaving {
				w.finish(p.options.Grace)
				w = nil
			}
			continue
		}
		reason := err.Error()
		exit := w.finish(100 * time.Millisecond)
		if exit != nil && errors.Is(err, errEnded) {
			reason = exit.Error()
		}
		w = nil
		line := Progress{Cell: cell, State: record.Failed, Reason: reason}
		if ctx.Err() != nil {
			line.State, line.Reason = record.Cancelled, "interrupted"
		} else if !begun && errors.Is(err, errEnded) && p.putBack(cell) {
			p.report(number, pid, Progress{Cell: cell, State: record.Running, Note: reason + "; the cell had not begun and is handed to another"})
			continue
		} else if errors.Is(exit, errKilled) {
			line = p.orAgain(cell, line)
		}
		p.report(number, pid, line)
	}
}

// putBack puts a cell that its worker did not begin before all others, but only once.
func (p *pool) putBack(cell string) bool {
	p.queue.Lock()
	defer p.queue.Unlock()
	if p.returned[cell] {
		return false
	}
	p.returned[cell] = true
	p.waiting = slices.Insert(p.waiting, 0, cell)
	return true
}

// orAgain is the last line of a cell for which memory did not suffice, or a note in its place where
// Again wants the cell once more: it is put before all others.
func (p *pool) orAgain(cell string, last Progress) Progress {
	if p.options.Again == nil {
		return last
	}
	again, err := p.options.Again(cell)
	if err != nil {
		last.Reason = errors.Join(errors.New(last.Reason), err).Error()
	}
	if err != nil || !again {
		return last
	}
	p.queue.Lock()
	defer p.queue.Unlock()
	p.waiting = slices.Insert(p.waiting, 0, cell)
	return Progress{Cell: cell, State: record.Running, Note: last.Reason + "; the cell starts anew with its batches in parts"}
}

func (p *pool) report(number, pid int, line Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if line.State.Ended() && line.State != record.Done {
		p.failures = append(p.failures, &CellError{line.Cell, line.State, line.Reason, pid})
	}
	if p.options.OnProgress != nil {
		p.options.OnProgress(number, line)
	}
}
