package methods

import (
	"slices"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// runParts is runStep with the batch computed in Accumulate parts one after the other: the memory of a forward and
// backward pass over one of them is enough. A part's loss is divided by the whole batch's number of slots, so that the
// gradients' sum is the whole batch's gradient.
func (s *Session) runParts(batch Batch, schedule []*tensors.Tensor) ([]*tensors.Tensor, error) {
	defer release(schedule)
	slots := []*tensors.Tensor{tensors.FromScalar(float32(batch.LossTokens())), tensors.FromScalar(float32(batch.part(s.Rows, batch.Rows).LossTokens()))}
	defer release(slots)
	// The sums of the cross-entropy, of the method's own term and of the gradients.
	sums := []*tensors.Tensor{tensors.FromScalar(float32(0)), tensors.FromScalar(float32(0))}
	for _, v := range s.variables {
		if v.trained {
			sums = append(sums, tensors.FromShape(v.value.Shape()))
		}
	}
	defer func() { release(sums) }()
	inputs := append(s.frozenWeights(), s.values()...)
	rows, replayed := s.partRows(), s.partReplayed()
	for i := range s.Accumulate {
		from, to := min(s.Rows+i*replayed, batch.Rows), min(s.Rows+(i+1)*replayed, batch.Rows)
		part := batch.part(i*rows, (i+1)*rows).with(batch.part(from, to)).padded(rows + replayed).tensors()
		outputs, err := s.base.runBatch(s.shapeKey(batch, "/part"), slices.Concat(inputs, part, slots, sums), len(inputs), s.buildPart)
		release(part)
		if err != nil {
			return nil, err
		}
		release(sums)
		sums = outputs
	}
	return s.base.Run(s.stepKey()+"/update", slices.Concat(s.values(), s.moments(), sums, schedule), s.buildPartsUpdate)
}

// partRows and partReplayed are how many current and replayed rows a part has. Where the replayed ones do not divide, the
// last parts have empty rows in their place.
func (s *Session) partRows() int { return s.Rows / max(s.Accumulate, 1) }
func (s *Session) partReplayed() int {
	parts := max(s.Accumulate, 1)
	return (s.hooks.ReplayRows + parts - 1) / parts
}

// buildPart adds a part's losses and gradients to the sums.
func (s *Session) buildPart(inputs []*graph.Node) []*graph.Node {
	weights, vars, rest := s.split(inputs)
	l := s.newLoss(weights, vars, nodesOf(rest))
	l.slots, l.replayedSlots = rest[batchInputs], rest[batchInputs+1]
	sums := rest[batchInputs+2:]
	loss := l.crossEntropy()
	more, total := []*graph.Node{loss, graph.ZerosLike(loss)}, loss
	if s.hooks.ExtraLoss != nil {
		more[1] = s.hooks.ExtraLoss(l)
		total = graph.Add(loss, more[1])
	}
	more = append(more, graph.Gradient(total, s.trainedNodes(vars).nodes...)...)
	for i, x := range more {
		more[i] = graph.Add(sums[i], x)
	}
	return more
}

// buildPartsUpdate makes the step of the sums.
func (s *Session) buildPartsUpdate(inputs []*graph.Node) []*graph.Node {
	vars, rest := s.vars(inputs), inputs[len(s.variables):]
	t := s.trainedNodes(vars)
	moments, rest := rest[:2*len(t.indices)], rest[2*len(t.indices):]
	loss, own, gradients := rest[0], rest[1], slices.Clone(rest[2:2+len(t.indices)])
	rest = rest[2+len(t.indices):]
	if s.hooks.Penalty != nil {
		penalty := s.hooks.Penalty(vars)
		own = graph.Add(own, penalty)
		for i, g := range graph.Gradient(penalty, t.nodes...) {
			gradients[i] = graph.Add(gradients[i], g)
		}
	}
	return s.buildUpdate(&Loss{Vars: vars, session: s}, t, gradients, moments, graph.Add(loss, own), own, rest[0], rest[1])
}

// part is the rows from one index up to another.
func (b Batch) part(from, to int) Batch {
	return Batch{Rows: to - from, Length: b.Length, Answers: b.Answers,
		Tokens: b.Tokens[from*b.Length : to*b.Length], Positions: b.Positions[from*b.Length : to*b.Length], Segments: b.Segments[from*b.Length : to*b.Length],
		Targets: b.Targets[from*b.Answers : to*b.Answers], Weights: b.Weights[from*b.Answers : to*b.Answers]}
}

// with is the rows of both batches.
func (b Batch) with(more Batch) Batch {
	return Batch{Rows: b.Rows + more.Rows, Length: b.Length, Answers: b.Answers,
		Tokens: slices.Concat(b.Tokens, more.Tokens), Positions: slices.Concat(b.Positions, more.Positions), Segments: slices.Concat(b.Segments, more.Segments),
		Targets: slices.Concat(b.Targets, more.Targets), Weights: slices.Concat(b.Weights, more.Weights)}
}

// padded is the batch with empty rows after it, which predict nothing, so that it has so many.
func (b Batch) padded(rows int) Batch {
	if b.Rows == rows {
		return b
	}
	return b.with(EmptyBatch(rows-b.Rows, b.Length, b.Answers))
}
