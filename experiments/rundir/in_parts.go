package rundir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// InParts is the file of a cell that starts again with each batch computed in parts, since its
// worker was killed, as the system does when memory runs out.
type InParts struct {
	Accumulate int `json:"accumulate"`
	// Started says that what the killed worker left is gone.
	Started bool `json:"started"`
}

// RetryInParts lets a cell whose worker was killed start again with each batch computed in so many
// parts, as training.accumulate does for a whole suite. It is false where the cell did so already.
func RetryInParts(c Cell, parts int) (bool, error) {
	before, err := ReadInParts(c)
	if err != nil || before.Accumulate != 0 {
		return false, err
	}
	return true, WriteJSON(c.Parts(), InParts{Accumulate: parts})
}

// ReadInParts is the zero value for a cell that has no such file.
func ReadInParts(c Cell) (p InParts, err error) {
	err = ReadJSON(c.Parts(), &p)
	if errors.Is(err, fs.ErrNotExist) {
		return InParts{}, nil
	}
	return p, err
}

// StartInParts removes what the killed worker left, whose last digits would be others; the caller
// owns the cell.
func StartInParts(c Cell) error {
	p, err := ReadInParts(c)
	if err != nil || p.Accumulate == 0 || p.Started {
		return err
	}
	for _, path := range []string{c.Records(), c.Steps(), c.Timing(), c.PredictionsFolder(), c.Checkpoints()} {
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("start cell %s again: %w", c.ID, err)
		}
	}
	p.Started = true
	return WriteJSON(c.Parts(), p)
}
