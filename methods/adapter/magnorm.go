package adapter

import (
	"fmt"
	"math"

	"github.com/gomlx/gomlx/core/graph"
)

// The two readings of how MagNorm normalises relative moves.
const (
	// NormaliseMax divides by the largest move, as the paper says.
	NormaliseMax = "max"
	// NormaliseNone takes the moves as they are, as the release's code does.
	NormaliseNone = "none"
)

// MagNorm is SECURA's S-MagNorm (arXiv 2502.18168), which fuses a former matrix F and an updated one G:
//
//	L = |(G − F)/(F + Epsilon)|
//	Z = Scale·(L/(max L + Epsilon) − ½), or Scale·L without normalisation
//	S = 2 − sigmoid(Z), but 2 everywhere if L is 0 everywhere
//	result = (F + G)/S
//
// L and S are constants in the gradient. S jumps where L leaves 0: the smallest move scales every entry by 1.024.
// The weight-space form follows the paper's equations and figure 1; the release works on activations.
type MagNorm struct {
	Scale, Epsilon float64
	Normalise      string
}

// DefaultMagNorm has scale 6, epsilon 1e-10 and normalises by the largest move.
func DefaultMagNorm() MagNorm {
	return MagNorm{Scale: 6, Epsilon: 1e-10, Normalise: NormaliseMax}
}

// Check says which value is impossible.
func (n MagNorm) Check() error {
	switch {
	case !(n.Scale > 0) || math.IsInf(n.Scale, 0):
		return fmt.Errorf("S-MagNorm's scale is %v, expected a positive number", n.Scale)
	case !(n.Epsilon > 0) || math.IsInf(n.Epsilon, 0):
		return fmt.Errorf("S-MagNorm's epsilon is %v, expected a positive number", n.Epsilon)
	case n.Normalise != NormaliseMax && n.Normalise != NormaliseNone:
		return fmt.Errorf("S-MagNorm normalises by %q, expected %q or %q", n.Normalise, NormaliseMax, NormaliseNone)
	}
	return nil
}

// Fuse is (F + G)/S. Of two matrices one may have a leading batch axis; each example's matrix then has its own maximum.
func (n MagNorm) Fuse(former, fused *graph.Node) *graph.Node {
	return graph.Div(add(former, fused), n.Divisor(former, fused))
}

// Divisor is S, in (1, 2], with the shape of the larger of the two inputs and without a gradient.
func (n MagNorm) Divisor(former, fused *graph.Node) *graph.Node {
	former, fused = graph.StopGradient(former), graph.StopGradient(fused)
	move := graph.Abs(graph.Div(add(fused, graph.Neg(former)), alike(graph.AddScalar(former, n.Epsilon), fused)))
	largest := graph.ReduceAndKeep(move, graph.ReduceMax, -2, -1)
	z := graph.MulScalar(move, n.Scale)
	if n.Normalise != NormaliseNone {
		z = graph.MulScalar(graph.AddScalar(graph.Div(move, graph.AddScalar(largest, n.Epsilon)), -0.5), n.Scale)
	}
	divisor := graph.AddScalar(graph.Neg(graph.Sigmoid(z)), 2)
	unmoved := graph.BroadcastToDims(graph.Equal(largest, graph.ZerosLike(largest)), divisor.Shape().Dimensions...)
	// StopGradient again: the gradient's way back must not pass through max and division, where it can be 0·∞.
	return graph.StopGradient(graph.Where(unmoved, graph.MulScalar(graph.OnesLike(divisor), 2), divisor))
}

// alike gives a matrix the leading batch axis that other has and it has not.
func alike(a, other *graph.Node) *graph.Node {
	if a.Rank() < other.Rank() {
		return graph.InsertAxes(a, 0)
	}
	return a
}
