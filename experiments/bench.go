package experiments

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"secura/experiments/machine"
	"secura/experiments/suite"
	"secura/methods/backbone"
)

// BenchOptions are what Bench is told.
type BenchOptions struct {
	// Suite has one backbone (see Suite.CheckSingle), unless there is a Shape.
	Suite   suite.Suite
	DataDir string
	Backend backbone.BackendOptions
	// Shape is the content of a config.json: a backbone of random weights of that shape is measured, on random tokens in
	// full rows, instead of the suite's backbone and tasks. Nil for these.
	Shape []byte
	// PeakTFLOPS is what the device can do at best, in 10¹² floating-point operations a second; 0 if it is not known.
	PeakTFLOPS float64
	// Out gets the table.
	Out io.Writer
}

// benchSteps are timed after the first step, which compiles.
const benchSteps = 24

// Bench measures, in this process, how fast each method of a suite trains and how fast the backbone is evaluated. A
// training token is a slot of the batch, padding and replayed rows included: what is computed, not what carries a loss. All
// rows are of training.length.
// The operations of training are twice those of a forward pass: the gradients of the frozen weights are not computed.
func Bench(ctx context.Context, o BenchOptions) (err error) {
	o.Suite.Training.Lengths = nil
	var w *Worker
	if o.Shape != nil {
		w, err = openShape(ctx, o.Suite, o.Shape, o.Backend)
	} else {
		w, err = openSingle(ctx, o.Suite, WorkerOptions{DataDir: o.DataDir, Backend: o.Backend})
	}
	if err != nil {
		return err
	}
	defer w.Close()
	out := tabwriter.NewWriter(o.Out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(out, "what\ttokens/s\tms a step\tcompile s\tTFLOP/s\t")
	if o.PeakTFLOPS > 0 {
		fmt.Fprint(out, "% of the peak\t")
	}
	fmt.Fprintln(out)
	config := w.base.Model.Config
	line := func(what string, tokens int64, spent time.Duration, steps int, compile, flop float64) {
		rate := flop / spent.Seconds() / 1e12
		fmt.Fprintf(out, "%s\t%.0f\t%.1f\t%.1f\t%.3f\t", what, float64(tokens)/spent.Seconds(), 1e3*spent.Seconds()/float64(steps), compile, rate)
		if o.PeakTFLOPS > 0 {
			fmt.Fprintf(out, "%.1f\t", 100*rate/o.PeakTFLOPS)
		}
		fmt.Fprintln(out)
	}
	for _, cell := range w.cells[:len(o.Suite.Methods)] {
		r, err := w.rehearse(cell)
		if err != nil {
			return err
		}
		if r == nil {
			continue
		}
		compiled := w.compiling.Total().Seconds
		err = r.train(ctx, 1)
		start := time.Now()
		if err == nil {
			err = r.train(ctx, benchSteps)
		}
		spent := time.Since(start)
		if err := errors.Join(err, r.session.Close()); err != nil {
			return err
		}
		rows := o.Suite.Training.Batch + r.session.ReplayRows()
		flop := 2 * benchSteps * config.ForwardFLOP(rows, o.Suite.Training.Length, o.Suite.Training.AnswerLength)
		line("train "+cell.Method.Name, int64(benchSteps*rows*o.Suite.Training.Length), spent, benchSteps, w.compiling.Total().Seconds-compiled, flop)
	}
	compiled := w.compiling.Total().Seconds
	if _, err := w.evaluator.Evaluate(ctx, nil); err != nil {
		return err
	}
	compiled = w.compiling.Total().Seconds - compiled
	start := time.Now()
	row, err := w.evaluator.Evaluate(ctx, nil)
	if err != nil {
		return err
	}
	line(fmt.Sprintf("evaluate (%d tokens a boundary)", row.Tokens), row.Tokens, time.Since(start), 1, compiled, w.evaluator.ForwardFLOP(config))
	if err := out.Flush(); err != nil {
		return err
	}
	if _, err = fmt.Fprintf(o.Out, "peak memory of the process: %.2f GB\n", float64(machine.PeakMemory())/1e9); err != nil {
		return err
	}
	if o.Shape != nil { // random options are no questions
		return nil
	}
	return w.benchOptions(ctx, o.Out)
}
