package experiments

import (
	"fmt"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
)

// Ended says whether nothing of a cell remains to be run: it is done, with complete records, or diverged, and then the
// error is its *DivergedError.
func Ended(folder rundir.Cell) (bool, error) {
	var status record.Status
	if err := rundir.ReadJSON(folder.Status(), &status); err != nil || !status.Finished() {
		return false, nil
	}
	if !rundir.SealHolds(folder, folder.Records()) {
		return false, nil // the cell goes on from the last checkpoint that its records reach
	}
	last, err := record.Last[record.Event](folder.Records())
	switch {
	case err != nil:
		return false, nil
	case status.State == record.CellDiverged && last.Kind == record.Diverged:
		return true, &DivergedError{last.Task, last.Step, last.Reason}
	}
	return status.State == record.Done && last.Kind == record.CellEnd, nil
}

// Unfinished are the ids of the cells that must run, in their order, and the errors of those that diverged.
func Unfinished(run rundir.Run, cells []suite.Cell) (missing []string, diverged []error) {
	for _, c := range cells {
		ended, err := Ended(run.Cell(c.ID))
		if err != nil {
			diverged = append(diverged, fmt.Errorf("cell %s diverged: %w", c.ID, err))
		}
		if !ended {
			missing = append(missing, c.ID)
		}
	}
	return missing, diverged
}
