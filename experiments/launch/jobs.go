package launch

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"secura/experiments/engine"
	"secura/experiments/record"
	"secura/experiments/rundir"
)

// handedJob is a line of slurm/jobs.jsonl: a job array that was handed to Slurm.
type handedJob struct {
	Job    string    `json:"job"`
	Shards int       `json:"shards"`
	Script string    `json:"script"`
	Handed time.Time `json:"handed"`
	// Cells is the number of those that were not finished then.
	Cells int `json:"cells"`
}

func jobsFile(run rundir.Run) string { return filepath.Join(run.Slurm(), "jobs.jsonl") }

// readJobs are the job arrays that were handed to Slurm for the run, the oldest first.
func readJobs(run rundir.Run) ([]handedJob, error) {
	jobs, _, err := record.Read[handedJob](jobsFile(run))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return jobs, err
}

// Queued are the elements of the run's job arrays that Slurm knows, by their ids.
func Queued(ctx context.Context, run rundir.Run) (map[string]engine.Element, []string, error) {
	jobs, err := readJobs(run)
	if err != nil || len(jobs) == 0 {
		return nil, nil, err
	}
	var numbers []string
	for _, job := range jobs {
		numbers = append(numbers, job.Job)
	}
	elements, err := engine.Queue(ctx, numbers)
	known := map[string]engine.Element{}
	for _, e := range elements {
		known[e.ID] = e
	}
	return known, numbers, err
}

// Await returns when no element of the job waits or runs.
func Await(ctx context.Context, job string) error {
	for {
		elements, err := engine.Queue(ctx, []string{job})
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(elements, engine.Element.Waiting) {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(3 * time.Second):
		}
	}
}
