package adapter

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/gomlx/gomlx/core/graph"
)

// LoRA adds a product of two thin matrices: W + (Alpha/Rank)·B·A with A [Rank, in] and B [out,
// Rank], both trained. The paper is arXiv 2106.09685; start and scale were checked against the peft
// library.
type LoRA struct {
	Rank  int
	Alpha float64
}

var _ Folder = LoRA{}

// Init draws A uniformly from ±1/√in, which is what torch's kaiming_uniform_ with a = √5 does; B
// is 0.
func (l LoRA) Init(w Matrix, r *rand.Rand) ([]Tensor, error) {
	if err := w.check(); err != nil {
		return nil, err
	}
	if l.Rank < 1 {
		return nil, fmt.Errorf("LoRA's rank is %d, expected at least 1", l.Rank)
	}
	if most := max(w.Rows, w.Columns); l.Rank > most {
		return nil, fmt.Errorf("LoRA's rank is %d, expected at most %d, the larger side of a weight [%d, %d]", l.Rank, most, w.Rows, w.Columns)
	}
	if math.IsNaN(l.Alpha) || math.IsInf(l.Alpha, 0) || l.Alpha == 0 {
		return nil, fmt.Errorf("LoRA's alpha is %v, expected a finite number other than 0", l.Alpha)
	}
	a := make([]float32, l.Rank*w.Columns)
	bound := 1 / math.Sqrt(float64(w.Columns))
	for i := range a {
		a[i] = float32((2*r.Float64() - 1) * bound)
	}
	return []Tensor{
		{Name: "A", Shape: []int{l.Rank, w.Columns}, Values: a, Trained: true, Decayed: true},
		{Name: "B", Shape: []int{w.Rows, l.Rank}, Values: make([]float32, w.Rows*l.Rank), Trained: true, Decayed: true},
	}, nil
}

func (l LoRA) scale() float64 { return l.Alpha / float64(l.Rank) }

// Weight is W + (Alpha/Rank)·B·A.
func (l LoRA) Weight(w *graph.Node, v map[string]*graph.Node) *graph.Node {
	return add(w, graph.MulScalar(product(v["B"], v["A"]), l.scale()))
}

// Apply is x·Wᵀ + (Alpha/Rank)·(x·Aᵀ)·Bᵀ.
func (l LoRA) Apply(x, w *graph.Node, v map[string]*graph.Node) *graph.Node {
	return graph.Add(project(x, w), graph.MulScalar(project(project(x, v["A"]), v["B"]), l.scale()))
}

// Fold moves the update into the weight and sets B to 0. A stays: for a new one, call Init again.
func (l LoRA) Fold(w *graph.Node, v map[string]*graph.Node) (*graph.Node, map[string]*graph.Node) {
	return l.Weight(w, v), with(v, "B", graph.ZerosLike(v["B"]))
}
