package experiments

import (
	"context"
	"math"
	"testing"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
)

// flopOf are the operations of a cell's tasks by their index, the last that are on record.
func flopOf(t *testing.T, folder rundir.Cell) map[int]float64 {
	t.Helper()
	timings, _, err := record.Read[record.Timing](folder.Timing())
	if err != nil {
		t.Fatal(err)
	}
	flop := map[int]float64{}
	for _, x := range timings {
		if x.Phase == record.Train {
			flop[x.Index] = x.FLOP
		} else if x.FLOP != 0 {
			t.Errorf("phase %s has %g operations", x.Phase, x.FLOP)
		}
	}
	return flop
}

// Every task's training has its operations beside its seconds: of SEQ three forward passes over the
// batches as they were laid out, of kl a fourth for its teacher, of EWC as many more as of one
// batch of examples for its Fisher information.
func TestTrainingCountsItsOperations(t *testing.T) {
	for _, pack := range []bool{false, true} {
		y := newToy(t)
		s := y.with(suite.MethodSpec{Preset: "seq"}, suite.MethodSpec{Preset: "kl"},
			suite.MethodSpec{Preset: "ewc", Params: map[string]any{"fisher_examples": y.suite.Training.Batch}})
		s.Training.Pack = pack
		run := rundir.Run{Path: t.TempDir()}
		w := y.open(t, s, run.Path)
		flop := map[string]map[int]float64{}
		for _, cell := range w.cells {
			if err := w.RunCell(context.Background(), cell, nil); err != nil {
				t.Fatal(err)
			}
			flop[cell.Method.Name] = flopOf(t, run.Cell(cell.ID))
		}
		if len(flop["seq"]) != 3 {
			t.Fatalf("pack %v: operations of %v", pack, flop)
		}
		batch := w.base.Model.Config.ForwardFLOP(s.Training.Batch, s.Training.Length, s.Training.AnswerLength)
		for i, one := range flop["seq"] {
			if !(one > 0) || math.Abs(flop["kl"][i]/one-4./3) > 1e-9 {
				t.Errorf("pack %v, task %d: %g operations of SEQ, %g of kl, expected 4/3 of it", pack, i, one, flop["kl"][i])
			}
			if more := flop["ewc"][i] - one; math.Abs(more/(3*batch)-1) > 1e-9 {
				t.Errorf("pack %v, task %d: EWC has %g operations more than SEQ, expected %g", pack, i, more, 3*batch)
			}
		}
		if full := 3 * float64(s.Training.Steps) * batch; !pack && math.Abs(flop["seq"][1]/full-1) > 1e-9 {
			t.Errorf("%g operations of %d steps, expected %g", flop["seq"][1], s.Training.Steps, full)
		}
	}
}
