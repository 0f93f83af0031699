package methods

import (
	"math"

	"github.com/gomlx/gomlx/core/graph"

	"secura/methods/adapter"
)

// securaMeasures builds the measures of a CABR adapter over all adapted projections together:
//
//	magnorm/mean           the mean of S in the forward pass; 2 where B is 0
//	magnorm/edge_share     the share of its entries with S ≤ edge
//	magnorm/moved_mean     the mean of S between the held weight F and G, which is F plus the update of this step
//	magnorm/scaling_ratio  ‖fused − F‖/‖G − F‖ for these: what fusing would change, in terms of the update itself
//	step/relative          ‖update of this step‖/‖W‖
//	merge/mismatch         ‖merged − trained weight‖/‖what was trained since the last merge‖
//
// Of S-MagNorm of outputs, over the outputs of all tokens of a batch, in the last layer as far as
// they are computed:
//
//	magnorm/mean           the mean of S; 2 where the adapter moves no output
//	magnorm/edge_share     the share of its entries with S ≤ edge
//	magnorm/gain           ‖output‖/‖output without the adapter‖
//
// Of merges into the weight that are rounded to bfloat16, what a weight that is bfloat16 itself
// would keep of this step's update:
//
//	merge/kept_entries     the share of its entries that would change
//	merge/kept_error       ‖what would be added − the update‖/‖the update‖
//
// Those of the update are taken after the optimiser and before the merge. A ratio to an update that
// is 0 is no number. S-MagNorm's are there with one of weights, the mismatch where merges are
// several steps apart; it is no number between.
func (s *Session) securaMeasures(c adapter.CABR, edge float64) func(n StepNodes) []NamedNode {
	return func(n StepNodes) []NamedNode {
		var weights, updates, fusings, changes, mismatches, forward, moved []*graph.Node
		for _, p := range s.projections {
			w := n.Loss.Vars.Base(p)
			before, after := n.Loss.Vars.Of(s, p, ""), n.Moved.Of(s, p, "")
			former, fused := c.Parts(w, before)
			update := graph.Sub(c.Change(after), c.Change(before))
			weights, updates = append(weights, w), append(updates, update)
			if c.FusesWeights() {
				target := graph.Add(former, update)
				forward = append(forward, c.MagNorm.Divisor(former, fused))
				moved = append(moved, c.MagNorm.Divisor(former, target))
				fusings = append(fusings, graph.Sub(c.MagNorm.Fuse(former, target), former))
			}
			_, merged := c.Parts(n.After.Base(p), n.After.Of(s, p, ""))
			mismatches = append(mismatches, graph.Sub(merged, c.Weight(w, after)))
			changes = append(changes, c.Change(after))
		}
		var list []NamedNode
		add := func(name string, value *graph.Node) { list = append(list, NamedNode{name, value}) }
		if len(n.Sums) > 0 {
			list = append(list, outputMeasures(n.Sums)...)
		}
		if c.FusesWeights() {
			add("magnorm/mean", meanBelowTwo(forward))
			add("magnorm/edge_share", shareUpTo(forward, edge))
			add("magnorm/moved_mean", meanBelowTwo(moved))
			add("magnorm/scaling_ratio", graph.Div(norm(fusings), norm(updates)))
		}
		add("step/relative", graph.Div(norm(updates), norm(weights)))
		if c.Merging == adapter.MergeIntoWeight && c.Precision != adapter.MergeFloat32 {
			entries, err := keptInBFloat16(weights, updates)
			add("merge/kept_entries", entries)
			add("merge/kept_error", err)
		}
		if left, ok := n.Loss.Vars[stepsLeft]; ok && (c.MagNorm == nil || c.FusesWeights()) {
			mismatch := graph.Div(norm(mismatches), norm(changes))
			none := graph.Scalar(left.Graph(), left.DType(), math.NaN())
			add("merge/mismatch", graph.Where(graph.LessThan(left, graph.Scalar(left.Graph(), left.DType(), 1.5)), mismatch, none))
		}
		return list
	}
}

// norm is the Frobenius norm of all tensors together.
func norm(list []*graph.Node) *graph.Node {
	squares := make([]*graph.Node, len(list))
	for i, x := range list {
		squares[i] = graph.ReduceAllSum(graph.Square(x))
	}
	return graph.Sqrt(sum(squares))
}

