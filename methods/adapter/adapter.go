// Package adapter says how a projection's weight is re-parameterised: LoRA, DoRA, CUR-LoRA, CABR
// with S-MagNorm, a full update within a ball, or the weight itself. In comes a pretrained weight W
// [out, in]; out come the tensors that stand beside it, and the effective weight or the output of
// the layer y = x·Wᵀ + b as graph nodes. An adapter keeps nothing: whoever trains has the only copy
// of the tensors. Read Adapter first.
package adapter

import (
	"fmt"
	"maps"
	"math/rand/v2"

	"github.com/gomlx/gomlx/core/graph"
)

// Matrix is a row-major matrix on the host; as a weight it is [Rows = out, Columns = in].
type Matrix struct {
	Rows, Columns int
	Values        []float32
}

// At is the value in row i and column j.
func (m Matrix) At(i, j int) float32 { return m.Values[i*m.Columns+j] }

// rowSquares are the squared norms of the rows.
func (m Matrix) rowSquares() []float64 {
	squares := make([]float64, m.Rows)
	for i := range squares {
		for j := range m.Columns {
			squares[i] += float64(m.At(i, j)) * float64(m.At(i, j))
		}
	}
	return squares
}

// check says what is wrong with a pretrained weight.
func (m Matrix) check() error {
	if m.Rows < 1 || m.Columns < 1 || len(m.Values) != m.Rows*m.Columns {
		return fmt.Errorf("weight [%d, %d] has %d values, expected at least one row and one column and %d values",
			m.Rows, m.Columns, len(m.Values), m.Rows*m.Columns)
	}
	return nil
}

// Tensor is one of an adapter's tensors at its start: a role within one projection, such as "A",
// and its values.
type Tensor struct {
	// Name is the key under which the graph functions expect the tensor.
	Name string
	// Shape has the row-major dimensions of Values.
	Shape  []int
	Values []float32
	// Trained tensors get a gradient; Decayed ones are subject to weight decay.
	Trained, Decayed bool
}

// Adapter re-parameterises one projection.
//
// In Weight and Apply every tensor of v may carry one extra leading axis [batch, …]: each example
// then has its own copy, as gradients by example need. Weight is then [batch, out, in].
type Adapter interface {
	// Init gives the tensors for the pretrained weight w [out, in], in a fixed order. Equal states
	// of r give equal tensors. The error names the values that do not fit the weight.
	Init(w Matrix, r *rand.Rand) ([]Tensor, error)
	// Weight is the effective weight [out, in].
	Weight(w *graph.Node, v map[string]*graph.Node) *graph.Node
	// Apply is x·Weightᵀ, [batch, length, out] for x [batch, length, in]; low-rank where that is
	// exact.
	Apply(x, w *graph.Node, v map[string]*graph.Node) *graph.Node
}

// Folder is an adapter whose update can be made part of the weight. Afterwards the adapter changes
// nothing, and Weight is what it was before, up to rounding.
type Folder interface {
	Adapter
	// Fold gives the new weight and all of the adapter's tensors, those that it does not change
	// included.
	Fold(w *graph.Node, v map[string]*graph.Node) (*graph.Node, map[string]*graph.Node)
}

// project is x·wᵀ for x [batch, length, in] and w [out, in] or one w per example [batch, out, in].
func project(x, w *graph.Node) *graph.Node {
	if w.Rank() == 3 {
		return graph.Einsum("bti,boi->bto", x, w)
	}
	return graph.Einsum("bti,oi->bto", x, w)
}

// product is a·b for matrices, either of which may have a leading batch axis.
func product(a, b *graph.Node) *graph.Node {
	switch {
	case a.Rank() == 3 && b.Rank() == 3:
		return graph.Einsum("bij,bjk->bik", a, b)
	case a.Rank() == 3:
		return graph.Einsum("bij,jk->bik", a, b)
	case b.Rank() == 3:
		return graph.Einsum("ij,bjk->bik", a, b)
	}
	return graph.Einsum("ij,jk->ik", a, b)
}

// add is a + b for matrices, either of which may have a leading batch axis.
func add(a, b *graph.Node) *graph.Node { return graph.Add(alike(a, b), alike(b, a)) }

// with is v with one tensor replaced; v itself stays.
func with(v map[string]*graph.Node, name string, value *graph.Node) map[string]*graph.Node {
	out := maps.Clone(v)
	out[name] = value
	return out
}
