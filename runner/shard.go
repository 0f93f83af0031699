package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"secura/experiments"
	"secura/experiments/engine"
	"secura/experiments/rundir"
	"secura/experiments/suite"
)

// runShard runs the cells that nobody else has, in their order, once each, and tells of each task and cell. The error
// joins those of cells that did not end well.
func runShard(ctx context.Context, w *experiments.Worker, run rundir.Run, cells []suite.Cell, stdout io.Writer) error {
	var failures []error
	for _, cell := range cells {
		if ended, _ := experiments.Ended(run.Cell(cell.ID)); ended {
			continue
		}
		view := &lines{w: stdout, tracker: newTracker(1, now), elsewhere: map[string]bool{}}
		err := w.RunCell(ctx, cell, func(p engine.Progress) {
			p.Cell = cell.ID
			view.update(0, p)
		})
		if ctx.Err() != nil {
			return &interruptedError{fmt.Sprintf("cell %s goes on from its checkpoint", cell.ID)}
		}
		last := ended(ctx, engine.Progress{Cell: cell.ID}, err)
		view.update(0, last)
		if last.Ended() && err != nil {
			failures = append(failures, err)
		}
	}
	return errors.Join(failures...)
}