// meanBelowTwo is the mean over all entries together, exactly 2 where all are 2.
func meanBelowTwo(list []*graph.Node) *graph.Node {
	below := make([]*graph.Node, len(list))
	for i, x := range list {
		below[i] = graph.ReduceAllSum(graph.Neg(graph.AddScalar(x, -2)))
	}
	return graph.Neg(graph.AddScalar(graph.DivScalar(sum(below), size(list)), -2))
}

// shareUpTo is the share of entries of at most a bound, of all tensors together.
func shareUpTo(list []*graph.Node, bound float64) *graph.Node {
	counts := make([]*graph.Node, len(list))
	for i, x := range list {
		within := graph.LessOrEqual(x, graph.Scalar(x.Graph(), x.DType(), bound))
		counts[i] = graph.ReduceAllSum(graph.ConvertDType(within, x.DType()))
	}
	return graph.DivScalar(sum(counts), size(list))
}

// size is the number of entries of all tensors together.
func size(list []*graph.Node) (n float64) {
	for _, x := range list {
		n += float64(x.Shape().Size())
	}
	return n
}

// outputSums are what the measures of S-MagNorm of outputs are made of: the sums of 2 − S, of the
// entries with S ≤ edge, of all entries, and of the squares of the outputs and of those without the
// adapter.
func (s *Session) outputSums(c adapter.CABR, edge float64) func(l *Loss) []*graph.Node {
	return func(l *Loss) []*graph.Node {
		sums := make([][]*graph.Node, outputSumCount)
		for _, p := range s.projections {
			x, tensors := l.inputs[p], l.Vars.Of(s, p, "")
			if bias, ok := l.weights[p.BiasName()]; ok {
				tensors[adapter.ProjectionBias] = bias
			}
			base, adapted, divisor := c.Outputs(x, l.Vars.Base(p), tensors)
			dims := divisor.Shape().Dimensions
			mask := graph.BroadcastToDims(graph.InsertAxes(graph.ConvertDType(l.batch.real(dims[1]), divisor.DType()), -1), dims...)
			within := graph.LessOrEqual(divisor, graph.Scalar(x.Graph(), divisor.DType(), edge))
			for i, sum := range []*graph.Node{
				graph.Mul(graph.Neg(graph.AddScalar(divisor, -2)), mask),
				graph.Mul(graph.ConvertDType(within, divisor.DType()), mask),
				mask,
				graph.Square(graph.Mul(adapted, mask)),
				graph.Square(graph.Mul(base, mask)),
			} {
				sums[i] = append(sums[i], graph.ReduceAllSum(sum))
			}
		}
		totals := make([]*graph.Node, len(sums))
		for i, list := range sums {
			totals[i] = sum(list)
		}
		return totals
	}
}

const outputSumCount = 5

// outputMeasures are those of S-MagNorm of outputs, of outputSums.
func outputMeasures(sums []*graph.Node) []NamedNode {
	below, within, entries, outputs, bases := sums[0], sums[1], sums[2], sums[3], sums[4]
	return []NamedNode{
		{"magnorm/mean", graph.Neg(graph.AddScalar(graph.Div(below, entries), -2))},
		{"magnorm/edge_share", graph.Div(within, entries)},
		{"magnorm/gain", graph.Div(graph.Sqrt(outputs), graph.Sqrt(bases))},
	}
}

// keptInBFloat16 is what weights that are bfloat16 keep of updates that are rounded to it: the
// share of their entries that change, and the error in terms of the updates.
func keptInBFloat16(weights, updates []*graph.Node) (entries, err *graph.Node) {
	var changed, missed []*graph.Node
	for i, w := range weights {
		before := adapter.RoundBFloat16(w)
		after := adapter.RoundBFloat16(graph.Add(before, adapter.RoundBFloat16(updates[i])))
		changed = append(changed, graph.ReduceAllSum(graph.ConvertDType(graph.NotEqual(before, after), w.DType())))
		missed = append(missed, graph.Sub(graph.Sub(after, before), updates[i]))
	}
	return graph.DivScalar(sum(changed), size(weights)), graph.Div(norm(missed), norm(updates))
}
