package launch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"secura/experiments/machine"
	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/standing"
	"secura/experiments/suite"
)

// Follower reads again and again what the processes of a run have written. It writes nothing and
// takes no lock.
type Follower struct {
	Run   rundir.Run
	Suite suite.Suite
	Cells []*FollowedCell
	// Unasked is why Slurm did not tell of the run's jobs when it was asked last: what it said
	// before counts. It is nil where Slurm told, and for a run without jobs.
	Unasked error

	plan  string // of the manifest that the cells are from
	queue Queue
	asked time.Time
}

// askEvery is the time between two questions to Slurm, whose controller serves everybody.
const askEvery = 10 * time.Second

// FollowedCell is what is known of a cell.
type FollowedCell struct {
	suite.Cell
	Folder rundir.Cell
	State  record.State
	Reason string
	// Steps are the newest ones, Lesson is how many the task has that they are of.
	Steps  []record.Step
	Lesson int
	// started is when its process began, where it runs.
	started time.Time
	// rows are the boundaries by their index; those not measured are nil.
	rows []*record.Event
	// seconds are those of the phases that have ended.
	seconds float64
}

// Follow finds the cells of a run.
func Follow(run rundir.Run) (*Follower, error) {
	f := &Follower{Run: run}
	err := f.find()
	if err != nil {
		return nil, fmt.Errorf("watch %s: %w", run.Path, err)
	}
	return f, nil
}

// find reads the manifest, to which a tuning adds with each round. Of the cells that were there
// before, what is known stays.
func (f *Follower) find() error {
	manifest, err := rundir.ReadManifest(f.Run)
	if err != nil || f.Cells != nil && manifest.Plan == f.plan {
		return err
	}
	s, cells, err := planned(f.Run, manifest)
	if err != nil {
		return err
	}
	known := map[string]*FollowedCell{}
	for _, c := range f.Cells {
		known[c.ID] = c
	}
	f.Suite, f.plan, f.Cells = s, manifest.Plan, nil
	for _, c := range cells {
		cell := &FollowedCell{Folder: f.Run.Cell(c.ID), State: record.Queued}
		if before, ok := known[c.ID]; ok {
			cell = before
		}
		cell.Cell = c
		f.Cells = append(f.Cells, cell)
	}
	return nil
}

// Update reads which cells the run has, what Slurm says of its jobs, and the newest state of every
// cell that can still change.
func (f *Follower) Update(ctx context.Context) error {
	if err := f.find(); err != nil {
		return err
	}
	// What would be over may have been handed to Slurm since it was asked.
	if f.Over() || time.Since(f.asked) >= askEvery {
		queue, err := Queued(ctx, f.Run)
		if f.Unasked = err; err == nil {
			f.queue = queue
		}
		f.asked = time.Now()
	}
	jobs := f.queue.Jobs()
	for _, c := range f.Cells {
		if c.State == record.Done {
			continue
		}
		if err := c.Update(jobs); err != nil {
			return fmt.Errorf("watch cell %s: %w", c.ID, err)
		}
	}
	return nil
}

// Update reads the newest state of the cell. jobs are what a scheduler said of the run's.
func (c *FollowedCell) Update(jobs standing.Jobs) error {
	// The state is read first: where it says done, the records are complete.
	at, err := standing.Read(c.Folder)
	if err != nil {
		return err
	}
	at = at.Living(jobs)
	c.State, c.Reason, c.started = at.State, at.Reason, at.Status.Started
	if c.State == record.Queued {
		return nil
	}
	events, _, err := record.ReadEvents(c.Folder.Records())
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	c.rows, c.Lesson = make([]*record.Event, len(c.Tasks)+1), 0
	for i, e := range events {
		switch {
		case e.Kind == record.TaskStart:
			c.Lesson = e.Steps
		case e.Kind == record.Boundary && e.Index < len(c.rows):
			c.rows[e.Index] = &events[i]
		}
	}
	c.Steps, err = record.Tail[record.Step](c.Folder.Steps(), newestBytes)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	timings, _, err := record.Read[record.Timing](c.Folder.Timing())
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	c.seconds = 0
	for _, t := range timings {
		if t.Phase != record.Total {
			c.seconds += t.Seconds
		}
	}
	return nil
}

// newestBytes is how much of the end of a file of steps is read: a few hundred lines, however long
// the stream is.
const newestBytes = 64 << 10

// Learned is the index of the newest boundary, −1 before the base row.
func (c *FollowedCell) Learned() int {
	for i := len(c.rows) - 1; i >= 0; i-- {
		if c.rows[i] != nil {
			return i
		}
	}
	return -1
}

