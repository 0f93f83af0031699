package adapter

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/gomlx/gomlx/core/graph"
)

// DoRA trains the direction and the length of each row of a weight apart: m ⊙ V/‖V‖_row, where V is
// LoRA's weight W + (Alpha/Rank)·B·A and m [out] starts as ‖W‖_row. A, B and m are trained; the
// norm counts as a constant in the gradient, as section 4.3 of the paper, arXiv 2402.09353, has it.
// Formula, gradients and decay were checked against the peft library.
type DoRA struct {
	Rank  int
	Alpha float64
}

var _ Adapter = DoRA{}

// Magnitude is the name of DoRA's tensor m.
const Magnitude = "m"

// lora gives V.
func (d DoRA) lora() LoRA { return LoRA(d) }

// Init draws A and B as LoRA does; m are the norms of the rows. All three are subject to weight
// decay.
func (d DoRA) Init(w Matrix, r *rand.Rand) ([]Tensor, error) {
	list, err := d.lora().Init(w, r)
	if err != nil {
		return nil, fmt.Errorf("DoRA: %w", err)
	}
	lengths := make([]float32, w.Rows)
	for i, square := range w.rowSquares() {
		lengths[i] = float32(math.Sqrt(square))
		if !(lengths[i] > 0) || math.IsInf(square, 0) {
			return nil, fmt.Errorf("DoRA: row %d (from 0) of the weight has the norm %g, expected a positive number: it gives no direction",
				i, lengths[i])
		}
	}
	return append(list, Tensor{Name: Magnitude, Shape: []int{w.Rows}, Values: lengths, Trained: true, Decayed: true}), nil
}

// Weight is m ⊙ V/‖V‖_row.
func (d DoRA) Weight(w *graph.Node, v map[string]*graph.Node) *graph.Node {
	direction := d.lora().Weight(w, v)
	scale := graph.InsertAxes(rowScale(direction, v[Magnitude]), -1)
	if scale.Rank() > direction.Rank() {
		direction = graph.InsertAxes(direction, 0)
	}
	return graph.Mul(scale, direction)
}

// Apply is (x·Wᵀ + (Alpha/Rank)·(x·Aᵀ)·Bᵀ) ⊙ m/‖V‖_row.
func (d DoRA) Apply(x, w *graph.Node, v map[string]*graph.Node) *graph.Node {
	scale := rowScale(d.lora().Weight(w, v), v[Magnitude])
	if scale.Rank() == 1 {
		scale = graph.InsertAxes(scale, 0)
	}
	return graph.Mul(d.lora().Apply(x, w, v), graph.InsertAxes(scale, 1))
}

// rowScale is m/‖V‖_row, [out] or [batch, out], with the norm a constant in the gradient.
func rowScale(direction, m *graph.Node) *graph.Node {
	norm := graph.StopGradient(graph.Sqrt(graph.ReduceSum(graph.Square(direction), -1)))
	if norm.Rank() < m.Rank() {
		norm = graph.InsertAxes(norm, 0)
	} else if m.Rank() < norm.Rank() {
		m = graph.InsertAxes(m, 0)
	}
	return graph.Div(m, norm)
}
