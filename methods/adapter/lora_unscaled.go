package adapter

import (
	"cmp"
	"fmt"
	"math/rand/v2"

	"github.com/gomlx/gomlx/core/graph"
)

// UnscaledLoRA is W + B·A with A [Rank, in] and B [out, Rank], both trained: LoRA without α/r, as
// SECURA's release has it in its I-LoRA.
type UnscaledLoRA struct {
	// Rank 0 is 150 by Rule.
	Rank int
	Rule SizeRule
}

var _ Folder = UnscaledLoRA{}

// unscaled is LoRA with the factor 1.
var unscaled = LoRA{Rank: 1, Alpha: 1}

// Init starts A and B as LoRA does.
func (l UnscaledLoRA) Init(w Matrix, r *rand.Rand) ([]Tensor, error) {
	if err := l.Rule.check(); err != nil {
		return nil, fmt.Errorf("LoRA: %w", err)
	}
	return LoRA{Rank: cmp.Or(l.Rank, l.Rule.rank(w.Rows, w.Columns)), Alpha: 1}.Init(w, r)
}

// Weight is W + B·A.
func (UnscaledLoRA) Weight(w *graph.Node, v map[string]*graph.Node) *graph.Node {
	return unscaled.Weight(w, v)
}

// Apply is x·Wᵀ + (x·Aᵀ)·Bᵀ.
func (UnscaledLoRA) Apply(x, w *graph.Node, v map[string]*graph.Node) *graph.Node {
	return unscaled.Apply(x, w, v)
}

// Fold moves the update into the weight and sets B to 0. A stays.
func (UnscaledLoRA) Fold(w *graph.Node, v map[string]*graph.Node) (*graph.Node, map[string]*graph.Node) {
	return unscaled.Fold(w, v)
}
