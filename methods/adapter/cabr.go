package adapter

import (
	"fmt"
	"math/rand/v2"

	"github.com/gomlx/gomlx/core/graph"
	"gonum.org/v1/gonum/mat"
)

// MergeMode says what CABR.Merge does.
type MergeMode string

// The ways to merge.
const (
	// MergeIntoWeight is SECURA's M1: W ← W + C·A·B·R, then B ← 0.
	MergeIntoWeight MergeMode = "M1"
	// MergeIntoSum is SECURA's M2: AB_long ← AB_long + A·B, then B ← 0; W is never written.
	MergeIntoSum MergeMode = "M2"
	// MergeNone leaves everything as it is.
	MergeNone MergeMode = "none"
)

// Start says how CABR's A begins.
type Start string

// The ways to start A.
const (
	// StartReleased is the block W[:rank, :inner]: SECURA's release computes U[:rank,:]·Σ·V[:inner,:]ᵀ, which is that block.
	StartReleased Start = "released"
	// StartPrincipal takes only the first rank singular values, as the paper's text says.
	StartPrincipal Start = "principal"
)

// Former says what S-MagNorm compares with when there is an accumulator.
type Former string

// The former weights.
const (
	// FormerHeld is what was held before the step, W + C·AB_long·R: M2 is then M1, up to rounding.
	FormerHeld Former = "held"
	// FormerBase is W.
	FormerBase Former = "base"
)

// CABR is W + C·A·B·R with frozen columns C [out, Rank] and rows R [Rank, in] of the pretrained weight and trained
// A [Rank, Inner] and B [Inner, Rank], Inner > Rank; B starts at 0. With MagNorm and a merge after each step it is
// SECURA. The paper is arXiv 2502.18168; the formulas were checked against its release, from which the merges here
// differ where that does not learn: M2's accumulator is part of the forward pass.
type CABR struct {
	// Rank 0 means max(1, ⌊d/8⌋) and Inner 0 means max(Rank+1, ⌊d/6⌋), with d = min(out, in).
	Rank, Inner int
	Selection   Selection
	Start       Start
	// Bias adds a trained "bias" [out], which starts at 0, to the output.
	Bias bool
	// MagNorm fuses the updated weight with the former one; nil takes the updated weight.
	MagNorm *MagNorm
	// Former matters only with MagNorm and MergeIntoSum.
	Former  Former
	Merging MergeMode
}

var _ Adapter = CABR{}

// DefaultCABR has the ranks that follow from the weight, InverseTop, StartReleased, and neither bias, MagNorm nor merge.
func DefaultCABR() CABR {
	return CABR{Selection: InverseTop, Start: StartReleased, Former: FormerHeld, Merging: MergeNone}
}

// Sizes gives the two ranks for a weight [out, in], or an error with the values that do not fit.
func (c CABR) Sizes(out, in int) (rank, inner int, err error) {
	smaller := min(out, in)
	rank, inner = c.Rank, c.Inner
	if rank == 0 {
		rank = max(1, smaller/8)
	}
	if inner == 0 {
		inner = max(rank+1, smaller/6)
	}
	if rank < 1 || rank > smaller {
		return 0, 0, fmt.Errorf("CABR's rank is %d, expected 1 to %d for a weight [%d, %d]", rank, smaller, out, in)
	}
	if inner <= rank || inner > in {
		return 0, 0, fmt.Errorf("CABR's inner rank is %d, expected more than the rank %d and at most %d for a weight [%d, %d]",
			inner, rank, in, out, in)
	}
	return rank, inner, nil
}

