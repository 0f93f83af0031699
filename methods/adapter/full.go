package adapter

import (
	"math/rand/v2"
	"slices"

	"github.com/gomlx/gomlx/core/graph"
)

// Full trains the weight itself: its tensor "weight" [out, in] starts as the pretrained one and
// replaces it.
type Full struct{}

var _ Adapter = Full{}

// Init copies w.
func (Full) Init(w Matrix, _ *rand.Rand) ([]Tensor, error) {
	if err := w.check(); err != nil {
		return nil, err
	}
	return []Tensor{{Name: "weight", Shape: []int{w.Rows, w.Columns}, Values: slices.Clone(w.Values), Trained: true, Decayed: true}}, nil
}

// Weight is the trained weight, as a node of its own: not every backend gives an input back as an
// output.
func (Full) Weight(_ *graph.Node, v map[string]*graph.Node) *graph.Node {
	return graph.Identity(v["weight"])
}

// Apply multiplies by the trained weight.
func (Full) Apply(x, _ *graph.Node, v map[string]*graph.Node) *graph.Node {
	return project(x, v["weight"])
}
