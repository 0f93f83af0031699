package experiments

import (
	"embed"
	"fmt"
	"math"
	"slices"

	"secura/experiments/machine"
	"secura/experiments/record"
	"secura/experiments/rundir"
)

//go:embed bench/torch_job.py
var torchJob embed.FS

// TorchJob is the program that does a job that WriteJob wrote with torch, transformers and peft.
func TorchJob() ([]byte, error) { return torchJob.ReadFile("bench/torch_job.py") }

// CellTimes are a cell's seconds, and more that timing.jsonl tells.
type CellTimes struct {
	// Compile, Train and Evaluate are apart from each other and parts of Total.
	Compile, Train, Evaluate, Total machine.Spent
	// Execute are the seconds of training and evaluation in compiled graphs.
	Execute float64
	// EvaluatedTokens are those computed, padding included.
	EvaluatedTokens int64
	PeakBytes       int64
}

// Harness is the share of the time that is neither compiling nor in compiled graphs.
func (t CellTimes) Harness() float64 { return 1 - (t.Compile.Seconds+t.Execute)/t.Total.Seconds }

// Idle is the share of the time in which a process of one core did not compute.
func (t CellTimes) Idle() float64 { return max(0, 1-t.Total.Processor/t.Total.Seconds) }

// ReadCellTimes adds up what a cell's last attempt wrote.
func ReadCellTimes(cell rundir.Cell) (CellTimes, error) {
	lines, _, err := record.Read[record.Timing](cell.Timing())
	if err != nil {
		return CellTimes{}, err
	}
	var t CellTimes
	for _, l := range lines {
		spent := machine.Spent{Seconds: l.Seconds, Processor: l.ProcessorSeconds}
		t.PeakBytes = max(t.PeakBytes, l.PeakRSSBytes)
		switch l.Phase {
		case record.Compile:
			t.Compile = t.Compile.Plus(spent)
		case record.Train:
			t.Train = t.Train.Plus(spent)
		case record.Eval:
			t.Evaluate = t.Evaluate.Plus(spent)
			t.EvaluatedTokens += l.Tokens
		case record.Total:
			t.Total = t.Total.Plus(spent)
			t.Execute += l.ExecuteSeconds
		}
	}
	if t.Total.Seconds == 0 {
		return CellTimes{}, fmt.Errorf("read times of cell %s: it did not end", cell.ID)
	}
	return t, nil
}

// LossDifference is the largest relative difference between the losses of the first task's steps
// that a cell recorded and those of another program.
func LossDifference(cell rundir.Cell, others []float64) (float64, error) {
	steps, _, err := record.Read[record.Step](cell.Steps())
	if err != nil {
		return 0, err
	}
	steps = slices.DeleteFunc(steps, func(s record.Step) bool { return s.Index != 1 })
	if len(steps) != len(others) {
		return 0, fmt.Errorf("compare losses of cell %s: %d steps of its first task, %d of the other program's", cell.ID, len(steps), len(others))
	}
	largest := 0.0
	for i, s := range steps {
		largest = max(largest, math.Abs(s.Loss-others[i])/math.Abs(s.Loss))
	}
	return largest, nil
}