// Init chooses C and R and starts A. With MergeIntoSum there is a frozen "AB_long" [Rank, Rank] as well.
func (c CABR) Init(w Matrix, r *rand.Rand) ([]Tensor, error) {
	if err := w.check(); err != nil {
		return nil, err
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	rank, inner, err := c.Sizes(w.Rows, w.Columns)
	if err != nil {
		return nil, err
	}
	columns, rows, err := choose(w, rank, c.Selection, r)
	if err != nil {
		return nil, fmt.Errorf("CABR: %w", err)
	}
	a, err := c.startA(w, rank, inner)
	if err != nil {
		return nil, err
	}
	tensors := []Tensor{columns, rows,
		{Name: "A", Shape: []int{rank, inner}, Values: a, Trained: true, Decayed: true},
		{Name: "B", Shape: []int{inner, rank}, Values: make([]float32, inner*rank), Trained: true, Decayed: true}}
	if c.Bias {
		tensors = append(tensors, Tensor{Name: "bias", Shape: []int{w.Rows}, Values: make([]float32, w.Rows), Trained: true})
	}
	if c.Merging == MergeIntoSum {
		tensors = append(tensors, Tensor{Name: "AB_long", Shape: []int{rank, rank}, Values: make([]float32, rank*rank)})
	}
	return tensors, nil
}

func (c CABR) check() error {
	switch {
	case c.Start != StartReleased && c.Start != StartPrincipal:
		return fmt.Errorf("CABR's start is %q, expected %s or %s", c.Start, StartReleased, StartPrincipal)
	case c.Merging != MergeIntoWeight && c.Merging != MergeIntoSum && c.Merging != MergeNone:
		return fmt.Errorf("CABR's merge is %q, expected %s, %s or %s", c.Merging, MergeIntoWeight, MergeIntoSum, MergeNone)
	case c.Former != FormerHeld && c.Former != FormerBase:
		return fmt.Errorf("CABR's former weight is %q, expected %s or %s", c.Former, FormerHeld, FormerBase)
	case c.MagNorm != nil:
		return c.MagNorm.Check()
	}
	return nil
}

func (c CABR) startA(w Matrix, rank, inner int) ([]float32, error) {
	a := make([]float32, 0, rank*inner)
	if c.Start == StartReleased {
		for i := range rank {
			a = append(a, w.Values[i*w.Columns:i*w.Columns+inner]...)
		}
		return a, nil
	}
	dense := mat.NewDense(w.Rows, w.Columns, nil)
	for i := range w.Rows {
		for j := range w.Columns {
			dense.Set(i, j, float64(w.At(i, j)))
		}
	}
	var svd mat.SVD
	if !svd.Factorize(dense, mat.SVDThin) {
		return nil, fmt.Errorf("CABR: the singular values of the weight [%d, %d] do not converge", w.Rows, w.Columns)
	}
	var u, v mat.Dense
	svd.UTo(&u)
	svd.VTo(&v)
	sigma := svd.Values(nil)
	for i := range rank {
		for j := range inner {
			sum := 0.0
			for k := range rank {
				sum += u.At(i, k) * sigma[k] * v.At(j, k)
			}
			a = append(a, float32(sum))
		}
	}
	return a, nil
}

// update is C·inside·R.
func update(v map[string]*graph.Node, inside *graph.Node) *graph.Node {
	return product(product(v["C"], inside), v["R"])
}

// Weight is W + C·(AB_long + A·B)·R, fused with the former weight if there is a MagNorm. The bias is no part of it.
func (c CABR) Weight(w *graph.Node, v map[string]*graph.Node) *graph.Node {
	former := w
	if c.Merging == MergeIntoSum {
		w = add(w, update(v, v["AB_long"]))
		if c.Former == FormerHeld {
			former = w
		}
	}
	fused := add(w, update(v, product(v["A"], v["B"])))
	if c.MagNorm == nil {
		return fused
	}
	return c.MagNorm.Fuse(former, fused)
}

// Apply is x·Weightᵀ, plus the bias if there is one. Without MagNorm it stays in the low ranks.
func (c CABR) Apply(x, w *graph.Node, v map[string]*graph.Node) *graph.Node {
	var y *graph.Node
	if c.MagNorm != nil {
		y = project(x, c.Weight(w, v))
	} else {
		low := project(x, v["R"])
		middle := project(project(low, v["B"]), v["A"])
		if c.Merging == MergeIntoSum {
			middle = graph.Add(middle, project(low, v["AB_long"]))
		}
		y = graph.Add(project(x, w), project(middle, v["C"]))
	}
	if c.Bias {
		bias := v["bias"] // [out], or [batch, out] for one per example
		if bias.Rank() == 2 {
			bias = graph.InsertAxes(bias, 1)
		} else {
			bias = graph.InsertAxes(bias, 0, 0)
		}
		y = graph.Add(y, bias)
	}
	return y
}

// Merge keeps the update as Merging says, and gives the weight and all tensors. It never merges what MagNorm made of
// the update: that would scale the weight at every merge.
func (c CABR) Merge(w *graph.Node, v map[string]*graph.Node) (*graph.Node, map[string]*graph.Node) {
	inside := product(v["A"], v["B"])
	switch c.Merging {
	case MergeIntoWeight:
		return add(w, update(v, inside)), with(v, "B", graph.ZerosLike(v["B"]))
	case MergeIntoSum:
		v = with(v, "AB_long", add(v["AB_long"], inside))
		return w, with(v, "B", graph.ZerosLike(v["B"]))
	}
	return w, v
}
