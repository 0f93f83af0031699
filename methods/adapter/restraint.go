package adapter

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
)

// Restraint is what SECURA's release does where S-MagNorm lets nearly everything through: if more
// than Share of the entries have S ≤ Edge, then max(⌊(out − rank)/2⌋, ⌊out/4⌋) output features of G
// are multiplied by Decay before fusing. S stays that of the G before.
//
// The features are drawn without replacement. The chance of feature i is ∝ the i-th largest row
// norm of the pretrained weight, not its own: the release sorts the norms, draws places in the
// sorted list and takes the places for features. It acts wherever the forward pass does, in
// evaluation too, there with the draws of the last step.
type Restraint struct {
	Edge, Share, Decay float64
}

// Check says which value is impossible.
func (r Restraint) Check() error {
	switch {
	case !(r.Edge >= 1 && r.Edge <= 2):
		return fmt.Errorf("the restraint's edge is %v, expected 1 to 2, where S-MagNorm's S is", r.Edge)
	case !(r.Share >= 0 && r.Share < 1):
		return fmt.Errorf("the restraint's share is %v, expected 0 or more and less than 1", r.Share)
	case !(r.Decay >= 0 && r.Decay <= 1):
		return fmt.Errorf("the restraint's decay is %v, expected 0 to 1", r.Decay)
	}
	return nil
}

// The frozen tensors [out] of an adapter with restraint: a step's draws, 0 before the first one,
// and the pretrained weight's row norms, the largest first.
const (
	DrawsTensor = "draws"
	NormsTensor = "norms"
)

// restraintTensors are those two for the pretrained weight w.
func restraintTensors(w Matrix) []Tensor {
	norms := make([]float32, w.Rows)
	for i, square := range w.rowSquares() {
		norms[i] = float32(math.Sqrt(square))
	}
	slices.SortFunc(norms, func(a, b float32) int { return cmp.Compare(b, a) })
	return []Tensor{
		{Name: NormsTensor, Shape: []int{w.Rows}, Values: norms},
		{Name: DrawsTensor, Shape: []int{w.Rows}, Values: make([]float32, w.Rows)},
	}
}

// Draws are a step's draws for a projection with so many outputs, independent exponential values.
func Draws(out int, r *rand.Rand) []float32 {
	values := make([]float32, out)
	for i := range values {
		values[i] = float32(r.ExpFloat64())
	}
	return values
}

// count is how many of the output features are drawn.
func (Restraint) count(out, rank int) int { return max((out-rank)/2, out/4) }

// drawn is 1 at the output features that are drawn and 0 elsewhere, [out]. Those with the smallest
// draw/norm are a sample without replacement with probability ∝ norm (Efraimidis and Spirakis
// 2006). v holds norms and draws.
func (r Restraint) drawn(v map[string]*graph.Node, rank int) *graph.Node {
	norms, draws := v[NormsTensor], v[DrawsTensor]
	g, out := draws.Graph(), draws.Shape().Dimensions[draws.Rank()-1]
	keys := graph.Div(draws, graph.Max(norms, scalar(g, 1e-30)))
	mine, other := graph.InsertAxes(keys, -1), graph.InsertAxes(keys, -2)
	square := shapes.Make(dtypes.Int32, out, out)
	earlier := graph.LessThan(graph.Iota(g, square, 1), graph.Iota(g, square, 0))
	same := graph.Equal(other, mine)
	before := graph.Or(graph.LessThan(other, mine), graph.And(same, alike(earlier, same)))
	place := sumOfLast(graph.ConvertDType(before, dtypes.Float32), 1)
	return graph.ConvertDType(graph.LessThan(place, scalar(g, float64(r.count(out, rank))-0.5)), dtypes.Float32)
}

// apply is fused with the drawn features multiplied by Decay, if the share of small values of the
// divisor over its last two axes is large. drawn, see there, has axes that match fused.
func (r Restraint) apply(fused, divisor, drawn *graph.Node) *graph.Node {
	g := fused.Graph()
	through := graph.ConvertDType(graph.LessOrEqual(divisor, scalar(g, r.Edge)), dtypes.Float32)
	dims := through.Shape().Dimensions
	entries := float64(dims[len(dims)-2] * dims[len(dims)-1])
	share := graph.InsertAxes(graph.Mul(sumOfLast(through, 2), scalar(g, 1/entries)), -1, -1)
	on := graph.ConvertDType(graph.GreaterThan(share, scalar(g, r.Share)), dtypes.Float32)
	factor := graph.Sub(scalar(g, 1), graph.Mul(graph.Mul(on, drawn), scalar(g, 1-r.Decay)))
	return graph.Mul(fused, graph.StopGradient(factor))
}

// sumOfLast sums over so many last axes, as a product with ones: in a decoding loop the XLA backend
// refuses a reduction of a kind that was used outside of it.
func sumOfLast(x *graph.Node, axes int) *graph.Node {
	dims := x.Shape().Dimensions
	kept := dims[:len(dims)-axes]
	rows, size := 1, 1
	for _, d := range kept {
		rows *= d
	}
	for _, d := range dims[len(kept):] {
		size *= d
	}
	ones := graph.BroadcastToDims(scalar(x.Graph(), 1), size)
	return graph.Reshape(graph.Einsum("ns,s->n", graph.Reshape(x, rows, size), ones), kept...)
}
