package methods

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"secura/methods/backbone"
)

// TestEveryArchitectureLearns trains adapters on every projection of a small backbone of each
// architecture, and evaluates and continues text with what was learned.
func TestEveryArchitectureLearns(t *testing.T) {
	for _, name := range []string{"tiny-qwen2-sharded", "tiny-llama31", "tiny-gemma2"} {
		t.Run(name, func(t *testing.T) {
			model, err := backbone.LoadModel(filepath.Join("backbone", "testdata", name), backbone.Precision{})
			if err != nil {
				t.Fatal(err)
			}
			base := NewBase(toy.Backend, model)
			t.Cleanup(base.Close)
			for _, m := range []Method{Seq, Secura} {
				setting := toySetting(1)
				setting.Targets = backbone.ProjectionNames
				params, rate := toyParams(m)
				s, err := NewSession(base, m, params, m.Name, setting)
				if err != nil {
					t.Fatal(err)
				}
				b := toyBatch(0, rowsOf(0, 0), nil)
				before := trainOn(t, s, b, rate, 1)
				after := trainOn(t, s, b, rate, 4)
				if !(after < before-1e-3) {
					t.Errorf("%s: the loss went from %g to %g", m.Name, before, after)
				}
				f, err := s.Function()
				if err != nil {
					t.Fatal(err)
				}
				got := meanLoss(scoresOf(t, base, f, b), b)
				last := trainOn(t, s, b, rate, 1)
				if !(math.Abs(got-last) <= 1e-4) {
					t.Errorf("%s: the loss is %g in training and %g in evaluation", m.Name, last, got)
				}
				out, err := base.RunBatch("generate", base.Weights(f.Effective), b, func(in Inputs) []*graph.Node {
					return base.BuildGenerate(in, 3, nil)
				}, tensors.FromScalar(int32(3)))
				if err != nil {
					t.Fatal(err)
				}
				release(out)
				f.Close()
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// trainOn makes steps on one batch and returns the loss of the last, before its update.
func trainOn(t *testing.T, s *Session, b Batch, rate float64, n int) (loss float64) {
	t.Helper()
	for range n {
		result, err := s.Step(b, rate)
		if err != nil {
			t.Fatal(err)
		}
		loss = result.Loss
	}
	return loss
}

// scoresOf are log p(target) at the answer slots.
func scoresOf(t *testing.T, base *Base, f *Function, b Batch) []float32 {
	t.Helper()
	out, err := f.Run("score", b, base.BuildScore)
	if err != nil {
		t.Fatal(err)
	}
	defer release(out)
	return floats(t, out[0])
}
