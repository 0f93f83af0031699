package experiments

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"secura/datasets/prepared"
	"secura/experiments/machine"
	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/methods/backbone"
)

// BenchOptions are what Bench is told.
type BenchOptions struct {
	// Suite has one backbone (see Suite.CheckSingle), unless there is a Shape.
	Suite   suite.Suite
	Store   *prepared.Store
	Backend backbone.BackendOptions
	// Shape is the content of a config.json: a backbone of random weights of that shape is
	// measured, on random tokens in full rows, instead of the suite's backbone and tasks. Nil for
	// these.
	Shape []byte
}

// BenchResult is what Bench measured.
type BenchResult struct {
	// Training has an entry for each method that trains.
	Training   []Speed
	Evaluation Speed
	// PeakBytes is the largest memory of the process; 0 where the system does not tell.
	PeakBytes int64
	// Options is nil where no task has options.
	Options *OptionsSpeed
}

// Speed is how fast something is computed.
type Speed struct {
	What string
	// Tokens, Steps and FLOP, the floating-point operations, were computed in Elapsed.
	Tokens int64
	Steps  int
	FLOP   float64
	// Padding is the share of training's slots that held no token.
	Padding float64
	Elapsed time.Duration
	// CompileSeconds came before.
	CompileSeconds float64
}

// TokensPerSecond are those of training's examples, replayed ones included, or of an evaluation's
// slots, padding included.
func (s Speed) TokensPerSecond() float64 { return float64(s.Tokens) / s.Elapsed.Seconds() }

// StepMilliseconds is what a step takes.
func (s Speed) StepMilliseconds() float64 { return 1e3 * s.Elapsed.Seconds() / float64(s.Steps) }

// TFLOPS is in 10¹² floating-point operations a second.
func (s Speed) TFLOPS() float64 { return s.FLOP / s.Elapsed.Seconds() / 1e12 }

// benchSteps are timed after as many, which compile.
const benchSteps = 24

// Bench measures, in this process, how fast each method of a suite trains and how fast the backbone
// is evaluated. A training token is one of an example's, replayed ones included, not only what
// carries a loss. Rows of one example each, where training.pack is off, have the lengths that they
// have in a run (training.lengths); with a Shape all are of training.length. The operations of
// training, those of padding included, are twice those of a forward pass: the gradients of the
// frozen weights are not computed.
func Bench(ctx context.Context, o BenchOptions) (result BenchResult, err error) {
	var w *Worker
	if o.Shape != nil {
		o.Suite = o.Suite.WithLengthsOf(suite.Default()) // such a backbone reads no data
		o.Suite.Training.Lengths = nil
		w, err = openShape(ctx, o.Suite, o.Shape, o.Backend)
	} else if o.Suite, err = (&Prepared{}).chooseLengths(ctx, o.Suite, o.Store); err == nil {
		w, err = openSingle(ctx, o.Suite, WorkerOptions{Store: o.Store, Backend: o.Backend})
	}
	if err != nil {
		return result, err
	}
	defer w.Close()
	for _, cell := range w.cells[:len(o.Suite.Methods)] {
		r, err := w.rehearse(ctx, cell)
		if err != nil {
			return result, err
		}
		if r == nil {
			continue
		}
		speed, err := w.benchTraining(ctx, r)
		if err := errors.Join(err, r.session.Close()); err != nil {
			return result, err
		}
		speed.What = "train " + cell.Method.Name
		result.Training = append(result.Training, speed)
	}
	if result.Evaluation, err = w.benchEvaluation(ctx); err != nil {
		return result, err
	}
	result.PeakBytes = machine.PeakMemory()
	if o.Shape == nil { // random options are no questions
		result.Options, err = w.benchOptions(ctx)
	}
	return result, err
}

func (w *Worker) benchTraining(ctx context.Context, r *rehearsal) (Speed, error) {
	compiled := w.compiling.Total().Seconds
	if err := r.train(ctx, benchSteps); err != nil {
		return Speed{}, err
	}
	slots, held, flop := 0, 0, 0.0
	r.onBatch = func(b batch) {
		all, tokens := b.slots()
		slots, held, flop = slots+all, held+tokens, flop+2*b.forwardFLOP(w.base.Model.Config, w.suite.Training.Length)
	}
	start, between := time.Now(), w.compiling.Total().Seconds
	if err := r.train(ctx, benchSteps); err != nil {
		return Speed{}, err
	}
	// Batches that are drawn again may need a graph that was not needed before.
	after := w.compiling.Total().Seconds
	elapsed := time.Since(start) - time.Duration((after-between)*float64(time.Second))
	return Speed{Tokens: int64(held), Steps: benchSteps, Elapsed: elapsed, FLOP: flop, Padding: 1 - float64(held)/float64(slots),
		CompileSeconds: after - compiled}, nil
}

func (w *Worker) benchEvaluation(ctx context.Context) (Speed, error) {
	compiled := w.compiling.Total().Seconds
	if _, err := w.evaluator.Evaluate(ctx, nil); err != nil {
		return Speed{}, err
	}
	compiled = w.compiling.Total().Seconds - compiled
	start := time.Now()
	row, err := w.evaluator.Evaluate(ctx, nil)
	if err != nil {
		return Speed{}, err
	}
	return Speed{What: fmt.Sprintf("evaluate (%d tokens a boundary)", row.Tokens), Tokens: row.Tokens, Steps: 1, Elapsed: time.Since(start),
		FLOP: w.evaluator.ForwardFLOP(w.base.Model.Config), CompileSeconds: compiled}, nil
}

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
