package methods

import (
	"errors"
	"iter"
	"strings"
	"testing"
)

// The empirical Fisher information, example by example: a batch with one example, whose gradient
// the optimiser's first moment shows, without clipping.
func TestSquaredGradientsAgainstSingleExamples(t *testing.T) {
	setting := toySetting(1)
	setting.Clip = 0
	s := open[*LoRAParams](t, Seq, "unclipped", setting, nil)
	learn(t, s, 1, 0, toyRate) // B ≠ 0
	gradient := func(rows []Row) map[string][]float32 {
		if err := s.resetOptimizer(); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Step(toyBatch(0, rows, nil), 0); err != nil {
			t.Fatal(err)
		}
		return gradients(t, s)
	}
	const examples = 6 // the second batch is partly empty
	want := map[string][]float32{}
	for i := range examples {
		for name, g := range gradient([]Row{{Task: 1, Index: i}}) {
			if want[name] == nil {
				want[name] = make([]float32, len(g))
			}
			for j := range g {
				want[name][j] += g[j] * g[j] / examples
			}
		}
	}
	end := &TaskEnd{Index: 2, session: s, batches: examplesOf(1)}
	got, err := end.SquaredGradients(examples)
	if err != nil {
		t.Fatal(err)
	}
	defer release(got)
	mean := gradient(rowsOf(1, 0))
	worst := 0.0
	for i, tensor := range s.Trained() {
		name := Name(tensor.Projection, "", tensor.Tensor)
		d := apart(floats(t, got[i]), want[name]) / largest(want[name])
		worst = max(worst, d)
		if !(d <= 1e-5) || largest(want[name]) == 0 {
			t.Errorf("%s is %g of its largest value away from the mean of single examples", name, d)
		}
		for j, g := range mean[name] {
			mean[name][j] = g * g
		}
		if d := apart(mean[name], want[name]) / largest(want[name]); !(d > 0.1) {
			t.Errorf("%s: the squared gradient of a batch's mean is only %g away, so that this test shows nothing", name, d)
		}
	}
	t.Logf("largest relative difference %.2g", worst)
}

func TestSquaredGradientsRefuse(t *testing.T) {
	setting := toySetting(1)
	setting.Clip = 0
	s := open[*LoRAParams](t, Seq, "unclipped", setting, nil)
	broken := errors.New("no such file")
	for want, b := range map[string]struct {
		batch Batch
		err   error
	}{
		"no such file":   {Batch{}, broken},
		"no examples":    {emptyBatch(toyRows), nil},
		"expected 4, 7 ": {emptyBatch(toyRows + 1), nil},
	} {
		end := &TaskEnd{Index: 1, session: s, batches: func(int) iter.Seq2[Batch, error] {
			return func(yield func(Batch, error) bool) { yield(b.batch, b.err) }
		}}
		if _, err := end.SquaredGradients(8); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}
