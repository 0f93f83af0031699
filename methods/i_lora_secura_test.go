package methods

import (
	"math"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
)

func openILoRASecura(t *testing.T, lambda float64) *Session {
	setting := toySetting(1)
	setting.Clip = 0
	return open(t, ILoRASecura, "test", setting, func(p *ILoRASecuraParams) { p.Lambda = lambda })
}

// toyLogits are the logits at the answer slots under effective weights.
func toyLogits(t *testing.T, weights map[string][]float32, b Batch) []float32 {
	t.Helper()
	f := toy.Function(nil)
	for i, name := range toy.Model.Names {
		if values, ok := weights[name]; ok {
			f.inputs[i] = tensorOf(values, toy.Model.Weights[name].Shape().Dimensions)
			defer f.inputs[i].FinalizeAll()
		}
	}
	out, err := f.Run("toy logits", b, func(in Inputs) []*graph.Node {
		c := toy.Model.Config
		return []*graph.Node{c.Logits(in.Weights, in.hidden(c, toyAnswers))}
	})
	if err != nil {
		t.Fatal(err)
	}
	return floats(t, out[0])
}

// baseWeights are the weights without the adapter, as a session has them.
func baseWeights(t *testing.T, s *Session) map[string][]float32 {
	all := map[string][]float32{}
	for _, p := range s.Adapted() {
		all[p.WeightName()] = value(t, s, Name(p, "", baseTensor))
	}
	return all
}

// The term's value is the mean squared difference of logits that other graphs compute; its gradient is what λ adds to
// that of the cross-entropy. Both in the second task, where the weight is not the pretrained one any more.
func TestPresetILoRASecura(t *testing.T) {
	loss, gradient, after := map[float64]float64{}, map[float64]map[string][]float32{}, map[float64]map[string][]float32{}
	wanted := 0.0
	for _, lambda := range []float64{0, 2} {
		s := openILoRASecura(t, 0)
		learn(t, s, 1, 0, toyRate)
		if err := s.StartTask(); err != nil {
			t.Fatal(err)
		}
		steps(t, s, 1, 1, 0, 2, toyRate) // B ≠ 0
		s.find(coefficients + "lambda").value = tensorOf([]float32{float32(lambda)}, nil)
		b := toyBatch(0, rowsOf(1, 0), nil)
		old, now := toyLogits(t, baseWeights(t, s), b), toyLogits(t, effective(t, s), b)
		sum, n := 0.0, 0.0
		vocabulary := toy.Model.Config.Vocabulary
		for i := range old {
			if b.Weights[i/vocabulary] != 0 {
				d := float64(now[i]) - float64(old[i])
				sum, n = sum+d*d, n+1
			}
		}
		wanted = 2 * sum / n
		if err := s.resetOptimizer(); err != nil {
			t.Fatal(err)
		}
		r, err := s.Step(b, toyRate)
		if err != nil {
			t.Fatal(err)
		}
		loss[lambda], gradient[lambda], after[lambda] = r.Loss, gradients(t, s), effective(t, s)
	}
	if d := math.Abs(loss[2] - loss[0] - wanted); !(d <= 1e-5*max(1, wanted)) || !(wanted > 1e-3) {
		t.Errorf("the term adds %g to the loss, want %g", loss[2]-loss[0], wanted)
	}
	for name := range gradient[0] {
		if d := apart(gradient[0][name], gradient[2][name]); !(d > 1e-4) {
			t.Errorf("the term's gradient by %s is at most %g", name, d)
		}
	}
	if d := distance(after[0], after[2]); !(d > 1e-4) {
		t.Errorf("the term moves the weights by %g", d)
	}
}

// At a task's end the function stays, the update is in the weight, and the adapter starts anew.
func TestILoRASecuraFoldsAndRestarts(t *testing.T) {
	s := openILoRASecura(t, 0.1)
	steps(t, s, 1, 0, 0, toySteps, toyRate)
	before, weights := snapshot(t, s), effective(t, s)
	if err := s.EndTask(1, examplesOf(0)); err != nil {
		t.Fatal(err)
	}
	if d := distance(weights, effective(t, s)); !(d <= 1e-6) {
		t.Errorf("folding moves the effective weights by %g", d)
	}
	if d := distance(weights, baseWeights(t, s)); !(d <= 1e-6) {
		t.Errorf("the folded weights are %g from the effective ones", d)
	}
	for _, p := range s.Adapted() {
		a, b := Name(p, "", "A"), Name(p, "", "B")
		if largest(before[b]) == 0 || largest(value(t, s, b)) != 0 {
			t.Errorf("%s was at most %g and is at most %g", b, largest(before[b]), largest(value(t, s, b)))
		}
		fresh := value(t, s, a)
		if bound := 1 / math.Sqrt(float64(toy.Model.Config.Width)); apart(before[a], fresh) == 0 || largest(fresh) > bound || largest(fresh) < bound/2 {
			t.Errorf("%s is at most %g after its restart, expected new values up to %g", a, largest(fresh), bound)
		}
	}
	first := value(t, s, Name(s.Adapted()[0], "", "A"))
	learn(t, s, 1, 1, toyRate)
	if apart(first, value(t, s, Name(s.Adapted()[0], "", "A"))) == 0 {
		t.Error("the second restart draws what the first drew")
	}
}
