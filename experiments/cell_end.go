package experiments

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/standing"
	"secura/experiments/suite"
	"secura/methods"
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

// divergedAt is an error after a step of a lesson, a *DivergedError where a number is not finite.
func divergedAt(l lesson, step int, err error) error {
	if errors.Is(err, methods.ErrNotFinite) {
		return &DivergedError{l.name, step, err.Error()}
	}
	return err
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
	if OutOfMemory(err) {
		return record.Failed, err.Error() + "; training.accumulate, training.checkpoint, a smaller evaluation.batch and fewer -jobs take less memory"
	}
	return record.Failed, err.Error()
}

// OutOfMemory says whether an error is the backend's that memory ran out, of a GPU most often.
func OutOfMemory(err error) bool {
	return err != nil && (strings.Contains(err.Error(), "RESOURCE_EXHAUSTED") || strings.Contains(err.Error(), "Out of memory"))
}

// Ended says whether nothing of a cell remains to be run: it is done, with complete records, or
// diverged, and then the error is its *DivergedError. Of a cell that has not ended the error says
// that its records or steps were changed after it had, and what to do.
func Ended(cell rundir.Cell) (bool, error) {
	end, ended, err := standing.Ended(cell)
	if ended && end.Kind == record.Diverged {
		return true, &DivergedError{end.Task, end.Step, end.Reason}
	}
	return ended, err
}

// OtherSettings says which setting of its method, other than the suite's now, a cell was computed
// with: by its status, which names them, or else, as older ones do not, by the learning rates of
// its steps. It is empty where all are the same, and of a cell that starts anew whatever its files
// say, as it is not finished and has no checkpoint.
func OtherSettings(s suite.Suite, cell suite.Cell, folder rundir.Cell) (string, error) {
	if _, ended, _ := standing.Ended(folder); !ended && !hasCheckpoints(folder) {
		return "", nil
	}
	at, err := standing.Read(folder)
	if err != nil {
		return "", err
	}
	if at.Status.Settings != nil {
		now, err := settingsOf(s, cell.Method)
		if err != nil {
			return "", err
		}
		return suite.OtherSetting(at.Status.Settings, now), nil
	}
	other, rate := "", otherRate(s, cell)
	// A line that cannot be read is for those to tell who read all: resume, verify, a report.
	_ = record.Scan(folder.Steps(), func(step record.Step) bool {
		other = rate(step)
		return other == ""
	})
	return other, nil
}

// otherRate says of a step of a cell if it has another learning rate than the suite gives it.
func otherRate(s suite.Suite, cell suite.Cell) func(record.Step) string {
	method, _ := methods.Find(cell.Method.Preset)
	schedule := scheduleOf(s.Training, s.MethodRate(cell.Method, method.LearningRate), lessonSteps(method, s, cell))
	return func(step record.Step) string {
		planned := schedule.Rate(step.Step - 1)
		if math.Abs(step.LearningRate-planned) <= sameRate*planned {
			return ""
		}
		return fmt.Sprintf("the learning rate of step %d of task %s was %g, is %g", step.Step, step.Task, step.LearningRate, planned)
	}
}

// sameRate is how far a step's learning rate may be from the planned one, as a share of it:
// processors differ in the last bits of a cosine.
const sameRate = 1e-9
