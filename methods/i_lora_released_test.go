package methods

import (
	"fmt"
	"maps"
	"math"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"secura/methods/adapter"
	"secura/methods/optimizer"
)

// releasedILoRA is I-LoRA in a case of the recorded steps of SECURA's released modules.
type releasedILoRA struct {
	Name, DType string
	R           int
	W           matrix
	X, Target   matrix
	XProbe      matrix `json:"x_probe"`
	ILoRA       struct {
		MergeAfter int     `json:"merge_after_step"`
		Lambda     float64 `json:"lambda_of_average_and_of_consistency"`
		AStart     matrix  `json:"A_start"`
		Steps      []struct {
			Loss, Consistency float64
			A, B              matrix
			ALong             matrix             `json:"A_long"`
			BLong             matrix             `json:"B_long"`
			YProbe            matrix             `json:"y_probe"`
			GradNorm          map[string]float64 `json:"grad_norm"`
		}
	} `json:"I-LoRA"`
}

func eachReleasedILoRA(t *testing.T, test func(t *testing.T, c releasedILoRA)) {
	var all struct{ Cases []releasedILoRA }
	readReleased(t, &all)
	if len(all.Cases) != 4 {
		t.Fatalf("%d cases", len(all.Cases))
	}
	for _, c := range all.Cases {
		t.Run(fmt.Sprintf("%s %s", c.Name, c.DType), func(t *testing.T) { test(t, c) })
	}
}

// Losses, both memories over a fold, and the outputs, of the recorded steps. The recorded loss is a
// squared error in the cross-entropy's place. The moments go on over the fold; the backbone's bias
// is not used.
func TestGoldenILoRAReleased(t *testing.T) {
	eachReleasedILoRA(t, func(t *testing.T, c releasedILoRA) {
		tolerance, memories := 1e-5, 1e-5
		if strings.HasPrefix(c.DType, "bf") { // the release computes in eight bits; AdamW enlarges what that does to small gradients
			tolerance, memories = 6.0/512, 0.05
		}
		check := func(step int, what string, got, want []float32, tolerance float64) {
			t.Helper()
			if d := apart(got, want) / max(largest(want), 1e-30); !(d <= tolerance) {
				t.Errorf("step %d: %s is %g of its largest value away", step+1, what, d)
			}
		}
		a, adamw := adapter.UnscaledLoRA{Rank: c.R, Rule: adapter.SizesByWidth}, optimizer.NewAdamW(0.01)
		zero := func(m matrix) matrix { return matrix{m.rows, m.columns, make([]float32, len(m.values))} }
		b := matrix{c.W.rows, c.R, make([]float32, c.W.rows*c.R)}
		// w, A, B, A_long, B_long, and the moments of A and B
		state := []matrix{c.W, c.ILoRA.AStart, b, c.ILoRA.AStart, b, zero(c.ILoRA.AStart), zero(c.ILoRA.AStart), b, b}
		for step, want := range c.ILoRA.Steps {
			out := evaluate(t, func(in []*graph.Node) []*graph.Node {
				row := func(x *graph.Node) *graph.Node { return graph.InsertAxes(x, 0) }
				x, target, probe, w := row(in[0]), row(in[1]), row(in[2]), in[3]
				lambda := graph.Scalar(w.Graph(), w.DType(), c.ILoRA.Lambda)
				work := map[string]*graph.Node{"A": in[4], "B": in[5]}
				long := map[string]*graph.Node{"A": in[6], "B": in[7]}
				y := a.Apply(x, w, work)
				counted := graph.OnesLike(graph.Squeeze(graph.SliceAxis(y, 2, graph.AxisRange(0, 1)), -1))
				consistency := meanSquaredError(y, graph.StopGradient(a.Apply(x, w, long)), counted, graph.ReduceAllSum(counted))
				loss := graph.Add(graph.ReduceAllMean(graph.Square(graph.Sub(y, target))), graph.Mul(consistency, lambda))
				gradients := graph.Gradient(loss, in[4], in[5])
				number, rate := graph.Scalar(w.Graph(), w.DType(), step+1), graph.Scalar(w.Graph(), w.DType(), 0.01)
				newA, ma, va := adamw.Update(in[4], gradients[0], in[8], in[9], number, rate, true)
				newB, mb, vb := adamw.Update(in[5], gradients[1], in[10], in[11], number, rate, true)
				work = map[string]*graph.Node{"A": newA, "B": newB}
				long = map[string]*graph.Node{"A": movingAverage(in[6], newA, lambda), "B": movingAverage(in[7], newB, lambda)}
				averaged := []*graph.Node{graph.Identity(long["A"]), graph.Identity(long["B"])}
				w = graph.Identity(w)
				if step+1 == c.ILoRA.MergeAfter {
					w, work = a.Fold(w, work)
					long = map[string]*graph.Node{"A": graph.Identity(work["A"]), "B": graph.Identity(work["B"])}
				}
				return append([]*graph.Node{loss, consistency, norm(gradients[:1]), norm(gradients[1:]), newA, newB, a.Apply(probe, w, work),
					w, graph.Identity(work["A"]), graph.Identity(work["B"]), long["A"], long["B"], ma, va, mb, vb}, averaged...)
			}, append([]matrix{c.X, c.Target, c.XProbe}, state...)...)
			number := func(v float64) []float32 { return []float32{float32(v)} }
			check(step, "the loss", out[0], number(want.Loss), tolerance)
			if want.Consistency > 0 {
				check(step, "the consistency", out[1], number(want.Consistency), 20*tolerance)
			}
			check(step, "the gradient by B", out[3], number(want.GradNorm["B"]), tolerance)
			if want.GradNorm["A"] > 0 {
				check(step, "the gradient by A", out[2], number(want.GradNorm["A"]), 2*tolerance)
			} else if out[2][0] != 0 {
				t.Errorf("step %d: A has a gradient", step+1)
			}
			check(step, "the probe's output", out[6], want.YProbe.values, tolerance)
			for i, field := range []matrix{want.A, want.B, want.ALong, want.BLong} {
				check(step, []string{"A", "B", "A_long", "B_long"}[i], out[[]int{4, 5, 16, 17}[i]], field.values, memories)
			}
			if step+1 == c.ILoRA.MergeAfter && (largest(out[9]) != 0 || largest(out[11]) != 0 || apart(out[4], out[10]) != 0) {
				t.Errorf("step %d: after the fold B and B_long are not 0, or A is not copied", step+1)
			}
			for i := range state {
				state[i].values = out[7+i]
			}
		}
	})
}

