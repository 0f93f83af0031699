package experiments

import (
	"context"
	"math"
	"testing"

	"secura/experiments/record"
	"secura/experiments/suite"
	"secura/methods"
)

// Batches in shorter rows give the losses and the gradients of full ones, replay, own terms and a task's end included.
func TestShorterRowsLearnTheSame(t *testing.T) {
	y := newToy(t)
	for _, preset := range []string{"ewc", "i-lora", "secura"} {
		var steps [2][]record.Step
		for i, lengths := range [][]int{nil, {12}} {
			s := y.with(suite.MethodSpec{Preset: preset, LearningRate: 0.01})
			s.Training.Lengths, s.Training.AnswerLength = lengths, 14 // more answers than a short row has slots
			w := y.open(t, s, t.TempDir())
			w.until = 2
			cell := w.cells[0]
			if err := w.RunCell(context.Background(), cell, nil); err != nil {
				t.Fatal(err)
			}
			var err error
			if steps[i], _, err = record.Read[record.Step](w.run.Cell(cell.ID).Steps()); err != nil {
				t.Fatal(err)
			}
			if lengths == nil {
				continue
			}
			p, err := w.protocol(cell, w.run.Cell(cell.ID))
			if err != nil {
				t.Fatal(err)
			}
			session, err := p.start()
			if err != nil {
				t.Fatal(err)
			}
			defer session.Close()
			trainer := w.trainer(cell, session, nil)
			if b := trainer.batch([]methods.Row{{Task: 0, Index: 0}}, nil); b.Length != 12 {
				t.Errorf("a text of %d tokens is laid out in %d, expected 12", trainer.text(methods.Row{}).Tokens(), b.Length)
			}
		}
		for n, want := range steps[0] {
			got := steps[1][n]
			if math.Abs(got.Loss-want.Loss) > 1e-5*want.Loss || math.Abs(got.GradientNorm-want.GradientNorm) > 1e-4*want.GradientNorm || got.Tokens != want.Tokens {
				t.Errorf("%s, step %d of task %d: loss %g, gradient norm %g, expected %g and %g", preset, want.Step, want.Index, got.Loss, got.GradientNorm, want.Loss, want.GradientNorm)
			}
		}
	}
}
