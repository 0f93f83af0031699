package experiments

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"secura/experiments/record"
	"secura/methods"
	"secura/methods/backbone"
)

// BenchOptions are what Bench is told.
type BenchOptions struct {
	Suite   Suite
	DataDir string
	Backend backbone.BackendOptions
	// Out gets the table.
	Out io.Writer
}

// benchSteps are timed after the first step, which compiles.
const benchSteps = 24

// Bench measures, in this process, how fast each method of a suite trains and how fast the backbone is evaluated. A
// training token is a slot of the batch, padding and replayed rows included: what is computed, not what carries a loss.
func Bench(ctx context.Context, o BenchOptions) error {
	w, err := openWorker(ctx, o.Suite, WorkerOptions{DataDir: o.DataDir, Backend: o.Backend})
	if err != nil {
		return err
	}
	defer w.Close()
	out := tabwriter.NewWriter(o.Out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "what\ttokens/s\tms a step\tcompile s\t")
	cells, _, err := Plan(o.Suite)
	if err != nil {
		return err
	}
	for _, cell := range cells[:len(o.Suite.Methods)] {
		method, _ := methods.Find(cell.Method.Preset)
		if method.Kind == methods.Untrained {
			continue
		}
		params, err := decodeParams(method, cell.Method)
		if err != nil {
			return err
		}
		p := &protocol{worker: w, cell: cell, method: method, params: params}
		session, err := p.start()
		if err != nil {
			return err
		}
		l := p.plan()[0]
		compiled := w.base.CompileSeconds()
		l.steps = 1
		t := w.trainer(cell, session, func(record.Step) error { return nil })
		if _, _, err := t.train(ctx, l, position{}); err != nil {
			return err
		}
		l.steps = benchSteps
		start := time.Now()
		if _, _, err := t.train(ctx, l, position{}); err != nil {
			return err
		}
		spent := time.Since(start)
		if err := session.Close(); err != nil {
			return err
		}
		tokens := benchSteps * (o.Suite.Training.Batch + session.ReplayRows()) * o.Suite.Training.Length
		fmt.Fprintf(out, "train %s\t%.0f\t%.1f\t%.1f\t\n", cell.Method.Name, float64(tokens)/spent.Seconds(),
			1e3*spent.Seconds()/benchSteps, w.base.CompileSeconds()-compiled)
	}
	compiled := w.base.CompileSeconds()
	if _, err := w.evaluator.evaluate(ctx, nil); err != nil {
		return err
	}
	compiled = w.base.CompileSeconds() - compiled
	start := time.Now()
	row, err := w.evaluator.evaluate(ctx, nil)
	if err != nil {
		return err
	}
	spent := time.Since(start)
	fmt.Fprintf(out, "evaluate (%d tokens a boundary)\t%.0f\t%.0f\t%.1f\t\n", row.tokens, float64(row.tokens)/spent.Seconds(), 1e3*spent.Seconds(), compiled)
	return out.Flush()
}