func openILoRAReleased(t *testing.T, key string, gamma float64) *Session {
	setting := toySetting(1)
	setting.Clip = 0
	return open(t, ILoRAReleased, key, setting, func(p *ILoRAReleasedParams) { p.Rank, p.Gamma, p.Lambda = 4, gamma, 0.8 })
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
		return []*graph.Node{toy.logits(in)}
	})
	if err != nil {
		t.Fatal(err)
	}
	return floats(t, out[0])
}

// longWeights are W + B_long·A_long, without the backbone's biases.
func longWeights(t *testing.T, s *Session) map[string][]float32 {
	t.Helper()
	all := effective(t, s) // for the biases
	for _, p := range s.projections {
		w, a, b := value(t, s, Name(p, "", baseTensor)), value(t, s, Name(p, longCopy, "A")), value(t, s, Name(p, longCopy, "B"))
		width, rank := len(a)/4, 4
		for i := range w {
			for k := range rank {
				w[i] += b[i/width*rank+k] * a[k*width+i%width]
			}
		}
		all[p.WeightName()] = w
	}
	return all
}

// The term's value is the mean squared difference of logits that other graphs compute; its gradient
// is what γ adds to that of the cross-entropy. Both in the second task, where the weight is not the
// pretrained one any more.
func TestPresetILoRAReleased(t *testing.T) {
	loss, gradient, after := map[float64]float64{}, map[float64]map[string][]float32{}, map[float64]map[string][]float32{}
	wanted := 0.0
	for _, gamma := range []float64{0, 2} {
		s := openILoRAReleased(t, "test", 0)
		learn(t, s, 1, 0, toyRate)
		steps(t, s, 1, 1, 0, 2, toyRate) // the memories are apart
		s.find(coefficients + "gamma").value = tensorOf([]float32{float32(gamma)}, nil)
		b := toyBatch(0, rowsOf(1, 0), nil)
		old, now := toyLogits(t, longWeights(t, s), b), toyLogits(t, effective(t, s), b)
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
		loss[gamma], gradient[gamma], after[gamma] = r.Loss, gradients(t, s), effective(t, s)
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

// At a task's end the function stays, the update is in the weight, B and B_long are 0, and A is
// kept and copied.
func TestILoRAReleasedFoldsBothMemories(t *testing.T) {
	s := openILoRAReleased(t, "test", 0.1)
	steps(t, s, 1, 0, 0, toySteps, toyRate)
	before, weights := snapshot(t, s), effective(t, s)
	if err := s.EndTask(1, examplesOf(0)); err != nil {
		t.Fatal(err)
	}
	if d := distance(weights, effective(t, s)); !(d <= 1e-6) {
		t.Errorf("folding moves the effective weights by %g", d)
	}
	for _, p := range s.projections {
		a, b := Name(p, "", "A"), Name(p, "", "B")
		aLong, bLong := Name(p, longCopy, "A"), Name(p, longCopy, "B")
		if apart(weights[p.WeightName()], value(t, s, Name(p, "", baseTensor))) > 1e-6 {
			t.Errorf("the update is not in the weight of %v", p)
		}
		if largest(before[b]) == 0 || largest(before[bLong]) == 0 || largest(value(t, s, b)) != 0 || largest(value(t, s, bLong)) != 0 {
			t.Errorf("%s or %s is not folded", b, bLong)
		}
		if apart(before[a], before[aLong]) == 0 || apart(before[a], value(t, s, a)) != 0 || apart(before[a], value(t, s, aLong)) != 0 {
			t.Errorf("%s is not kept and copied", a)
		}
		if apart(before[b+" moment 1"], floats(t, s.find(b).moments[0])) != 0 {
			t.Errorf("the moments of %s do not go on", b)
		}
	}
}

// biasedToy is the toy with biases of the adapted projections, and zeros in their places.
func biasedToy() (base *Base, zeros map[string]*tensors.Tensor) {
	model := *toy.Model
	model.Weights = maps.Clone(toy.Model.Weights)
	r := stream(1, "biases")
	zeros = map[string]*tensors.Tensor{}
	for _, name := range toy.Model.Names {
		w := toy.Model.Weights[name]
		if strings.HasSuffix(name, "q_proj.bias") || strings.HasSuffix(name, "v_proj.bias") {
			values := make([]float32, w.Size())
			for i := range values {
				values[i] = float32(3 * r.NormFloat64())
			}
			model.Weights[name] = tensorOf(values, w.Shape().Dimensions)
			zeros[name] = tensors.FromShape(w.Shape())
		}
	}
	return NewBase(toy.Backend, &model), zeros
}

// The backbone's own bias is dropped: what is trained and evaluated is the model with zeros there.
func TestILoRAReleasedDropsTheBias(t *testing.T) {
	base, zeros := biasedToy()
	params := ILoRAReleased.NewParams().(*ILoRAReleasedParams)
	params.Rank = 4
	s, err := NewSession(base, ILoRAReleased, params, "biased", toySetting(1))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	b := toyBatch(0, rowsOf(0, 0), nil)
	learned, err := s.Function()
	if err != nil {
		t.Fatal(err)
	}
	defer learned.Close()
	evaluated := meanLoss(scores(t, learned, "score", b), b)
	dropped, whole := meanLoss(scores(t, base.Function(zeros), "score", b), b), meanLoss(scores(t, base.Function(nil), "score", b), b)
	result, err := s.Step(b, toyRate)
	if err != nil {
		t.Fatal(err)
	}
	if !(math.Abs(evaluated-dropped) <= 1e-6) || !(math.Abs(result.Loss-dropped) <= 1e-5) || !(math.Abs(whole-dropped) > 1e-2) {
		t.Errorf("the loss is %g in evaluation and %g in training, without the bias %g, with it %g", evaluated, result.Loss, dropped, whole)
	}
}

func TestRenamedMethodsAreGone(t *testing.T) {
	for name, reason := range Renamed {
		if _, ok := Find(name); ok || !strings.Contains(reason, ILoRAReleased.Name) {
			t.Errorf("%s: %s", name, reason)
		}
	}
}
