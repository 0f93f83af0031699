package adapter

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
)

// The rows of DoRA's weight have the lengths m and the directions of LoRA's weight; all three
// tensors get a gradient.
func TestAdapterDoRA(t *testing.T) {
	a := DoRA{Rank: 3, Alpha: 6}
	in, made := moved(t, a, 31)
	r := rand.New(rand.NewPCG(31, 5))
	for i := range in["m"].values {
		in["m"].values[i] = float32(0.5 + r.Float64())
	}
	got := run(t, in, func(v map[string]*graph.Node) []*graph.Node {
		return append([]*graph.Node{a.Weight(v["w"], v), a.lora().Weight(v["w"], v)},
			graph.Gradient(squares(a.Apply(v["x"], v["w"], v)), v["A"], v["B"], v["m"])...)
	})
	for i := range testOut {
		row, direction := got[0].values[i*testIn:(i+1)*testIn], got[1].values[i*testIn:(i+1)*testIn]
		length, ratio := norm(row), float64(row[0])/float64(direction[0])
		if m := float64(in["m"].values[i]); !(math.Abs(length-m) <= 1e-5*m) {
			t.Errorf("row %d has the length %g, want m = %g", i, length, m)
		}
		for j := range row {
			if d := math.Abs(float64(row[j]) - ratio*float64(direction[j])); !(d <= 1e-5) {
				t.Errorf("row %d leaves LoRA's direction by %g", i, d)
			}
		}
	}
	for i, m := range made {
		if !m.Trained || !m.Decayed || !(largest(got[2+i]) > 1e-3) {
			t.Errorf("%s: trained %v, decayed %v, gradient at most %g", m.Name, m.Trained, m.Decayed, largest(got[2+i]))
		}
	}
}

// The gradient is that of a norm that is held constant, and not that of a norm that moves along.
func TestDoRAHoldsTheNormConstantInTheGradient(t *testing.T) {
	a := DoRA{Rank: 3, Alpha: 6}
	in, _ := moved(t, a, 37)
	got := run(t, in, func(v map[string]*graph.Node) []*graph.Node {
		direction := a.lora().Weight(v["w"], v)
		lengths := graph.Sqrt(graph.ReduceSum(graph.Square(direction), -1))
		weight := func(lengths *graph.Node) *graph.Node {
			return graph.Mul(direction, graph.InsertAxes(graph.Div(v["m"], lengths), -1))
		}
		gradient := func(y *graph.Node) *graph.Node { return graph.Gradient(squares(y), v["B"])[0] }
		return []*graph.Node{gradient(a.Apply(v["x"], v["w"], v)), gradient(project(v["x"], a.Weight(v["w"], v))),
			gradient(project(v["x"], weight(graph.StopGradient(lengths)))), gradient(project(v["x"], weight(lengths)))}
	})
	near(t, "Apply's gradient of B", got[0], got[2], 1e-5)
	near(t, "Weight's gradient of B", got[1], got[2], 1e-5)
	if d := difference(got[2], got[3]); !(d > 1e-3*largest(got[2])) {
		t.Errorf("a norm with a gradient gives the same to %g", d)
	}
}

func TestDoRARefuses(t *testing.T) {
	w := normal(rand.New(rand.NewPCG(1, 1)), 1, testOut, testIn)
	if _, err := (DoRA{Rank: 0, Alpha: 1}).Init(w.matrix(), nil); err == nil || !strings.Contains(err.Error(), "rank is 0") {
		t.Errorf("rank 0: %v", err)
	}
	clear(w.values[2*testIn : 3*testIn])
	_, err := (DoRA{Rank: 1, Alpha: 1}).Init(w.matrix(), rand.New(rand.NewPCG(1, 1)))
	if err == nil || !strings.Contains(err.Error(), "row 2 ") {
		t.Errorf("a row of zeros: %v", err)
	}
}

func norm(row []float32) float64 {
	square := 0.0
	for _, x := range row {
		square += float64(x) * float64(x)
	}
	return math.Sqrt(square)
}
