package adapter

import (
	"fmt"
	"math/rand/v2"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
)

// Restraint is what SECURA's release does where S-MagNorm lets nearly everything through: if more than Share of the
// entries have S ≤ Edge, then max((out − rank)/2, out/4) output features of G, drawn without replacement with
// probability ∝ the row norms of W, are multiplied by Decay before fusing. S stays that of the G before.
//
// It belongs to training, as dropout does: what is evaluated or merged is without it.
type Restraint struct {
	Edge, Share, Decay float64
}

// DefaultRestraint is the release's.
func DefaultRestraint() Restraint { return Restraint{Edge: 1.2, Share: 0.9, Decay: 0.99} }

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

// DrawsTensor is the tensor [out] that holds a step's draws for a projection; without it Apply leaves restraint out.
const DrawsTensor = "draws"

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

// drawn is 1 at the output features that are drawn and 0 elsewhere, [out]. Those with the smallest draw/norm are a
// sample without replacement with probability ∝ norm (Efraimidis and Spirakis 2006). w is [out, in].
func (r Restraint) drawn(w, draws *graph.Node, rank int) *graph.Node {
	g, out := w.Graph(), draws.Shape().Dimensions[0]
	norms := graph.Sqrt(graph.ReduceSum(graph.Square(w), -1))
	keys := graph.Div(draws, graph.Max(norms, scalar(g, 1e-30)))
	mine, other := graph.InsertAxes(keys, -1), graph.InsertAxes(keys, 0)
	square := keys.Shape().Clone()
	square.Dimensions = []int{out, out}
	square.DType = dtypes.Int32
	earlier := graph.LessThan(graph.Iota(g, square, 1), graph.Iota(g, square, 0))
	before := graph.Or(graph.LessThan(other, mine), graph.And(graph.Equal(other, mine), earlier))
	place := graph.ReduceSum(graph.ConvertDType(before, dtypes.Float32), -1)
	return graph.ConvertDType(graph.LessThan(place, scalar(g, float64(r.count(out, rank))-0.5)), dtypes.Float32)
}

// apply is fused with the drawn features multiplied by Decay, if the share of small values of the divisor over some
// axes is large. drawn, see there, has axes that match fused.
func (r Restraint) apply(fused, divisor, drawn *graph.Node, axes ...int) *graph.Node {
	g := fused.Graph()
	through := graph.ConvertDType(graph.LessOrEqual(divisor, scalar(g, r.Edge)), dtypes.Float32)
	share := graph.ReduceAndKeep(through, graph.ReduceMean, axes...)
	on := graph.ConvertDType(graph.GreaterThan(share, scalar(g, r.Share)), dtypes.Float32)
	factor := graph.Sub(scalar(g, 1), graph.Mul(graph.Mul(on, drawn), scalar(g, 1-r.Decay)))
	return graph.Mul(fused, graph.StopGradient(factor))
}