// Step is the newest step; ok is false where none was made since the newest boundary.
func (c *FollowedCell) Step() (s record.Step, ok bool) {
	if len(c.Steps) == 0 {
		return s, false
	}
	s = c.Steps[len(c.Steps)-1]
	return s, s.Index > c.Learned()
}

// Share is how much of the cell is done, from 0 to 1, by its steps.
func (c *FollowedCell) Share() float64 {
	if c.State.Ended() {
		return 1
	}
	n := float64(len(c.Tasks))
	done := max(0, float64(c.Learned())) / n
	if s, ok := c.Step(); ok && c.Lesson > 0 {
		// A lesson of all tasks at once has the index of the last one.
		lessons := float64(s.Index - max(0, c.Learned()))
		done += lessons / n * float64(s.Step) / float64(c.Lesson)
	}
	return min(done, 1)
}

// Accuracy is the mean score on the tasks learned so far; ok is false where not all of them were
// measured.
func (c *FollowedCell) Accuracy() (mean float64, ok bool) {
	i := c.Learned()
	if i < 1 || len(c.rows[i].Scores) < i {
		return 0, false
	}
	for _, task := range c.rows[i].Scores[:i] {
		mean += task.Scores[0].Value / float64(i)
	}
	return mean, len(c.rows[i].Scores) == len(c.Tasks)
}

// Retention is K[i]/K[0] at the newest boundary; ok is false where one of them was not measured.
func (c *FollowedCell) Retention() (share float64, ok bool) {
	i := c.Learned()
	if i < 1 || c.rows[0] == nil || c.rows[0].Knowledge == nil || c.rows[i].Knowledge == nil || *c.rows[0].Knowledge == 0 {
		return 0, false
	}
	return *c.rows[i].Knowledge / *c.rows[0].Knowledge, true
}

// Count is how many cells are in one of these states.
func (f *Follower) Count(states ...record.State) (n int) {
	for _, c := range f.Cells {
		if slices.Contains(states, c.State) {
			n++
		}
	}
	return n
}

// Over says whether nothing of the run goes on: nothing of it waits or runs in Slurm, no process of
// this machine is driving it, and all cells are done or none runs. Another machine's process cannot
// be asked, so that its run is over when its cells have ended.
func (f *Follower) Over() bool {
	here, alive, drives := driver(f.Run)
	switch {
	case f.queue.Waiting() > 0:
		return false
	case f.Count(record.Done) == len(f.Cells):
		return !drives // of a tuning there may be another round
	case here && alive || f.Count(record.Running) > 0:
		return false
	}
	return here || f.Count(record.Queued) == 0
}

// driver says whether the process that drove the run last is one of this machine, whether it may
// be alive, and whether it surely drives the run still: another may have its number by now, and not
// every system tells. A run without a lock has none: it was copied.
func driver(run rundir.Run) (here, alive, drives bool) {
	host, pid := rundir.LockedBy(run.Lock())
	if pid == 0 {
		return true, false, false
	}
	mine, _ := os.Hostname()
	open, known := machine.HasOpen(pid, run.Lock())
	return host == mine, !machine.Gone(pid) && (open || !known), host == mine && open
}

// Remaining estimates the time that is left: what is open of each cell takes as long as the done
// cells of its method and backbone took, else as all done ones, else as the running ones promise;
// as many run at a time as now. ok is false while there is too little to tell.
func (f *Follower) Remaining(now time.Time) (left time.Duration, ok bool) {
	sums, counts := map[string]float64{}, map[string]float64{}
	kind := func(c *FollowedCell) string { return c.Method.Name + " on " + c.Backbone }
	add := func(c *FollowedCell, seconds float64) {
		for _, key := range []string{kind(c), ""} {
			sums[key], counts[key] = sums[key]+seconds, counts[key]+1
		}
	}
	for _, c := range f.Cells {
		if c.State == record.Done && c.seconds > 0 {
			add(c, c.seconds)
		}
	}
	if counts[""] == 0 {
		for _, c := range f.Cells {
			if share := c.Share(); c.State == record.Running && share > 0.02 {
				add(c, max(c.seconds, now.Sub(c.started).Seconds())/share)
			}
		}
	}
	if counts[""] == 0 {
		return 0, false
	}
	open := 0.0
	for _, c := range f.Cells {
		key := kind(c)
		if counts[key] == 0 {
			key = ""
		}
		open += (1 - c.Share()) * sums[key] / counts[key]
	}
	seconds := open / float64(max(1, f.Count(record.Running)))
	return time.Duration(seconds * float64(time.Second)).Round(time.Second), true
}
