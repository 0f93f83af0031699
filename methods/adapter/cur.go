package adapter

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gomlx/gomlx/core/graph"
)

// Selection says how columns and rows of the pretrained weight are chosen. All ways prefer small
// ones, so that the update moves least what matters most.
type Selection string

// The ways to choose, in terms of the norm of a column (row) and its share P of the weight's
// squared norm.
const (
	// InverseTop takes those with the smallest norms, the smallest first, as SECURA's release does.
	InverseTop Selection = "inverse-top"
	// InverseSample draws with replacement, with probabilities ∝ 1/P: the CURLoRA paper.
	InverseSample Selection = "inverse-sample"
	// InverseSampleOffset draws with replacement, with probabilities ∝ 1/(P + 0.001): CURLoRA's
	// code.
	InverseSampleOffset Selection = "inverse-sample-offset"
)

const sampleOffset = 0.001

// CURLoRA is W + Alpha·C·U·R, where C [out, Rank] and R [Rank, in] are frozen columns and rows of
// the pretrained weight, and only U [Rank, Rank], which starts at 0, is trained. The paper is arXiv
// 2408.14572; formula and selections were checked against its code and, for InverseTop, against
// SECURA's.
type CURLoRA struct {
	// Rank 0 is 150 by Rule.
	Rank      int
	Rule      SizeRule
	Alpha     float64
	Selection Selection
}

var _ Folder = CURLoRA{}

// Init chooses C and R.
func (c CURLoRA) Init(w Matrix, r *rand.Rand) ([]Tensor, error) {
	if math.IsNaN(c.Alpha) || math.IsInf(c.Alpha, 0) || c.Alpha == 0 {
		return nil, fmt.Errorf("CUR-LoRA's alpha is %v, expected a finite number other than 0", c.Alpha)
	}
	if err := c.Rule.check(); err != nil {
		return nil, fmt.Errorf("CUR-LoRA: %w", err)
	}
	rank := cmp.Or(c.Rank, c.Rule.rank(w.Rows, w.Columns))
	columns, rows, err := choose(w, rank, c.Selection, r)
	if err != nil {
		return nil, fmt.Errorf("CUR-LoRA: %w", err)
	}
	return []Tensor{columns, rows,
		{Name: "U", Shape: []int{rank, rank}, Values: make([]float32, rank*rank), Trained: true, Decayed: true}}, nil
}

// Weight is W + Alpha·C·U·R.
func (c CURLoRA) Weight(w *graph.Node, v map[string]*graph.Node) *graph.Node {
	return add(w, graph.MulScalar(product(product(v["C"], v["U"]), v["R"]), c.Alpha))
}

// Apply is x·Wᵀ + Alpha·((x·Rᵀ)·Uᵀ)·Cᵀ.
func (c CURLoRA) Apply(x, w *graph.Node, v map[string]*graph.Node) *graph.Node {
	change := project(project(project(x, v["R"]), v["U"]), v["C"])
	return graph.Add(project(x, w), graph.MulScalar(change, c.Alpha))
}

// Fold moves the update into the weight and sets U to 0. C and R stay columns and rows of the
// pretrained weight.
func (c CURLoRA) Fold(w *graph.Node, v map[string]*graph.Node) (*graph.Node, map[string]*graph.Node) {
	return c.Weight(w, v), with(v, "U", graph.ZerosLike(v["U"]))
}

// choose gives the frozen tensors C [out, rank] and R [rank, in].
func choose(w Matrix, rank int, s Selection, r *rand.Rand) (columns, rows Tensor, err error) {
	if err := w.check(); err != nil {
		return columns, rows, err
	}
	if rank < 1 || rank > min(w.Rows, w.Columns) {
		return columns, rows, fmt.Errorf("the rank is %d, expected 1 to %d for a weight [%d, %d]",
			rank, min(w.Rows, w.Columns), w.Rows, w.Columns)
	}
	columnSquares, rowSquares := make([]float64, w.Columns), make([]float64, w.Rows)
	for i := range w.Rows {
		for j := range w.Columns {
			square := float64(w.At(i, j)) * float64(w.At(i, j))
			columnSquares[j] += square
			rowSquares[i] += square
		}
	}
	chosenColumns, err := unimportant(columnSquares, rank, s, r)
	if err != nil {
		return columns, rows, fmt.Errorf("choose columns: %w", err)
	}
	chosenRows, err := unimportant(rowSquares, rank, s, r)
	if err != nil {
		return columns, rows, fmt.Errorf("choose rows: %w", err)
	}
	columns = Tensor{Name: "C", Shape: []int{w.Rows, rank}}
	for i := range w.Rows {
		for _, j := range chosenColumns {
			columns.Values = append(columns.Values, w.At(i, j))
		}
	}
	rows = Tensor{Name: "R", Shape: []int{rank, w.Columns}}
	for _, i := range chosenRows {
		rows.Values = append(rows.Values, w.Values[i*w.Columns:(i+1)*w.Columns]...)
	}
	return columns, rows, nil
}

// unimportant chooses n indices by their squared norms. Of equal norms the lower index comes first.
func unimportant(squares []float64, n int, s Selection, r *rand.Rand) ([]int, error) {
	offset := 0.0
	switch s {
	case InverseTop:
		order := make([]int, len(squares))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(squares[a], squares[b]) })
		return order[:n], nil
	case InverseSampleOffset:
		offset = sampleOffset
	case InverseSample:
	default:
		return nil, fmt.Errorf("unknown selection %q, expected %s, %s or %s", s, InverseTop, InverseSample, InverseSampleOffset)
	}
	total := 0.0
	for _, square := range squares {
		total += square
	}
	if !(total > 0) || math.IsInf(total, 0) {
		return nil, fmt.Errorf("the weight's squared norm is %v, expected a positive number", total)
	}
	reach, sum := make([]float64, len(squares)), 0.0
	for i, square := range squares {
		if square == 0 && offset == 0 {
			return nil, fmt.Errorf("number %d (from 0) is all 0, so %s cannot weigh it by 1/P; use %s or %s",
				i, InverseSample, InverseSampleOffset, InverseTop)
		}
		sum += 1 / (square/total + offset)
		reach[i] = sum
	}
	chosen := make([]int, n)
	for k := range chosen {
		at := r.Float64() * sum
		i, _ := slices.BinarySearchFunc(reach, at, func(upper, at float64) int {
			if upper <= at {
				return -1
			}
			return 1
		})
		chosen[k] = min(i, len(squares)-1)
	}
	return chosen, nil
}
