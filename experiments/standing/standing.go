// Package standing says where a cell stands: queued, running, done, failed, diverged or cancelled,
// and why. In come the cell's files; out comes one answer for whoever asks, be it a run that looks
// for what is left to do, a report, status, watch or verify. Read Standing first.
//
// Three things tell of a cell, and each puts the one before right. status.json is what its process
// wrote last (Read). Whether that process is still there is asked of the system and of Slurm
// (Living). How the cell ended is what its records say, whatever the status (Recorded).
package standing

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"secura/experiments/machine"
	"secura/experiments/record"
	"secura/experiments/rundir"
)

// Standing is where a cell stands.
type Standing struct {
	State record.State
	// Reason says why the cell is neither done nor on its way.
	Reason string
	// Status is what the cell's process wrote: its host, job and times.
	Status record.Status

	cell rundir.Cell // whose lock a process that works on it has open
}

// String is the state with its reason, as in "diverged: loss is NaN".
func (s Standing) String() string {
	if s.Reason == "" {
		return string(s.State)
	}
	return fmt.Sprintf("%s: %s", s.State, s.Reason)
}

// Finished says whether nothing of the cell remains to be run: it is done or diverged.
func (s Standing) Finished() bool { return s.State.Finished() }

// Read is the standing by status.json alone: queued where there is none.
func Read(cell rundir.Cell) (Standing, error) {
	status := record.Status{State: record.Queued}
	if err := rundir.ReadJSON(cell.Status(), &status); err != nil && !errors.Is(err, os.ErrNotExist) {
		return Standing{}, err
	}
	return Standing{State: status.State, Reason: status.Reason, Status: status, cell: cell}, nil
}

// Job is what a scheduler knows of one of its jobs.
type Job struct {
	// State is the scheduler's word, such as COMPLETED.
	State string
	// Waiting says whether the job waits or runs.
	Waiting bool
}

// Jobs are what a scheduler said when it was asked for job arrays; nothing where it was not.
type Jobs struct {
	// Arrays are those that it was asked for. A cell of another job may run, known or not.
	Arrays []string
	// Known are their jobs that it knows, by their names.
	Known map[string]Job
}

// Living is the standing once a cell that says "running" was looked for: one whose process on this
// machine is gone, or whose job the scheduler does not know to wait or run, is cancelled.
func (s Standing) Living(jobs Jobs) Standing {
	if s.State != record.Running {
		return s
	}
	job, known := jobs.Known[s.Status.Job]
	array, _, _ := strings.Cut(s.Status.Job, "_")
	switch {
	case s.left():
		s.State, s.Reason = record.Cancelled, fmt.Sprintf("its process %d is gone; `run` goes on with it", s.Status.PID)
	case known && !job.Waiting:
		s.State, s.Reason = record.Cancelled, fmt.Sprintf("its element is %s in Slurm; `run` goes on with it", strings.ToLower(job.State))
	case !known && slices.Contains(jobs.Arrays, array):
		s.State, s.Reason = record.Cancelled, "Slurm has forgotten its element, which has ended; `run` goes on with it"
	}
	return s
}

// left says whether the process that wrote the status is known to work on the cell no more: it is
// this machine's, and it has ended or does not hold the cell's lock, so that another one has its
// number by now.
func (s Standing) left() bool {
	if host, _ := os.Hostname(); s.Status.Host != host {
		return false // numbers of another machine's processes
	}
	open, known := machine.HasOpen(s.Status.PID, s.cell.Lock())
	return machine.Gone(s.Status.PID) || known && !open
}

// Recorded is the standing by the records of a cell. end is what they end with, Done or
// CellDiverged, and empty where they do not end; reason is that of a divergence; begun says that
// there is a record at all.
func (s Standing) Recorded(end record.State, reason string, begun bool) Standing {
	switch {
	case end == record.CellDiverged:
		if reason == "" {
			reason = s.Reason
		}
		s.State, s.Reason = end, reason
	case end == record.Done:
		s.State, s.Reason = end, ""
	case s.State == record.Done:
		s.State, s.Reason = record.Failed, "its status is done, but its records do not end; run the suite again"
	case s.State == record.Queued && begun:
		s.State = record.Running
	}
	return s
}

// Ended says whether nothing of a cell remains to be run, and with what event its records end then:
// its status says so, its records and steps are those that its process sealed, and they end. Of any
// other cell something is left to do, by somebody and not by a program where there is an error: its
// records or steps were changed after it had ended.
func Ended(cell rundir.Cell) (end record.Event, ended bool, err error) {
	whole, err := rundir.SealHolds(cell)
	if err != nil || !whole {
		return record.Event{}, false, err
	}
	s, err := Read(cell)
	if err != nil || !s.Finished() {
		return record.Event{}, false, nil
	}
	last, err := record.Last[record.Event](cell.Records())
	if err != nil {
		return record.Event{}, false, nil
	}
	switch last.Kind {
	case record.CellEnd:
		ended = s.State == record.Done
	case record.Diverged:
		ended = s.State == record.CellDiverged
	}
	return last, ended, nil
}

// Settle writes the state of a cell whose process, this machine's of that number, died before it
// could. A status that another process wrote stays, for the cell is that one's, unless that was of
// this machine too and died without an end.
func Settle(cell rundir.Cell, pid int, state record.State, reason string) error {
	s, err := Read(cell)
	if err != nil {
		return err
	}
	host, _ := os.Hostname()
	its := s.Status.Host == host && (s.Status.PID == pid || s.State != record.Done && machine.Gone(s.Status.PID)) || s.State == record.Running && s.left()
	if s.State == state || s.State != record.Queued && !its {
		return nil
	}
	s.Status.State, s.Status.Reason, s.Status.Ended = state, reason, time.Now().UTC()
	return rundir.WriteJSON(cell.Status(), s.Status)
}
