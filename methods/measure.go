package methods

import (
	"slices"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Measure is one named number that a step or a boundary tells beside its results, to say why they
// are what they are.
type Measure struct {
	Name string
	// Value is not finite where there is nothing to be measured, such as a ratio to an update that
	// is 0.
	Value float64
}

// NamedNode is a scalar in a step's graph under the name of its measure.
type NamedNode struct {
	Name  string
	Value *graph.Node
}

// StepNodes are what a method's measures of a step can be made of.
type StepNodes struct {
	// Loss is the forward pass; its Vars are the variables before the step.
	Loss *Loss
	// Own is the method's own term of the loss, coefficient included; nil without one.
	Own *graph.Node
	// Sums are those of Hooks.Sums over the whole batch; nil where there are none.
	Sums []*graph.Node
	// Moved are the variables right after the optimiser's update, After what the step leaves.
	Moved, After Vars
}

// measures lists a step's measures: the gradients' norms before clipping, and the method's own.
func (s *Session) measures(gradients Vars, n StepNodes) []NamedNode {
	list := s.gradientNorms(gradients)
	if s.hooks.Measure != nil {
		list = append(list, s.hooks.Measure(n)...)
	}
	return list
}

// gradientNorms are the norms over all layers of the gradients by each of the adapter's tensors of
// each projection, named gradient/PROJECTION/TENSOR. The root of their sum of squares is the global
// norm.
func (s *Session) gradientNorms(gradients Vars) (list []NamedNode) {
	for _, t := range s.Trained() {
		name := "gradient/" + t.Projection.Name + "/" + t.Tensor
		square := graph.ReduceAllSum(graph.Square(t.In(gradients, "")))
		if i := slices.IndexFunc(list, func(n NamedNode) bool { return n.Name == name }); i >= 0 {
			list[i].Value = graph.Add(list[i].Value, square)
		} else {
			list = append(list, NamedNode{name, square})
		}
	}
	for i := range list {
		list[i].Value = graph.Sqrt(list[i].Value)
	}
	return list
}

// vector puts measures into one output [measures].
func vector(list []NamedNode) (names []string, values *graph.Node) {
	nodes := make([]*graph.Node, len(list))
	for i, n := range list {
		names = append(names, n.Name)
		nodes[i] = graph.Reshape(n.Value, 1)
	}
	return names, graph.Concatenate(nodes, 0)
}

// readMeasures takes measures out of the output that vector made.
func readMeasures(names []string, values *tensors.Tensor) ([]Measure, error) {
	flat, err := tensors.CopyFlatData[float32](values)
	if err != nil {
		return nil, err
	}
	list := make([]Measure, len(names), len(names)+1)
	for i, name := range names {
		list[i] = Measure{name, float64(flat[i])}
	}
	return list, nil
}

// distance is the root mean square of the differences between two copies of all trained tensors.
func (s *Session) distance(v Vars, a, b string) *graph.Node {
	size, squares := 0, []*graph.Node{}
	for _, t := range s.Trained() {
		squares = append(squares, graph.ReduceAllSum(graph.Square(graph.Sub(t.In(v, a), t.In(v, b)))))
		size += t.In(v, a).Shape().Size()
	}
	return graph.Sqrt(graph.DivScalar(sum(squares), float64(size)))
}

// sum adds terms up, in their order.
func sum(terms []*graph.Node) *graph.Node {
	total := terms[0]
	for _, t := range terms[1:] {
		total = graph.Add(total, t)
	}
	return total
}
