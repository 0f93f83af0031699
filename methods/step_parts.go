package methods

import (
	"fmt"
	"slices"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// runParts is runStep with the batch computed in Accumulate parts one after the other: the memory
// of a forward and backward pass over one of them is enough.
func (s *Session) runParts(batch Batch, schedule []*tensors.Tensor) ([]*tensors.Tensor, error) {
	rows, replayed := s.partRows(), s.partReplayed()
	var parts []part
	for i := range s.Accumulate {
		from, to := min(s.Rows+i*replayed, batch.Rows), min(s.Rows+(i+1)*replayed, batch.Rows)
		b := batch.part(i*rows, (i+1)*rows).with(batch.part(from, to)).padded(rows + replayed)
		parts = append(parts, part{s.shapeKey(batch, "/part"), b.tensors(), nodesOf, b, rowExamples(b, rows, i*rows, from)})
	}
	return s.addParts(parts, batch.LossTokens(), batch.part(s.Rows, batch.Rows).LossTokens(), schedule)
}

// runPacked is runStep for packed parts.
func (s *Session) runPacked(packed []Packed, schedule []*tensors.Tensor) ([]*tensors.Tensor, error) {
	var parts []part
	var slots, replayed int64
	for _, b := range packed {
		key := fmt.Sprintf("%s/packed %dx%d+%d, front %d+%d", s.stepKey(), b.Rows, b.Length, b.Answers, b.Front, b.FrontAnswers)
		parts = append(parts, part{key, b.tensors(), func(inputs []*graph.Node) batchNodes { return packedNodesOf(inputs, b) }, b.Batch, b.Examples})
		slots, replayed = slots+b.LossTokens(), replayed+b.replayedTokens(s.Rows)
	}
	return s.addParts(parts, slots, replayed, schedule)
}

// part is a part of a batch: the key of its graph, its tensors, its nodes in the graph, and the
// number in the step of each slot's example, [rows, answers].
type part struct {
	key      string
	tensors  []*tensors.Tensor
	nodes    func(inputs []*graph.Node) batchNodes
	batch    Batch
	examples []int32
}

// addParts adds up the losses and gradients of parts, whose tensors it releases, and makes the step
// of the sums. A part's loss is divided by the whole batch's number of slots, so that the
// gradients' sum is the whole batch's gradient.
func (s *Session) addParts(parts []part, slots, replayed int64, schedule []*tensors.Tensor) ([]*tensors.Tensor, error) {
	defer release(schedule)
	counts := []*tensors.Tensor{tensors.FromScalar(float32(slots)), tensors.FromScalar(float32(replayed))}
	defer func() { release(counts) }()
	if s.hooks.Logits != nil {
		var recalled int64
		for _, p := range parts {
			recalled += s.recalledSlots(p)
		}
		counts = append(counts, tensors.FromScalar(float32(recalled)))
	}
	defer func() {
		for _, p := range parts {
			release(p.tensors)
		}
	}()
	// The sums of the cross-entropy, of the method's own term, of what measures ask for, and of the
	// gradients.
	sums := []*tensors.Tensor{tensors.FromScalar(float32(0)), tensors.FromScalar(float32(0))}
	for range s.sumCount() {
		sums = append(sums, tensors.FromScalar(float32(0)))
	}
	for _, v := range s.variables {
		if v.trained {
			sums = append(sums, tensors.FromShape(v.value.Shape()))
		}
	}
	defer func() { release(sums) }()
	inputs := append(s.frozenWeights(), s.values()...)
	for _, p := range parts {
		recalled, err := s.recall(p)
		if err != nil {
			return nil, err
		}
		n := len(p.tensors)
		outputs, err := s.base.runBatch(p.key, slices.Concat(inputs, p.tensors, recalled, counts, sums), span{len(inputs), n + len(recalled)}, func(inputs []*graph.Node) []*graph.Node {
			weights, vars, rest := s.split(inputs)
			batch, rest := s.batchOf(rest, n, p.nodes)
			return s.buildPart(weights, vars, batch, rest)
		})
		release(recalled)
		if err != nil {
			return nil, err
		}
		if outputs, err = s.keep(p, outputs); err != nil {
			release(outputs)
			return nil, err
		}
		release(sums)
		sums = outputs
	}
	return s.base.runBatch(s.stepKey()+"/update", slices.Concat(s.values(), s.moments(), sums, schedule), span{}, s.buildPartsUpdate)
}

// sumCount is how many scalars of the batch's examples measures ask for; of a layer that is
// computed again nothing is kept.
func (s *Session) sumCount() int {
	if !s.Diagnostics || s.Checkpoint {
		return 0
	}
	return s.hooks.SumCount
}

// partRows and partReplayed are how many current and replayed rows a part has. Where the replayed
// ones do not divide, the last parts have empty rows in their place.
func (s *Session) partRows() int { return s.Rows / max(s.Accumulate, 1) }
func (s *Session) partReplayed() int {
	parts := max(s.Accumulate, 1)
	return (s.hooks.ReplayRows + parts - 1) / parts
}

// buildPart adds a part's losses and gradients to the sums; rest are the numbers of slots and the
// sums.
func (s *Session) buildPart(weights map[string]*graph.Node, vars Vars, batch batchNodes, rest []*graph.Node) []*graph.Node {
	l := s.newLoss(weights, vars, batch)
	l.slots, l.replayedSlots = rest[0], rest[1]
	sums := rest[2:]
	if s.hooks.Logits != nil {
		l.recalledSlots, sums = sums[0], sums[1:]
	}
	loss := l.crossEntropy()
	more, total := []*graph.Node{loss, graph.ZerosLike(loss)}, loss
	if s.hooks.ExtraLoss != nil {
		more[1] = s.hooks.ExtraLoss(l)
		total = graph.Add(loss, more[1])
	}
	s.base.forwards[s.stepKey()] = l.extraForwards()
	if s.sumCount() > 0 {
		more = append(more, s.hooks.Sums(l)...)
	}
	more = append(more, graph.Gradient(total, s.trainedNodes(vars).nodes...)...)
	for i, x := range more {
		more[i] = graph.Add(sums[i], x)
	}
	if s.hooks.Logits != nil {
		more = append(more, l.Logits)
	}
	return more
}

// buildPartsUpdate makes the step of the sums.
func (s *Session) buildPartsUpdate(inputs []*graph.Node) []*graph.Node {
	vars, rest := s.vars(inputs), inputs[len(s.variables):]
	t := s.trainedNodes(vars)
	moments, rest := rest[:2*len(t.indices)], rest[2*len(t.indices):]
	loss, own, rest := rest[0], rest[1], rest[2:]
	sums, rest := rest[:s.sumCount()], rest[s.sumCount():]
	gradients, rest := slices.Clone(rest[:len(t.indices)]), rest[len(t.indices):]
	if s.hooks.Penalty != nil {
		penalty := s.hooks.Penalty(vars)
		own = graph.Add(own, penalty)
		for i, g := range graph.Gradient(penalty, t.nodes...) {
			gradients[i] = graph.Add(gradients[i], g)
		}
	}
	return s.buildUpdate(&Loss{Vars: vars, session: s}, t, gradients, moments, graph.Add(loss, own), own, sums, rest[0], rest[1])
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
