package methods

import (
	"math"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
)

func openILoRA(t *testing.T, key string, change func(p *ILoRAParams)) *Session {
	setting := toySetting(1)
	setting.Clip = 0
	return open(t, ILoRA, key, setting, func(p *ILoRAParams) {
		p.Buffer, p.Lambda, p.Gamma = 0.5, 0.75, 1
		if change != nil {
			change(p)
		}
	})
}

var replayedRows = []Row{{Task: 0, Index: 2}, {Task: 0, Index: 7}}

// hiddenStates are the last hidden states at the answer slots of rows, under effective weights.
func hiddenStates(t *testing.T, s *Session, b Batch) []float32 {
	t.Helper()
	list, err := s.Effective()
	if err != nil {
		t.Fatal(err)
	}
	out, err := toy.RunBatch("hidden states", toy.Weights(list), b, func(in Inputs) []*graph.Node {
		return []*graph.Node{tail(toy.Model.Config.Hidden(in.Weights, in.Rows, nil), toyAnswers)}
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range list {
		x.FinalizeAll()
	}
	return floats(t, out[0])
}

// The consistency term's value is the mean squared difference of hidden states that other graphs
// compute, and its gradient is what it adds to that of the cross-entropy.
func TestILoRAHoldsReplayedRowsNearTheLongMemory(t *testing.T) {
	loss, gradient, after := map[float64]float64{}, map[float64]map[string][]float32{}, map[float64]map[string][]float32{}
	for _, gamma := range []float64{0, 1} {
		key := map[float64]string{0: "free", 1: "held"}[gamma]
		s := openILoRA(t, key, func(p *ILoRAParams) { p.Gamma = 0 })
		if gamma == 1 {
			s = openILoRA(t, key, nil)
		}
		for i := range 2 { // nothing is replayed yet: θʷ ≠ θˡ afterwards, the same for both
			if _, err := s.Step(toyBatch(2, rowsOf(0, i*toyRows), nil), toyRate); err != nil {
				t.Fatal(err)
			}
		}
		if gamma == 1 {
			working := openILoRA(t, "working", func(p *ILoRAParams) { p.EvalWith = "working" })
			share(t, s, working)
			b := emptyBatch(2)
			for i, row := range replayedRows {
				fill(b, i, row)
			}
			long, short := hiddenStates(t, s, b), hiddenStates(t, working, b)
			sum, n := 0.0, 0.0
			width := toy.Model.Config.Width
			for i := range long {
				if b.Weights[i/width] != 0 {
					d := float64(long[i]) - float64(short[i])
					sum, n = sum+d*d, n+1
				}
			}
			loss[-1] = sum / n
		}
		if err := s.resetOptimizer(); err != nil {
			t.Fatal(err)
		}
		result, err := s.Step(toyBatch(2, rowsOf(1, 0), replayedRows), toyRate)
		if err != nil {
			t.Fatal(err)
		}
		loss[gamma], gradient[gamma], after[gamma] = result.Loss, gradients(t, s), effective(t, s)
	}
	t.Logf("mean squared error %.4g, losses %.4g and %.4g", loss[-1], loss[0], loss[1])
	if d := math.Abs(loss[1] - loss[0] - loss[-1]); !(d <= 1e-5) || !(loss[-1] > 1e-4) {
		t.Errorf("the term adds %g to the loss, want %g", loss[1]-loss[0], loss[-1])
	}
	for name := range gradient[0] {
		if d := apart(gradient[0][name], gradient[1][name]); !(d > 1e-4) {
			t.Errorf("the term's gradient by %s is at most %g", name, d)
		}
	}
	if distance(after[0], after[1]) == 0 {
		t.Error("the term changes no weight")
	}
}

func TestILoRAEvaluatesTheMemoryThatIsAskedFor(t *testing.T) {
	long := openILoRA(t, "held", nil)
	working := openILoRA(t, "working", func(p *ILoRAParams) { p.EvalWith = "working" })
	before := map[string][]float32{}
	for _, tensor := range long.Trained() {
		name := Name(tensor.Projection, longCopy, tensor.Tensor)
		before[name] = value(t, long, name)
	}
	for _, s := range []*Session{long, working} {
		if _, err := s.Step(toyBatch(2, rowsOf(0, 0), nil), toyRate); err != nil {
			t.Fatal(err)
		}
	}
	for _, tensor := range long.Trained() {
		name := Name(tensor.Projection, longCopy, tensor.Tensor)
		old, slow, fast := before[name], value(t, long, name), value(t, long, Name(tensor.Projection, "", tensor.Tensor))
		for i := range slow {
			if want := 0.75*old[i] + 0.25*fast[i]; !(math.Abs(float64(slow[i]-want)) <= 1e-6) {
				t.Fatalf("%s[%d] is %g, want %g", name, i, slow[i], want)
			}
		}
		if apart(slow, fast) == 0 {
			t.Errorf("%s is the working memory", name)
		}
	}
	if d := distance(effective(t, long), effective(t, working)); d == 0 {
		t.Error("both memories have the same effective weights")
	}
}

// tail selects the last n slots: [batch, length, hidden] → [batch, n, hidden].
func tail(x *graph.Node, n int) *graph.Node {
	length := x.Shape().Dimensions[1]
	return graph.SliceAxis(x, 1, graph.AxisRange(length-n, length))
}
