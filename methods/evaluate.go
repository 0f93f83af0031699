package methods

import (
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"secura/methods/backbone"
)

// Inputs are the inputs of a graph over a batch with given weights.
type Inputs struct {
	Weights          map[string]*graph.Node
	Rows             backbone.Rows
	Targets, Counted *graph.Node
	// More are the further tensors given to RunBatch.
	More []*graph.Node
}

// RunBatch runs the compiled graph of a key over weights (see Weights), a batch, and further tensors, which it
// releases. The caller owns the outputs.
func (b *Base) RunBatch(key string, weights []*tensors.Tensor, batch Batch, build func(in Inputs) []*graph.Node, more ...*tensors.Tensor) ([]*tensors.Tensor, error) {
	if err := batch.check(); err != nil {
		return nil, err
	}
	mine := append(batch.tensors(), more...)
	defer release(mine)
	return b.Run(key, append(weights[:len(weights):len(weights)], mine...), func(inputs []*graph.Node) []*graph.Node {
		rest := inputs[len(b.Model.Names):]
		n := nodesOf(rest)
		return build(Inputs{b.Nodes(inputs), n.rows, n.targets, n.weights, rest[batchInputs:]})
	})
}

// BuildScore gives log p(target) at the answer slots, [rows, answers]; meaningless where nothing is predicted.
func (b *Base) BuildScore(in Inputs) []*graph.Node {
	answers := in.Targets.Shape().Dimensions[1]
	config := b.Model.Config
	logits := config.Logits(in.Weights, config.HiddenTail(in.Weights, in.Rows, answers, nil))
	return []*graph.Node{graph.Neg(negativeLogLikelihood(logits, in.Targets))}
}

// BuildGenerate continues each row greedily, [rows, maxNew]; the first of More is the limit, at most maxNew.
func (b *Base) BuildGenerate(in Inputs, maxNew int, ends []int32) []*graph.Node {
	return []*graph.Node{b.Model.Config.Generate(in.Weights, in.Rows, maxNew, in.More[0], ends)}
}
