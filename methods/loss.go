package methods

import (
	"maps"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"

	"secura/methods/backbone"
)

// crossEntropy is the mean over the counted slots of −log p(target), for logits [batch, answers,
// vocabulary]; slots is their number.
func crossEntropy(logits, targets, weights, slots *graph.Node) *graph.Node {
	return countedMean(negativeLogLikelihood(logits, targets), weights, slots)
}

// countedMean is the sum of x, [rows, answers], over counted slots, by slots, their number; 0 where
// nothing is counted.
func countedMean(x, counted, slots *graph.Node) *graph.Node {
	return graph.Div(graph.ReduceAllSum(graph.Mul(x, counted)), graph.MaxScalar(slots, 1))
}

// meanSquaredError is the mean over units and, by their number, over counted slots of (a − b)², for
// a and b [rows, answers, units] and counted [rows, answers]; 0 where nothing is counted.
func meanSquaredError(a, b, counted, slots *graph.Node) *graph.Node {
	d := graph.Sub(a, b)
	return countedMean(graph.ReduceMean(graph.Mul(d, d), -1), counted, slots)
}

// negativeLogLikelihood is −log p(target) at each slot, [batch, answers].
func negativeLogLikelihood(logits, targets *graph.Node) *graph.Node {
	vocabulary := logits.Shape().Dimensions[2]
	picked := graph.Mul(graph.LogSoftmax(logits), graph.OneHot(targets, vocabulary, logits.DType()))
	return graph.Neg(graph.ReduceSum(picked, -1))
}

// Loss is what a method's own term of the loss can be made of: a step's batch, or a part of it. A
// row is one example, or of a packed batch several; what is an example's own is asked of
// PerExample, Replayed and ReplayedCounted, never of a row's index.
type Loss struct {
	// Vars are the variables before the step.
	Vars Vars
	// Hidden are the last hidden states at the answer slots, [rows, answers, hidden].
	Hidden *graph.Node
	// Logits are the logits there, [rows, answers, vocabulary].
	Logits *graph.Node
	// Counted is 1 at the slots that carry a loss and 0 elsewhere, [rows, answers].
	Counted *graph.Node

	session *Session
	weights map[string]*graph.Node
	batch   batchNodes
	// slots, replayedSlots and recalledSlots are the whole batch's numbers of counted slots; nil
	// where l holds the whole batch.
	slots, replayedSlots, recalledSlots *graph.Node
	// computed counts the slots, padding included, of all forward passes so far.
	computed int
	// inputs are what enters each adapted projection, for measures; nil where none are taken of
	// them.
	inputs map[backbone.Projection]*graph.Node
}

// newLoss is the forward pass over a batch, or a part of one.
func (s *Session) newLoss(weights map[string]*graph.Node, vars Vars, batch batchNodes) *Loss {
	l := &Loss{Vars: vars, session: s, weights: weights, batch: batch}
	if s.Diagnostics && !s.Checkpoint { // of a layer that is computed again nothing is kept
		l.inputs = map[backbone.Projection]*graph.Node{}
	}
	l.Hidden = l.hidden(batch, vars, "")
	l.Logits = s.base.Model.Config.Logits(weights, l.Hidden)
	l.Counted = batch.weights
	return l
}

// crossEntropy is that of the whole batch, or this part's share of it.
func (l *Loss) crossEntropy() *graph.Node {
	if !l.session.hooks.ReplayApart {
		return crossEntropy(l.Logits, l.batch.targets, l.Counted, l.Slots())
	}
	replayed := l.ReplayedMask()
	current := graph.Sub(l.Counted, replayed)
	return crossEntropy(l.Logits, l.batch.targets, current, graph.Sub(l.Slots(), l.ReplayedSlots(replayed)))
}

// extraForwards are the forward passes so far beside the first one, in passes over l's batch.
func (l *Loss) extraForwards() float64 {
	return float64(l.computed)/float64(l.batch.rows.Tokens.Shape().Size()) - 1
}

// own is the method's own term, nil where it has none.
func (l *Loss) own() (own *graph.Node) {
	if hook := l.session.hooks.ExtraLoss; hook != nil {
		own = hook(l)
	}
	if hook := l.session.hooks.Penalty; hook != nil {
		if penalty := hook(l.Vars); own == nil {
			own = penalty
		} else {
			own = graph.Add(own, penalty)
		}
	}
	return own
}

// Replayed selects of x, [rows, answers, …], the slots that replayed examples may have:
// ReplayedCounted says which are theirs.
func (l *Loss) Replayed(x *graph.Node) *graph.Node {
	if l.batch.slots == nil {
		return graph.SliceAxis(x, 0, graph.AxisRangeToEnd(l.session.partRows()))
	}
	if l.batch.frontAnswers == 0 {
		return x
	}
	return graph.SliceAxis(x, 1, graph.AxisRange(0, l.batch.frontAnswers))
}

