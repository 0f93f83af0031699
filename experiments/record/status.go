package record

import (
	"fmt"
	"time"
)

// State is where a cell stands.
type State string

// The states of a cell.
const (
	Queued       State = "queued"
	Running      State = "running"
	Done         State = "done"
	Failed       State = "failed"
	CellDiverged State = "diverged" // a non-finite loss ended it; never averaged away
	Cancelled    State = "cancelled"
)

// Finished says whether nothing remains to be run: done or diverged. A failed or cancelled cell is
// run again by the same command.
func (s State) Finished() bool { return s == Done || s == CellDiverged }

// Ended says whether a process has brought a cell to an end in this state, good or bad.
func (s State) Ended() bool {
	return s == Done || s == Failed || s == CellDiverged || s == Cancelled
}

// Status is the content of status.json. It may hold clocks and hosts; records may not.
type Status struct {
	State  State  `json:"state"`
	Reason string `json:"reason,omitempty"`
	Host   string `json:"host,omitempty"`
	PID    int    `json:"pid,omitempty"`
	// Attempt counts the processes that have owned the cell.
	Attempt int `json:"attempt,omitempty"`
	// Processors are those that computed the cell, in turn: several where it went on from a
	// checkpoint elsewhere.
	Processors []string `json:"processors,omitempty"`
	// Settings are those of the cell's method: its preset, its learning_rate, and every parameter
	// by its name in a suite. A cell from before they were kept has none.
	Settings map[string]any `json:"settings,omitempty"`
	// Job is the scheduler's name of the last one's, such as "123_4".
	Job     string    `json:"job,omitempty"`
	Started time.Time `json:"started,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`
}

// Validate says whether the state is a known one.
func (s Status) Validate() error {
	switch s.State {
	case Queued, Running, Done, Failed, CellDiverged, Cancelled:
		return nil
	}
	return fmt.Errorf("unknown state %q", s.State)
}

// Phase names what a Timing measures.
type Phase string

// The phases of a cell.
const (
	Compile Phase = "compile"
	Train   Phase = "train"
	Eval    Phase = "eval"
	Data    Phase = "data"
	Total   Phase = "total"
)

// Timing is one line of timing.jsonl, the only file of a cell that may differ between two equal
// runs.
type Timing struct {
	Phase   Phase   `json:"phase"`
	Index   int     `json:"index"` // the task's 1-based position; 0 for the base row or the whole cell
	Seconds float64 `json:"seconds"`
	Tokens  int64   `json:"tokens,omitempty"`
	// PeakRSSBytes is the largest resident memory of the process so far.
	PeakRSSBytes int64 `json:"peak_rss_bytes,omitempty"`
	// ProcessorSeconds are those of processor time, all threads together; 0 where the system does
	// not tell.
	ProcessorSeconds float64 `json:"processor_seconds,omitempty"`
	// FLOP, of training, are the floating-point operations of the whole task's forward and backward
	// passes, those of its end included, such as EWC's Fisher information: counted and not
	// measured, a backward pass as two forward passes.
	FLOP float64 `json:"flop,omitempty"`
	// ExecuteSeconds, of the whole cell, are those spent in compiled graphs.
	ExecuteSeconds float64 `json:"execute_seconds,omitempty"`
}

// Validate says whether the phase is a known one.
func (t Timing) Validate() error {
	switch t.Phase {
	case Compile, Train, Eval, Data, Total:
		return nil
	}
	return fmt.Errorf("unknown phase %q", t.Phase)
}
