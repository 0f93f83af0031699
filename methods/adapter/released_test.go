package adapter

import (
	"maps"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"

	"secura/methods/optimizer"
)

// trainReleased takes the steps that were recorded from the release's modules, with a merge after
// each, and checks every loss. It returns the losses and all tensors.
func (c golden) trainReleased(t *testing.T, merging MergeMode, g trainedGolden) (losses []float32, in map[string]array) {
	t.Helper()
	a := c.cabr()
	a.Merging, a.Bias, a.MagNorm = merging, false, releasedNorm()
	adamw := optimizer.NewAdamW(g.WeightDecay)
	names, kept := []string{"A", "B"}, []string{"A", "B"}
	if merging == MergeIntoUnusedSum {
		kept = append(kept, "B_long")
	}
	in, _ = start(t, a, c.W, c.X, 1)
	in[ProjectionBias], in["target"] = c.BaseBias, g.Target
	in[DrawsTensor] = array{[]int{c.Out}, Draws(c.Out, rand.New(rand.NewPCG(1, 1)))}
	startA := in["A"]
	for _, name := range names {
		in["m "+name], in["v "+name] = zeros(in[name].shape...), zeros(in[name].shape...)
	}
	for step, want := range g.Losses {
		got := run(t, in, func(v map[string]*graph.Node) []*graph.Node {
			v = maps.Clone(v)
			y := graph.Add(a.Apply(v["x"], v["w"], v), graph.InsertAxes(v[ProjectionBias], 0, 0))
			loss := squares(graph.Sub(y, v["target"]))
			gradients := graph.Gradient(loss, v["A"], v["B"])
			largestOfA := graph.ReduceAllMax(graph.Abs(gradients[0]))
			var moments []*graph.Node
			for i, name := range names {
				var m, s *graph.Node
				v[name], m, s = adamw.Update(v[name], gradients[i], v["m "+name], v["v "+name],
					graph.Scalar(loss.Graph(), dtypes.Float32, step+1), graph.Scalar(loss.Graph(), dtypes.Float32, g.Rate), true)
				moments = append(moments, m, s)
			}
			w, merged := a.Merge(v["w"], v)
			out := append([]*graph.Node{loss, largestOfA, graph.Identity(w)}, moments...)
			for _, name := range kept {
				out = append(out, merged[name])
			}
			return out
		})
		if d := math.Abs(float64(got[0].values[0]) - want); !(d <= goldenTolerance*want) {
			t.Errorf("step %d: the loss is %v, want %v", step+1, got[0].values[0], want)
		}
		if got[1].values[0] != 0 {
			t.Errorf("step %d: A's gradient is up to %v", step+1, got[1].values[0])
		}
		losses, in["w"] = append(losses, got[0].values[0]), got[2]
		for i, name := range names {
			in["m "+name], in["v "+name] = got[3+2*i], got[4+2*i]
		}
		for i, name := range kept {
			in[name] = got[3+2*len(names)+i]
		}
	}
	if d := difference(in["A"], startA); math.Abs(d-g.AMoved) > 1e-6 {
		t.Errorf("A moved by %v, want %v: only by weight decay", d, g.AMoved)
	}
	return losses, in
}

// With a merge after each step B is 0 at every forward pass: A gets no gradient, and S-MagNorm
// halves B's.
func TestGoldenReleasedM1(t *testing.T) {
	eachCase(t, func(t *testing.T, c golden) {
		_, in := c.trainReleased(t, MergeIntoWeight, c.ReleasedM1)
		near(t, "W", in["w"], c.ReleasedM1.WAfter, goldenTolerance)
	})
}

// The release's M2 keeps a sum that its forward pass never uses; what it would be with it was
// recorded as W.
func TestGoldenReleasedM2(t *testing.T) {
	eachCase(t, func(t *testing.T, c golden) {
		losses, in := c.trainReleased(t, MergeIntoUnusedSum, c.ReleasedM2)
		near(t, "W itself", in["w"], c.W, 0)
		for i, loss := range losses {
			if loss != losses[0] || c.ReleasedM2.Losses[i] != c.ReleasedM2.Losses[0] {
				t.Errorf("step %d: the loss is %v (recorded %v), the first %v", i+1, loss, c.ReleasedM2.Losses[i], losses[0])
			}
		}
		got := run(t, in, func(v map[string]*graph.Node) []*graph.Node {
			return []*graph.Node{graph.Add(v["w"], update(v, product(v["A"], v["B_long"])))}
		})
		near(t, "W with the sum", got[0], c.ReleasedM2.WAfter, goldenTolerance)
	})
}
