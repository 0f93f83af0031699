package adapter

import (
	"fmt"
	"math/rand/v2"

	"github.com/gomlx/gomlx/core/graph"
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
// SECURA. The paper is arXiv 2502.18168; the formulas were checked against its release. MergeIntoSum differs from that
// where it does not learn: the accumulator is part of the forward pass.
type CABR struct {
	// Rank 0 means max(1, ⌊d/8⌋) and Inner 0 means max(Rank+1, ⌊d/6⌋), with d = min(out, in).
	Rank, Inner int
	Selection   Selection
	Start       Start
	// Bias adds a trained "bias" [out], which starts at 0, to the output.
	Bias bool
	// MagNorm fuses the updated weight, or output, with the former one; nil takes the updated one.
	MagNorm *MagNorm
	// Former matters only with MagNorm and MergeIntoSum.
	Former  Former
	Merging MergeMode
}

var _ Adapter = CABR{}

// ProjectionBias is the backbone's own bias [out] of a projection, which Apply needs where MagNorm fuses outputs and the
// backbone has one; whoever calls Apply puts it among the tensors and adds it to the result as always.
const ProjectionBias = "projection bias"

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

// Init chooses C and R and starts A. The ways to merge into a sum have a frozen "AB_long" [Rank, Rank] as well.
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
	if c.Merging.sums() {
		tensors = append(tensors, Tensor{Name: "AB_long", Shape: []int{rank, rank}, Values: make([]float32, rank*rank)})
	}
	return tensors, nil
}

func (c CABR) check() error {
	switch {
	case c.Start != StartReleased && c.Start != StartPrincipal:
		return fmt.Errorf("CABR's start is %q, expected %s or %s", c.Start, StartReleased, StartPrincipal)
	case c.Former != FormerHeld && c.Former != FormerBase:
		return fmt.Errorf("CABR's former weight is %q, expected %s or %s", c.Former, FormerHeld, FormerBase)
	case c.MagNorm != nil:
		if err := c.MagNorm.Check(); err != nil {
			return err
		}
	}
	return c.checkMerging()
}

// update is C·inside·R.
func update(v map[string]*graph.Node, inside *graph.Node) *graph.Node {
	return product(product(v["C"], inside), v["R"])
}

// Change is C·A·B·R, what was trained since the last merge.
func (c CABR) Change(v map[string]*graph.Node) *graph.Node { return update(v, product(v["A"], v["B"])) }

// Weight is W + C·(AB_long + A·B)·R, fused with the former weight if there is a MagNorm of weights. The bias, and what
// a MagNorm of outputs does, are no part of it.
func (c CABR) Weight(w *graph.Node, v map[string]*graph.Node) *graph.Node {
	former, fused := c.Parts(w, v)
	if !c.FusesWeights() {
		return fused
	}
	return c.MagNorm.Fuse(former, fused)
}

// FusesWeights says whether the forward pass multiplies by a weight that MagNorm made.
func (c CABR) FusesWeights() bool { return c.MagNorm != nil && c.MagNorm.Space != SpaceActivation }

// Parts are the two weights that MagNorm fuses: the former one, and the one with the change.
func (c CABR) Parts(w *graph.Node, v map[string]*graph.Node) (former, fused *graph.Node) {
	former = w
	if c.Merging == MergeIntoSum {
		w = add(w, update(v, v["AB_long"]))
		if c.Former == FormerHeld {
			former = w
		}
	}
	return former, add(w, c.Change(v))
}

// Apply is x·Weightᵀ, plus the bias if there is one; a MagNorm of outputs fuses x·Wᵀ and the adapted output, the bias in
// it and to both the ProjectionBias added that v may hold, which is taken off again. With DrawsTensor in v restraint acts.
func (c CABR) Apply(x, w *graph.Node, v map[string]*graph.Node) *graph.Node {
	if c.FusesWeights() {
		return c.addBias(project(x, c.restrained(w, v)), v)
	}
	base, low := project(x, w), project(x, v["R"])
	held := base
	if c.Merging == MergeIntoSum {
		held = graph.Add(base, project(project(low, v["AB_long"]), v["C"]))
	}
	change := project(project(project(low, v["B"]), v["A"]), v["C"])
	adapted := c.addBias(graph.Add(held, change), v)
	if c.MagNorm == nil {
		return adapted
	}
	former := held
	if c.Former == FormerBase {
		former = base
	}
	return c.fuseOutputs(former, adapted, w, v)
}

// restrained is Weight with restraint where v has draws.
func (c CABR) restrained(w *graph.Node, v map[string]*graph.Node) *graph.Node {
	draws, restraint := v[DrawsTensor], c.MagNorm.Restraint
	if draws == nil || restraint == nil {
		return c.Weight(w, v)
	}
	former, fused := c.Parts(w, v)
	divisor := c.MagNorm.Divisor(former, fused)
	drawn := graph.InsertAxes(restraint.drawn(w, draws, c.rank(v)), -1) // rows of G
	return c.MagNorm.result(former, restraint.apply(fused, divisor, alike(drawn, fused), -2, -1), divisor)
}

// fuseOutputs fuses outputs [batch, length, out]. The share that restraint asks for is over all of them.
func (c CABR) fuseOutputs(former, adapted, w *graph.Node, v map[string]*graph.Node) *graph.Node {
	bias := v[ProjectionBias]
	if bias != nil {
		bias = graph.InsertAxes(bias, 0, 0)
		former, adapted = graph.Add(former, bias), graph.Add(adapted, bias)
	}
	divisor := c.MagNorm.divisor(former, adapted, -1)
	if draws, restraint := v[DrawsTensor], c.MagNorm.Restraint; draws != nil && restraint != nil {
		drawn := graph.InsertAxes(restraint.drawn(w, draws, c.rank(v)), 0, 0)
		adapted = restraint.apply(adapted, divisor, drawn, 0, 1, 2)
	}
	y := c.MagNorm.result(former, adapted, divisor)
	if bias != nil {
		y = graph.Sub(y, bias)
	}
	return y
}

// rank is the number of rows R of v.
func (c CABR) rank(v map[string]*graph.Node) int {
	shape := v["R"].Shape().Dimensions
	return shape[len(shape)-2]
}

// addBias adds the trained bias if there is one: [out], or [batch, out] for one per example.
func (c CABR) addBias(y *graph.Node, v map[string]*graph.Node) *graph.Node {
	if !c.Bias {
		return y
	}
	bias := v["bias"]
	if bias.Rank() == 2 {
		return graph.Add(y, graph.InsertAxes(bias, 1))
	}
	return graph.Add(y, graph.InsertAxes(bias, 0, 0))
}
