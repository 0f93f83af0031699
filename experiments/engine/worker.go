package engine

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// errEnded is the error of a worker whose process went away within a cell.
var errEnded = errors.New("the worker ended before its cell did")

// errKilled is the error of a worker that SIGKILL ended.
var errKilled = errors.New("the worker was killed")

// worker is a running worker process.
type worker struct {
	command *exec.Cmd
	input   io.WriteCloser
	lines   *bufio.Scanner
	output  *os.File
	stderr  *tail
	cancel  context.CancelFunc
	stopped chan struct{} // closed when the watcher of ctx is gone
	exited  chan struct{} // closed when the process is gone and waited for
	waitErr error         // set before exited is closed
	grace   time.Duration
}

// startWorker starts a process on a core (-1: any). The process is stopped when ctx is done:
// SIGTERM, and after the grace time SIGKILL.
func startWorker(ctx context.Context, command *exec.Cmd, core int, o Options) (*worker, error) {
	w := &worker{command: command, stderr: &tail{limit: 8 << 10}, grace: o.Grace,
		stopped: make(chan struct{}), exited: make(chan struct{})}
	asWorker(command, o.Device)
	command.Stderr = w.stderr
	command.WaitDelay = time.Second // a grandchild may hold the standard error open
	input, err := command.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start worker: %w", err)
	}
	// Our own pipe: the process's Wait would close StdoutPipe under the reader.
	output, childEnd, err := os.Pipe()
	if err != nil {
		input.Close()
		return nil, fmt.Errorf("start worker: %w", err)
	}
	command.Stdout = childEnd
	w.input, w.output = input, output
	w.lines = bufio.NewScanner(output)
	w.lines.Buffer(nil, 1<<20)
	err = startOn(core, command, w.exited, &w.waitErr)
	childEnd.Close()
	if err != nil {
		input.Close()
		output.Close()
		return nil, fmt.Errorf("start worker %s: %w", command.Path, err)
	}
	watched, cancel := context.WithCancel(ctx)
	w.cancel = cancel
	go w.watch(watched, ctx)
	return w, nil
}

// watch stops the process when ctx is done; watched also ends with finish.
func (w *worker) watch(watched, ctx context.Context) {
	defer close(w.stopped)
	select {
	case <-watched.Done():
		if ctx.Err() != nil {
			w.stop()
		}
	case <-w.exited:
		// A process that it started may hold its output open: read what is there, and no longer.
		w.output.SetReadDeadline(time.Now().Add(time.Second))
	}
}

// stop asks the process to end, and kills it when it has not after the grace time.
func (w *worker) stop() { stop(w.command, w.exited, w.grace) }

// asWorker gives a process that is to be started a group of its own, and unless it computes on a
// device the environment of one that computes on one core.
func asWorker(command *exec.Cmd, device bool) {
	if command.Env == nil {
		command.Env = os.Environ()
	}
	if !device {
		command.Env = workerEnvironment(command.Env)
	}
	setGroup(command)
}

// stop asks a process to end, and kills it when it has not after the grace time; exited is closed
// when it is gone.
func stop(command *exec.Cmd, exited <-chan struct{}, grace time.Duration) {
	select {
	case <-exited:
		return
	default:
		terminate(command)
	}
	select {
	case <-exited:
	case <-time.After(grace):
		killGroup(command)
		<-exited
	}
}

// run hands one cell to the process and passes its progress on until the cell's last line. An error
// means that the process is of no more use.
func (w *worker) run(cell string, progress func(Progress)) error {
	if _, err := io.WriteString(w.input, cell+"\n"); err != nil {
		return fmt.Errorf("hand out cell (%v): %w", err, errEnded)
	}
	for w.lines.Scan() {
		var p Progress
		if err := json.Unmarshal(w.lines.Bytes(), &p); err != nil {
			return fmt.Errorf("the worker wrote %q, which is no progress line", w.lines.Text())
		}
		if p.Cell != cell {
			return fmt.Errorf("the worker tells of cell %q, was handed %q", p.Cell, cell)
		}
		progress(p)
		if p.State.Ended() || p.State == Elsewhere {
			return nil
		}
	}
	if err := w.lines.Err(); err != nil {
		return fmt.Errorf("read the worker's progress: %w", err)
	}
	return errEnded
}

// finish lets the process end (its input ends), stops it if it does not within patience, and
// returns how it went, nil if well.
func (w *worker) finish(patience time.Duration) error {
	w.input.Close()
	go io.Copy(io.Discard, w.output) // it must not block on a last line
	select {
	case <-w.exited:
	case <-time.After(patience):
		w.stop()
	}
	w.cancel()
	<-w.stopped
	w.output.Close()
	if w.waitErr == nil {
		return nil
	}
	ended := fmt.Errorf("the worker ended: %w", w.waitErr)
	if w.command.ProcessState.String() == "signal: killed" {
		ended = fmt.Errorf("%w (%w), as the system does when memory runs out; fewer -jobs, or a smaller training.batch or "+
			"evaluation.batch in a run of its own, take less", errKilled, w.waitErr)
	}
	if text := w.stderr.String(); text != "" {
		return fmt.Errorf("%w; its last words:\n%s", ended, text)
	}
	return ended
}

// tail keeps the last bytes written to it.
type tail struct {
	mu    sync.Mutex
	limit int
	bytes []byte
	cut   bool
}

// Write keeps the end of what was written.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bytes = append(t.bytes, p...)
	if n := len(t.bytes) - t.limit; n > 0 {
		t.bytes = append(t.bytes[:0], t.bytes[n:]...)
		t.cut = true
	}
	return len(p), nil
}

// String returns what was kept, marked where the beginning is missing.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := strings.TrimSpace(string(t.bytes))
	if t.cut {
		text = "…" + text
	}
	return text
}
