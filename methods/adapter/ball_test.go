package adapter

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"pgregory.net/rapid"
)

// TestAdapterBall: the weight moves by D/√(1+ρ²), as computed on the host, and however large D is,
// never by more than the radius; a small D passes undivided.
func TestAdapterBall(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := Ball{Radius: rapid.Float64Range(0.05, 2).Draw(rt, "radius")}
		size := math.Pow(10, rapid.Float64Range(-4, 4).Draw(rt, "magnitude"))
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		w := normal(r, 1, testOut, testIn)
		in, _ := start(t, b, w, normal(r, 1, testBatch, testLength, testIn), 1)
		in["D"] = normal(r, size, testOut, testIn)
		got := run(t, in, func(v map[string]*graph.Node) []*graph.Node {
			return []*graph.Node{b.Weight(v["w"], v), b.Fill(v)}
		})
		bound := b.Radius * norm(w.values)
		ratio := norm(in["D"].values) / bound
		moved := make([]float32, len(w.values))
		for i := range moved {
			moved[i] = got[0].values[i] - w.values[i]
			want := float64(in["D"].values[i]) / math.Sqrt(1+ratio*ratio)
			if math.Abs(float64(moved[i])-want) > 1e-5*(1+math.Abs(want)) {
				rt.Fatalf("value %d has moved by %g, expected %g", i, moved[i], want)
			}
		}
		if norm(moved) > bound*(1+1e-5) {
			rt.Fatalf("the weight has moved by %g, more than %g", norm(moved), bound)
		}
		if want := ratio / math.Sqrt(1+ratio*ratio); math.Abs(float64(got[1].values[0])-want) > 1e-5 {
			rt.Fatalf("the ball is filled to %g, expected %g", got[1].values[0], want)
		}
	})
}

// TestBallGradientPassesThroughItsDivisor: with S taken for a constant the gradient would be
// another.
func TestBallGradientPassesThroughItsDivisor(t *testing.T) {
	b := Ball{Radius: 0.4}
	r := rand.New(rand.NewPCG(3, 1))
	in, _ := start(t, b, normal(r, 1, testOut, testIn), normal(r, 1, testBatch, testLength, testIn), 1)
	in["D"] = normal(r, 0.5, testOut, testIn)
	got := run(t, in, func(v map[string]*graph.Node) []*graph.Node {
		loss := graph.ReduceAllSum(graph.Square(b.Weight(v["w"], v)))
		held := graph.Div(v["D"], graph.StopGradient(graph.Div(v["D"], b.held(v))))
		fixed := graph.ReduceAllSum(graph.Square(graph.Add(v["w"], held)))
		return []*graph.Node{graph.Gradient(loss, v["D"])[0], graph.Gradient(fixed, v["D"])[0], loss, fixed}
	})
	if math.Abs(float64(got[2].values[0]-got[3].values[0])) > 1e-3 {
		t.Fatalf("losses %g and %g, expected the same", got[2].values[0], got[3].values[0])
	}
	difference := make([]float32, len(got[0].values))
	for i := range difference {
		difference[i] = got[0].values[i] - got[1].values[i]
	}
	if norm(got[0].values) == 0 || norm(difference) < 0.05*norm(got[1].values) {
		t.Errorf("the gradient %g differs from the one of a constant divisor by %g", norm(got[0].values), norm(difference))
	}
}

func TestBallRefusesImpossibleValues(t *testing.T) {
	w := Matrix{Rows: 1, Columns: 2, Values: []float32{3, 4}}
	made, err := Ball{Radius: 0.5}.Init(w, nil)
	if err != nil || made[0].Values[0] != 2.5 {
		t.Fatalf("bound %v, error %v, expected 0.5 of the norm 5", made, err)
	}
	for _, radius := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		if _, err := (Ball{Radius: radius}).Init(w, nil); err == nil {
			t.Errorf("radius %v is taken", radius)
		}
	}
	if _, err := (Ball{Radius: 1}).Init(Matrix{Rows: 1, Columns: 1, Values: []float32{0}}, nil); err == nil {
		t.Error("a weight of norm 0 is taken")
	}
}
