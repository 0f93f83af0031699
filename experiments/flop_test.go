package experiments

import (
	"context"
	"math"
	"testing"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
)

// Every task's training has its operations beside its seconds: of SEQ three forward passes over the
// batches as they were laid out, of kl a fourth for its teacher.
func TestTrainingCountsItsOperations(t *testing.T) {
	for _, pack := range []bool{false, true} {
		y := newToy(t)
		s := y.with(suite.MethodSpec{Preset: "seq"}, suite.MethodSpec{Preset: "kl"})
		s.Training.Pack = pack
		run := rundir.Run{Path: t.TempDir()}
		w := y.open(t, s, run.Path)
		flop := map[string][]float64{}
		for _, cell := range w.cells {
			if err := w.RunCell(context.Background(), cell, nil); err != nil {
				t.Fatal(err)
			}
			timings, _, err := record.Read[record.Timing](run.Cell(cell.ID).Timing())
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range timings {
				if x.Phase == record.Train {
					flop[cell.Method.Name] = append(flop[cell.Method.Name], x.FLOP)
				} else if x.FLOP != 0 {
					t.Errorf("phase %s has %g operations", x.Phase, x.FLOP)
				}
			}
		}
		if len(flop["seq"]) != 3 || len(flop["kl"]) != 3 {
			t.Fatalf("pack %v: operations of %v", pack, flop)
		}
		for i, one := range flop["seq"] {
			if !(one > 0) || math.Abs(flop["kl"][i]/one-4./3) > 1e-9 {
				t.Errorf("pack %v, task %d: %g operations of SEQ, %g of kl, expected 4/3 of it", pack, i+1, one, flop["kl"][i])
			}
		}
		if full := 3 * float64(s.Training.Steps) * w.base.Model.Config.ForwardFLOP(s.Training.Batch, s.Training.Length, s.Training.AnswerLength); !pack && math.Abs(flop["seq"][0]/full-1) > 1e-9 {
			t.Errorf("%g operations of %d steps, expected %g", flop["seq"][0], s.Training.Steps, full)
		}
	}
}
