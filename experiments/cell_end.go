package experiments

import (
	"context"
	"errors"
	"fmt"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/standing"
)

// DivergedError ends a cell whose numbers are not finite any more.
type DivergedError struct {
	Task   string
	Step   int
	Reason string
}

func (e *DivergedError) Error() string {
	return fmt.Sprintf("%s in task %s at step %d", e.Reason, e.Task, e.Step)
}

// EndState is the state, with its reason, of a cell that ended with an error; nil is done.
func EndState(ctx context.Context, err error) (record.State, string) {
	var diverged *DivergedError
	switch {
	case err == nil:
		return record.Done, ""
	case errors.As(err, &diverged):
		return record.CellDiverged, err.Error()
	case ctx.Err() != nil:
		return record.Cancelled, "interrupted"
	}
	return record.Failed, err.Error()
}

// Ended says whether nothing of a cell remains to be run: it is done, with complete records, or
// diverged, and then the error is its *DivergedError.
func Ended(cell rundir.Cell) (bool, error) {
	end, ended := standing.Ended(cell)
	if ended && end.Kind == record.Diverged {
		return true, &DivergedError{end.Task, end.Step, end.Reason}
	}
	return ended, nil
}
