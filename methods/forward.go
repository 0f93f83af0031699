package methods

import (
	"github.com/gomlx/gomlx/core/graph"

	"secura/methods/adapter"
	"secura/methods/backbone"
)

// forward computes hidden states at the answer slots, [batch, answers, hidden], adapted projections
// by apply.
func (s *Session) forward(weights map[string]*graph.Node, batch batchNodes, apply func(p backbone.Projection, x *graph.Node) *graph.Node) *graph.Node {
	config := s.base.Model.Config
	if batch.slots != nil {
		packed := backbone.Packed{Slots: batch.slots, Longest: s.Length}
		if s.Checkpoint {
			return config.HiddenPackedRecomputed(weights, batch.rows, packed, s.project(apply))
		}
		return config.HiddenPacked(weights, batch.rows, packed, s.project(apply))
	}
	if s.Checkpoint {
		return config.HiddenTailRecomputed(weights, batch.rows, batch.answers(), s.project(apply))
	}
	return config.HiddenTail(weights, batch.rows, batch.answers(), s.project(apply))
}

// project computes adapted projections by apply and the others from their weights.
func (s *Session) project(apply func(p backbone.Projection, x *graph.Node) *graph.Node) backbone.Project {
	adapted := map[backbone.Projection]bool{}
	for _, p := range s.projections {
		adapted[p] = true
	}
	return func(p backbone.Projection, x, w *graph.Node) *graph.Node {
		if adapted[p] {
			return apply(p, x)
		}
		return backbone.Linear(x, w)
	}
}

// recompute lets what an adapter computes of its trained tensors alone, such as a fused weight, be
// computed again in the backward pass, as what it computes of x is.
func (s *Session) recompute(p backbone.Projection, tensors map[string]*graph.Node) {
	for _, t := range s.adapterTensors[p] {
		if t.Trained {
			tensors[t.Name] = tensors[t.Name].Checkpoint()
		}
	}
}

// apply computes an adapted projection; weights are the backbone's.
func (s *Session) apply(weights map[string]*graph.Node, vars Vars, p backbone.Projection, x *graph.Node, tensors map[string]*graph.Node) *graph.Node {
	if bias, ok := weights[p.BiasName()]; ok {
		tensors[adapter.ProjectionBias] = bias
	}
	return s.adapter.Apply(x, vars.Base(p), tensors)
}
