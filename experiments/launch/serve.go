package launch

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"secura/experiments"
	"secura/experiments/engine"
	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/standing"
	"secura/experiments/suite"
	"secura/spelling"
)

// UnknownCellError names a cell that a run does not have.
type UnknownCellError struct{ message string }

func (e *UnknownCellError) Error() string { return e.message }

// Serve runs the cells whose ids come on stdin, a line each, until it ends. Each cell ends with one
// progress line on stdout that tells how; a cell that failed or diverged does not end the worker.
func Serve(ctx context.Context, w *experiments.Worker, cells []suite.Cell, stdin io.Reader, stdout io.Writer) error {
	out := json.NewEncoder(stdout)
	lines := readLines(stdin)
	for {
		var line inputLine
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case line = <-lines:
		}
		if ctx.Err() != nil { // both were ready: the cell is another worker's
			return context.Cause(ctx)
		}
		if line.err == io.EOF {
			return nil
		}
		if line.err != nil {
			return fmt.Errorf("read cell ids: %w", line.err)
		}
		cell, ok := suite.FindCell(cells, line.text)
		if !ok {
			var ids []string
			for _, c := range cells {
				ids = append(ids, c.ID)
			}
			return &UnknownCellError{spelling.Unknown("cell", line.text, ids)}
		}
		if err := serveCell(ctx, w, cell, out); err != nil {
			return fmt.Errorf("write progress of cell %s: %w", cell.ID, err)
		}
	}
}

// serveCell runs a cell; the error is that of its progress lines.
func serveCell(ctx context.Context, w *experiments.Worker, cell suite.Cell, out *json.Encoder) error {
	last := engine.Progress{Cell: cell.ID, Method: cell.Method.Name, Tasks: len(cell.Tasks), State: record.Running}
	written := out.Encode(last)
	cellErr := w.RunCell(ctx, cell, func(p engine.Progress) {
		if p.State.Ended() { // how the cell ends is told once, below
			return
		}
		p.Cell = cell.ID
		if p.Note != "" {
			written = errors.Join(written, out.Encode(p))
			return
		}
		if math.IsNaN(p.Loss) || math.IsInf(p.Loss, 0) {
			p.Loss = 0 // JSON has no such number; the last line gives the reason
		}
		last = p
		written = errors.Join(written, out.Encode(p))
	})
	return errors.Join(written, out.Encode(lastLine(ctx, last, cellErr)))
}

// lastLine is the last line of a cell, made from the one before.
func lastLine(ctx context.Context, p engine.Progress, err error) engine.Progress {
	if errors.Is(err, rundir.ErrLocked) || errors.Is(err, rundir.ErrClaimLost) {
		p.State, p.Reason = engine.Elsewhere, err.Error()
		return p
	}
	p.State, p.Reason = experiments.EndState(ctx, err)
	p.OutOfMemory = p.State == record.Failed && experiments.OutOfMemory(err)
	return p
}

// InterruptedError says which cell goes on from its checkpoint.
type InterruptedError struct{ Cell string }

func (e *InterruptedError) Error() string {
	return fmt.Sprintf("cell %s goes on from its checkpoint", e.Cell)
}

// cellRunner is a Worker, as far as ServeShard needs one.
type cellRunner interface {
	RunCell(ctx context.Context, cell suite.Cell, progress func(engine.Progress)) error
}

// ServeShard runs the cells that nobody else has, in their order, the first own of which are this
// element's part of the job array. Those that others had are asked for once more at the end: one of
// them may be what a dead process left, such as this element on another node. A cell of another
// part that failed in this array is left alone, for it would fail in each element. follow begins to
// tell of a cell. The error joins those of cells that did not end well; it is an *InterruptedError
// where ctx ended one.
func ServeShard(ctx context.Context, w cellRunner, run rundir.Run, cells []suite.Cell, own int, follow func() (tell func(engine.Progress))) error {
	var failures []error
	mine := map[string]bool{}
	for _, cell := range cells[:own] {
		mine[cell.ID] = true
	}
	for range 2 {
		var elsewhere []suite.Cell
		for _, cell := range cells {
			folder := run.Cell(cell.ID)
			if ended, _ := experiments.Ended(folder); ended || !mine[cell.ID] && failedInArray(folder) {
				continue
			}
			tell := follow()
			err := w.RunCell(ctx, cell, func(p engine.Progress) {
				p.Cell = cell.ID
				tell(p)
			})
			if ctx.Err() != nil {
				return &InterruptedError{cell.ID}
			}
			last := lastLine(ctx, engine.Progress{Cell: cell.ID}, err)
			tell(last)
			switch {
			case last.State == engine.Elsewhere:
				elsewhere = append(elsewhere, cell)
			case last.State.Ended() && err != nil:
				failures = append(failures, err)
			}
		}
		cells = elsewhere
	}
	return errors.Join(failures...)
}

// failedInArray says whether a cell failed in an element of the job array that this process is of.
func failedInArray(cell rundir.Cell) bool {
	at, err := standing.Read(cell)
	array, _, element := strings.Cut(at.Status.Job, "_")
	return err == nil && at.State == record.Failed && element && array == os.Getenv("SLURM_ARRAY_JOB_ID")
}

type inputLine struct {
	text string
	err  error
}

// readLines hands out lines, and io.EOF after the last one.
func readLines(r io.Reader) <-chan inputLine {
	lines := make(chan inputLine)
	go func() {
		scanner := bufio.NewScanner(r)
		for scanner.Scan() {
			lines <- inputLine{text: scanner.Text()}
		}
		err := scanner.Err()
		if err == nil {
			err = io.EOF
		}
		lines <- inputLine{err: err}
	}()
	return lines
}
