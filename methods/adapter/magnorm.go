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

// The two readings of what MagNorm fuses.
const (
	// SpaceWeight fuses weights, as the paper's figure 1 shows.
	SpaceWeight = "weight"
	// SpaceActivation fuses a projection's outputs, its bias included, as the release's code does.
	SpaceActivation = "activation"
)

// The forms of MagNorm's result.
const (
	// FormSum is (F + G)/S, as published.
	FormSum = "sum"
	// FormStep is F + (G − F)/S: it equals (F + G)/S at S = 2 and keeps an unmoved entry whatever S
	// is.
	FormStep = "step"
)

// MagNorm is SECURA's S-MagNorm (arXiv 2502.18168), which fuses a former matrix F and an updated
// one G:
//
//	L = |(G − F)/(F + Epsilon)|
//	Z = Scale·(L/(max L + Epsilon) − ½), or Scale·L without normalisation
//	S = 2 − sigmoid(Z), but 2 everywhere if L is 0 everywhere
//	result = (F + G)/S
//
// L and S are constants in the gradient. S jumps where L leaves 0: the smallest move scales every
// entry by 1.024. The weight-space form follows the paper's equations and figure 1; the release
// works on activations. There the maximum is over one token's outputs, and a token whose L is 0
// everywhere has S = 2, so that a token's function does not depend on padding and on what else is
// in a batch; the release overwrites the line with the maximum, which leaves open what it is over.
type MagNorm struct {
	Scale, Epsilon float64
	// Normalise, Space and Form each have one of the values above.
	Normalise, Space, Form string
	// Restraint is nil where it is off.
	Restraint *Restraint
}

// DefaultMagNorm is the paper's: scale 6, epsilon 1e-10, normalised by the largest move, of
// weights, without restraint.
func DefaultMagNorm() MagNorm {
	return MagNorm{Scale: 6, Epsilon: 1e-10, Normalise: NormaliseMax, Space: SpaceWeight, Form: FormSum}
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
	case n.Space != SpaceWeight && n.Space != SpaceActivation:
		return fmt.Errorf("S-MagNorm's space is %q, expected %q or %q", n.Space, SpaceWeight, SpaceActivation)
	case n.Form != FormSum && n.Form != FormStep:
		return fmt.Errorf("S-MagNorm's form is %q, expected %q or %q", n.Form, FormSum, FormStep)
	case n.Restraint != nil:
		return n.Restraint.Check()
	}
	return nil
}

// Fuse is the result of two matrices. Of these one may have a leading batch axis; each example's
// matrix then has its own maximum.
func (n MagNorm) Fuse(former, fused *graph.Node) *graph.Node {
	return n.result(former, fused, n.Divisor(former, fused))
}

func (n MagNorm) result(former, fused, divisor *graph.Node) *graph.Node {
	if n.Form == FormStep {
		return add(former, graph.Div(add(fused, graph.Neg(former)), divisor))
	}
	return graph.Div(add(former, fused), divisor)
}

// Divisor is S of two matrices, in (1, 2], with the shape of the larger of the two inputs and
// without a gradient.
func (n MagNorm) Divisor(former, fused *graph.Node) *graph.Node {
	return n.divisor(former, fused, -2, -1)
}

// divisor is S where the maximum is over some axes.
func (n MagNorm) divisor(former, fused *graph.Node, axes ...int) *graph.Node {
	former, fused = graph.StopGradient(former), graph.StopGradient(fused)
	g := former.Graph()
	move := graph.Abs(graph.Div(add(fused, graph.Neg(former)), alike(graph.Add(former, scalar(g, n.Epsilon)), fused)))
	largest := maximum(move, axes...)
	z := graph.Mul(move, scalar(g, n.Scale))
	if n.Normalise != NormaliseNone {
		share := graph.Div(move, graph.Add(largest, scalar(g, n.Epsilon)))
		z = graph.Mul(graph.Sub(share, scalar(g, 0.5)), scalar(g, n.Scale))
	}
	divisor := graph.Sub(scalar(g, 2), graph.Sigmoid(z))
	unmoved := graph.BroadcastToDims(graph.Equal(largest, scalar(g, 0)), divisor.Shape().Dimensions...)
	two := graph.BroadcastToDims(scalar(g, 2), divisor.Shape().Dimensions...)
	// StopGradient again: the gradient's way back must not pass through max and division, where it
	// can be 0·∞.
	return graph.StopGradient(graph.Where(unmoved, two, divisor))
}

// maximum keeps the axes with size 1. Inside a decoding loop it is a minimum of −x: the XLA backend
// keeps one function for each kind of reduction and refuses it in a loop's body once it was used
// outside.
func maximum(x *graph.Node, axes ...int) *graph.Node {
	if x.Graph().IsMainFunc() {
		return graph.ReduceAndKeep(x, graph.ReduceMax, axes...)
	}
	return graph.Neg(graph.ReduceAndKeep(graph.Neg(x), graph.ReduceMin, axes...))
}

// scalar is a constant of its own: those of AddScalar and the like are shared over a graph, which
// the XLA backend refuses where one of the uses is inside a decoding loop.
func scalar(g *graph.Graph, v float64) *graph.Node { return graph.Const(g, float32(v)) }

// alike gives a matrix the leading batch axis that other has and it has not.
func alike(a, other *graph.Node) *graph.Node {
	if a.Rank() < other.Rank() {
		return graph.InsertAxes(a, 0)
	}
	return a
}