// ReplayedCounted is 1 at the slots of Replayed that carry a loss and belong to a replayed example,
// and 0 elsewhere.
func (l *Loss) ReplayedCounted() *graph.Node {
	counted := l.Replayed(l.Counted)
	if l.batch.slots == nil {
		return counted
	}
	examples := l.Replayed(l.batch.examples)
	first := graph.Scalar(examples.Graph(), examples.DType(), l.session.Rows)
	return graph.Mul(counted, graph.ConvertDType(graph.GreaterOrEqual(examples, first), counted.DType()))
}

// ReplayedMask is 1 at all slots that carry a loss and belong to a replayed example, and 0
// elsewhere, [rows, answers].
func (l *Loss) ReplayedMask() *graph.Node {
	first, examples := l.session.Rows, l.batch.examples
	if l.batch.slots == nil { // a row is an example, and a part's current ones come first
		first, examples = l.session.partRows(), graph.Iota(l.Counted.Graph(), shapes.Make(dtypes.Int32, l.Counted.Shape().Dimensions...), 0)
	}
	return graph.Mul(l.Counted, graph.ConvertDType(graph.GreaterOrEqual(examples, graph.Scalar(examples.Graph(), examples.DType(), first)), l.Counted.DType()))
}

// Recalled are the logits that the method's memory gave for replayed examples, [rows, answers,
// vocabulary], and counted 1 at their slots and 0 elsewhere, [rows, answers].
func (l *Loss) Recalled() (logits, counted *graph.Node) {
	return l.batch.recalled, l.batch.recalledCounted
}

// RecalledSlots is the number of slots with recalled logits in the whole batch.
func (l *Loss) RecalledSlots() *graph.Node {
	if l.recalledSlots != nil {
		return l.recalledSlots
	}
	return graph.ReduceAllSum(l.batch.recalledCounted)
}

// PerExample sums x, [rows, answers], over the counted slots of each example: [examples], those of
// the setting's rows and then the replayed ones, 0 for an example that l does not hold. Of rows of
// one text each it is [rows].
func (l *Loss) PerExample(x *graph.Node) *graph.Node {
	x = graph.Mul(x, l.Counted)
	if l.batch.slots == nil {
		return graph.ReduceSum(x, -1)
	}
	examples := graph.OneHot(l.batch.examples, l.session.Rows+l.session.hooks.ReplayRows, x.DType())
	return graph.ReduceSum(graph.Mul(examples, graph.InsertAxes(x, -1)), 0, 1)
}

// Slots is the number of counted slots in the whole batch, of which l may hold a part.
func (l *Loss) Slots() *graph.Node {
	if l.slots != nil {
		return l.slots
	}
	return graph.ReduceAllSum(l.Counted)
}

// ReplayedSlots is the number of counted slots of replayed examples in the whole batch; counted is
// ReplayedCounted or ReplayedMask.
func (l *Loss) ReplayedSlots(counted *graph.Node) *graph.Node {
	if l.replayedSlots != nil {
		return l.replayedSlots
	}
	return graph.ReduceAllSum(counted)
}

// LogitsWith are the logits at the answer slots, [rows, answers, vocabulary], computed with another
// copy of the adapter's tensors.
func (l *Loss) LogitsWith(copy string) *graph.Node {
	return l.session.base.Model.Config.Logits(l.weights, l.hidden(l.batch, l.Vars, copy))
}

// ReplayedHiddenWith are Replayed of the hidden states, computed with another copy of the adapter's
// tensors. A method that calls it says so by Hooks.ReplayForward.
func (l *Loss) ReplayedHiddenWith(copy string) *graph.Node {
	first := func(n int) func(x *graph.Node) *graph.Node {
		return func(x *graph.Node) *graph.Node { return graph.SliceAxis(x, 1, graph.AxisRange(0, n)) }
	}
	slots, answers := l.Replayed, l.Replayed
	if l.batch.front > 0 {
		slots, answers = first(l.batch.front), first(l.batch.frontAnswers)
	}
	return l.hidden(l.batch.cut(slots, answers), l.Vars, copy)
}

func (l *Loss) hidden(batch batchNodes, vars Vars, copy string) *graph.Node {
	l.computed += batch.rows.Tokens.Shape().Size()
	return l.session.forward(l.weights, batch, func(p backbone.Projection, x *graph.Node) *graph.Node {
		tensors := vars.adapted(l.session, p, copy)
		if l.session.Checkpoint {
			l.session.recompute(p, tensors)
		}
		if l.inputs != nil && copy == "" {
			l.inputs[p] = x
		}
		return l.session.apply(l.weights, vars, p, x, tensors)
	})
}

// adapted are the tensors of a projection's adapter, trained ones taken from the copy.
func (v Vars) adapted(s *Session, p backbone.Projection, copy string) map[string]*graph.Node {
	tensors := v.Of(s, p, "")
	maps.Copy(tensors, v.Of(s, p, copy))
	return tensors
}
