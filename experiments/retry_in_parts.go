package experiments

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"secura/experiments/rundir"
)

// inParts is the file of a cell that starts again with each batch computed in parts, since its
// worker was killed, as the system does when memory runs out.
type inParts struct {
	Accumulate int `json:"accumulate"`
	// Started says that what the killed worker left is gone.
	Started bool `json:"started"`
}

// RetryInParts lets a cell whose worker was killed start again with each batch computed in so many
// parts, as training.accumulate does for a whole suite. It is false where the cell did so already.
func RetryInParts(folder rundir.Cell, parts int) (bool, error) {
	before, err := readInParts(folder)
	if err != nil || before.Accumulate != 0 {
		return false, err
	}
	return true, rundir.WriteJSON(folder.Parts(), inParts{Accumulate: parts})
}

// readInParts is the zero value for a cell that has no such file.
func readInParts(folder rundir.Cell) (p inParts, err error) {
	err = rundir.ReadJSON(folder.Parts(), &p)
	if errors.Is(err, fs.ErrNotExist) {
		return inParts{}, nil
	}
	return p, err
}

// startInParts removes what the killed worker left, whose last digits would be others; the caller
// owns the cell.
func startInParts(folder rundir.Cell) error {
	p, err := readInParts(folder)
	if err != nil || p.Accumulate == 0 || p.Started {
		return err
	}
	for _, path := range []string{folder.Records(), folder.Steps(), folder.Timing(), folder.Summary(), filepath.Dir(folder.Predictions(0)), folder.Checkpoints()} {
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("start cell %s again: %w", folder.ID, err)
		}
	}
	p.Started = true
	return rundir.WriteJSON(folder.Parts(), p)
}
