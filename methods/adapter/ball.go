package adapter

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/gomlx/gomlx/core/graph"
)

// Ball trains a full update D [out, in] that can never move the weight far: the effective weight is
//
//	W + D/S,   S = √(1 + ρ²),   ρ = ‖D‖_F / (Radius·‖W‖_F)
//
// so that the update's norm stays below Radius·‖W‖_F however long is trained, while a small update
// passes as it is. It is this project's own, no published adapter: S-MagNorm's form F + (G − F)/S
// for F = W and G = W + D, with an S that is smooth, 1 where nothing has moved, and grows with the
// move of the whole matrix instead of jumping, dividing small moves by 2 and letting large ones
// through.
type Ball struct {
	// Radius bounds the update's Frobenius norm, relative to the pretrained weight's.
	Radius float64
}

var _ Adapter = Ball{}

// Init starts D at 0. The frozen "bound" [1, 1] is Radius·‖W‖_F.
func (b Ball) Init(w Matrix, _ *rand.Rand) ([]Tensor, error) {
	if err := w.check(); err != nil {
		return nil, err
	}
	if !(b.Radius > 0) || math.IsInf(b.Radius, 0) {
		return nil, fmt.Errorf("the ball's radius is %v, expected a finite number above 0", b.Radius)
	}
	sum := 0.0
	for _, x := range w.Values {
		sum += float64(x) * float64(x)
	}
	if !(sum > 0) || math.IsInf(sum, 0) {
		return nil, fmt.Errorf("the weight's squared norm is %v, expected a positive number: the ball's radius is relative to it", sum)
	}
	return []Tensor{
		{Name: "bound", Shape: []int{1, 1}, Values: []float32{float32(b.Radius * math.Sqrt(sum))}},
		{Name: "D", Shape: []int{w.Rows, w.Columns}, Values: make([]float32, len(w.Values)), Trained: true, Decayed: true},
	}, nil
}

// Weight is W + D/S. The gradient passes through S.
func (b Ball) Weight(w *graph.Node, v map[string]*graph.Node) *graph.Node {
	return add(w, b.held(v))
}

// held is D/S.
func (Ball) held(v map[string]*graph.Node) *graph.Node {
	s := graph.Sqrt(graph.AddScalar(reach(v), 1))
	return graph.Div(v["D"], graph.BroadcastToDims(s, v["D"].Shape().Dimensions...))
}

// reach is ρ², [1, 1], or [batch, 1, 1].
func reach(v map[string]*graph.Node) *graph.Node {
	square := graph.ReduceAndKeep(graph.Square(v["D"]), graph.ReduceSum, -2, -1)
	return graph.Div(square, graph.BroadcastToDims(alike(graph.Square(v["bound"]), square), square.Shape().Dimensions...))
}

// Fill is the share of its bound that the update has reached, ρ/S in [0, 1), a scalar; of tensors
// without a batch axis.
func (Ball) Fill(v map[string]*graph.Node) *graph.Node {
	square := reach(v)
	return graph.Reshape(graph.Sqrt(graph.Div(square, graph.AddScalar(square, 1))))
}

// Apply is x·Weightᵀ.
func (b Ball) Apply(x, w *graph.Node, v map[string]*graph.Node) *graph.Node {
	return project(x, b.Weight(w, v))
}
