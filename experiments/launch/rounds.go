package launch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"secura/experiments/rundir"
)

// ElementRounds is how often an element of a job array reached its time limit. Its batch script
// counts.
type ElementRounds struct {
	// Element is "JOB_INDEX".
	Element string
	// All counts the rounds that ended by the limit; Idle the last ones in a row that left no newer
	// checkpoint.
	All, Idle int
}

// String is a sentence for status.
func (r ElementRounds) String() string {
	text := fmt.Sprintf("element %s reached its time limit %d times", r.Element, r.All)
	if r.Idle > 0 {
		text += fmt.Sprintf(", the last %d without a newer checkpoint: give it more time (slurm.time)", r.Idle)
	}
	return text
}

func roundsFolder(run rundir.Run) string { return filepath.Join(run.Slurm(), "rounds") }

// Rounds are those of the elements of the newest job array that reached their limit, in the order
// of their names.
func Rounds(run rundir.Run) ([]ElementRounds, error) {
	jobs, err := readJobs(run)
	if err != nil || len(jobs) == 0 {
		return nil, err
	}
	files, err := os.ReadDir(roundsFolder(run))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var rounds []ElementRounds
	for _, file := range files {
		if !strings.HasPrefix(file.Name(), jobs[len(jobs)-1].Job+"_") || strings.Contains(file.Name(), ".") {
			continue
		}
		path := filepath.Join(roundsFolder(run), file.Name())
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		r := ElementRounds{Element: file.Name()}
		if _, err := fmt.Sscan(string(data), &r.All, &r.Idle); err != nil {
			return nil, fmt.Errorf("%s is %q, expected two numbers of rounds", path, data)
		}
		rounds = append(rounds, r)
	}
	return rounds, nil
}
