package backbone

import . "github.com/gomlx/gomlx/core/graph"

// HiddenTailRecomputed is HiddenTail for a gradient that keeps little of the forward pass: what
// enters each layer, and the result. The backward pass computes each layer again when the gradient
// arrives at its output (gradient checkpointing, Chen et al. 2016), so that the activations of one
// layer are in memory at a time, at the price of a second forward pass. The values are those of
// HiddenTail.
//
// What project computes from weights alone is kept, unless it goes through Checkpoint itself.
func (c Config) HiddenTailRecomputed(weights map[string]*Node, rows Rows, slots int, project Project) *Node {
	return c.hiddenTail(weights, rows, slots, project, (*Node).Checkpoint).StopCheckpoint()
}

// unchanged is x.
func unchanged(x *Node) *Node { return x }
