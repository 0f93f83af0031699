package launch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"secura/experiments/engine"
	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/standing"
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

// Queue is what Slurm knows of the job arrays of a run.
type Queue struct {
	// Arrays are the numbers of those that were handed to it; none where it did not answer.
	Arrays []string
	// Elements are those that it knows, by their ids.
	Elements map[string]engine.Element
}

// Waiting is how many elements wait or run.
func (q Queue) Waiting() (n int) {
	for _, e := range q.Elements {
		if e.Waiting() {
			n++
		}
	}
	return n
}

// Jobs are what tells of cells that say they run.
func (q Queue) Jobs() standing.Jobs {
	jobs := standing.Jobs{Arrays: q.Arrays, Known: map[string]standing.Job{}}
	for id, e := range q.Elements {
		jobs.Known[id] = standing.Job{State: e.State, Waiting: e.Waiting()}
	}
	return jobs
}

// Queued asks Slurm for the run's job arrays. Of a run without any it asks nothing.
func Queued(ctx context.Context, run rundir.Run) (Queue, error) {
	jobs, err := readJobs(run)
	if err != nil || len(jobs) == 0 {
		return Queue{}, err
	}
	q := Queue{Elements: map[string]engine.Element{}}
	for _, job := range jobs {
		q.Arrays = append(q.Arrays, job.Job)
	}
	elements, err := engine.Queue(ctx, q.Arrays)
	if err != nil {
		return Queue{}, err
	}
	for _, e := range elements {
		q.Elements[e.ID] = e
	}
	return q, nil
}

// Await returns when no element of the job waits or runs. Where Slurm does not answer, as while its
// controller starts again, log gets a warning and Slurm is asked again, for half an hour.
func Await(ctx context.Context, job string, log io.Writer) error {
	return await(ctx, log, func() ([]engine.Element, error) { return engine.Queue(ctx, []string{job}) })
}

// patience is how long Slurm may leave the questions of Await unanswered.
const patience = 30 * time.Minute

// await is Await of what ask tells.
func await(ctx context.Context, log io.Writer, ask func() ([]engine.Element, error)) error {
	answered, failing := time.Now(), false
	for {
		elements, err := ask()
		pause := 3 * time.Second
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil && time.Since(answered) >= patience:
			return fmt.Errorf("wait for the job, which may go on: Slurm has told nothing of it for %s: %w", patience, err)
		case err != nil && !failing:
			fmt.Fprintf(log, "warning: Slurm does not tell of the job, and is asked again: %v\n", err)
		case err == nil && !slices.ContainsFunc(elements, engine.Element.Waiting):
			return nil
		case err == nil:
			answered = time.Now()
		}
		if failing = err != nil; failing {
			pause = askEvery
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}
