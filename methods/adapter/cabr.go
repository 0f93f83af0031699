package adapter

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

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
	// FormerUpdated is what was held with this step's change, to which the change is added a second
	// time: SECURA's released M2. B's gradient is then three times that of M1.
	FormerUpdated Former = "updated"
)

var formers = []Former{FormerHeld, FormerBase, FormerUpdated}

// CABR is W + C·A·B·R with frozen columns C [out, Rank] and rows R [Rank, in] of the pretrained
// weight and trained A [Rank, Inner] and B [Inner, Rank], Inner > Rank; B starts at 0. With MagNorm
// and a merge after each step it is SECURA. The paper is arXiv 2502.18168; the formulas were
// checked against its release. MergeIntoSum differs from that: there the accumulator is no part of
// the forward pass.
type CABR struct {
	// Rank 0 is 150 and Inner 0 is 200 by Rule; the inner rank stays above the rank.
	Rank, Inner int
	Rule        SizeRule
	Selection   Selection
	Start       Start
	// Bias adds a trained and decayed "bias" [out], which starts at 0 and is never merged, to the
	// output.
	Bias bool
	// MagNorm fuses the updated weight, or output, with the former one; nil takes the updated one.
	MagNorm *MagNorm
	// Former matters only with MagNorm; base differs from held only with MergeIntoSum.
	Former  Former
	Merging MergeMode
	// Precision matters only where merges write the weight.
	Precision MergePrecision
}

var _ Adapter = CABR{}

// ProjectionBias is the backbone's own bias [out] of a projection, which Apply needs where MagNorm
// fuses outputs and the backbone has one; whoever calls Apply puts it among the tensors and adds it
// to the result as always.
const ProjectionBias = "projection bias"

// Sizes gives the two ranks for a weight [out, in], or an error with the values that do not fit.
func (c CABR) Sizes(out, in int) (rank, inner int, err error) {
	smaller := min(out, in)
	rank = cmp.Or(c.Rank, c.Rule.rank(out, in))
	inner = cmp.Or(c.Inner, c.Rule.size(PublishedInner, in, rank+1, in))
	if rank < 1 || rank > smaller {
		return 0, 0, fmt.Errorf("CABR's rank is %d, expected 1 to %d for a weight [%d, %d]%s", rank, smaller, out, in, c.hint(c.Rank))
	}
	if inner <= rank || inner > in {
		return 0, 0, fmt.Errorf("CABR's inner rank is %d, expected more than the rank %d and at most %d for a weight [%d, %d]%s",
			inner, rank, in, out, in, c.hint(c.Inner))
	}
	return rank, inner, nil
}

// hint says what helps where a published size does not fit.
func (c CABR) hint(explicit int) string {
	if explicit == 0 && c.Rule == SizesAbsolute {
		return "; the rule of sizes width fits it to the weight"
	}
	return ""
}

// Init chooses C and R and starts A. MergeIntoSum has a frozen "AB_long" [Rank, Rank] as well,
// MergeIntoUnusedSum a "B_long" like B, and restraint its norms and draws.
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
		tensors = append(tensors, Tensor{Name: "bias", Shape: []int{w.Rows}, Values: make([]float32, w.Rows), Trained: true, Decayed: true})
	}
	switch c.Merging {
	case MergeIntoSum:
		tensors = append(tensors, Tensor{Name: "AB_long", Shape: []int{rank, rank}, Values: make([]float32, rank*rank)})
	case MergeIntoUnusedSum:
		tensors = append(tensors, Tensor{Name: "B_long", Shape: []int{inner, rank}, Values: make([]float32, inner*rank)})
	}
	if c.MagNorm != nil && c.MagNorm.Restraint != nil {
		tensors = append(tensors, restraintTensors(w)...)
	}
	return tensors, nil
}

func (c CABR) check() error {
	if err := errors.Join(c.Rule.check(), c.Precision.check()); err != nil {
		return fmt.Errorf("CABR: %w", err)
	}
	switch {
	case c.Start != StartReleased && c.Start != StartPrincipal:
		return fmt.Errorf("CABR's start (init) is %q, expected %s or %s", c.Start, StartReleased, StartPrincipal)
	case !slices.Contains(formers, c.Former):
		return fmt.Errorf("CABR's former weight is %q, expected one of %v", c.Former, formers)
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

// Weight is W + C·(AB_long + A·B)·R, fused with the former weight if there is a MagNorm of weights.
// The bias, and what a MagNorm of outputs does, are no part of it.
func (c CABR) Weight(w *graph.Node, v map[string]*graph.Node) *graph.Node {
	former, fused := c.Parts(w, v)
	if !c.FusesWeights() {
		return fused
	}
	divisor := c.MagNorm.Divisor(former, fused)
	if restraint := c.MagNorm.Restraint; restraint != nil {
		drawn := graph.InsertAxes(restraint.drawn(v, c.rank(v)), -1) // rows of G
		fused = restraint.apply(fused, divisor, alike(drawn, fused))
	}
	return c.MagNorm.result(former, fused, divisor)
}

// FusesWeights says whether the forward pass multiplies by a weight that MagNorm made.
func (c CABR) FusesWeights() bool { return c.MagNorm != nil && c.MagNorm.Space != SpaceActivation }

// Parts are the two weights that MagNorm fuses: the former one, and the one with the change.
func (c CABR) Parts(w *graph.Node, v map[string]*graph.Node) (former, fused *graph.Node) {
	held := w
	if c.Merging == MergeIntoSum {
		held = add(w, update(v, v["AB_long"]))
	}
	return c.pair(w, held, c.Change(v))
}

// pair gives the former and the fused of weights or outputs: without the adapter, as held, and the
// change.
func (c CABR) pair(base, held, change *graph.Node) (former, fused *graph.Node) {
	switch {
	case c.MagNorm == nil || c.Former == FormerHeld:
		return held, add(held, change)
	case c.Former == FormerBase:
		return base, add(held, change)
	}
	former = add(held, change)
	return former, add(former, change)
}

// Apply is x·Weightᵀ, plus the bias if there is one; a MagNorm of outputs fuses x·Wᵀ and the
// adapted output, the bias in it and to both the ProjectionBias added that v may hold, which is
// taken off again.
func (c CABR) Apply(x, w *graph.Node, v map[string]*graph.Node) *graph.Node {
	if c.FusesWeights() {
		return c.addBias(project(x, c.Weight(w, v)), v)
	}
	former, adapted := c.outputs(x, w, v)
	if c.MagNorm == nil {
		return adapted
	}
	y, _ := c.fuseOutputs(former, adapted, v)
	return y
}

// Outputs are, where a MagNorm fuses outputs, the layer's output without the adapter, with it, and
// S, each [batch, length, out], the ProjectionBias in both outputs.
func (c CABR) Outputs(x, w *graph.Node, v map[string]*graph.Node) (base, adapted, divisor *graph.Node) {
	former, fused := c.outputs(x, w, v)
	base = project(x, w)
	adapted, divisor = c.fuseOutputs(former, fused, v)
	if bias := v[ProjectionBias]; bias != nil {
		bias = graph.InsertAxes(bias, 0, 0)
		base, adapted = graph.Add(base, bias), graph.Add(adapted, bias)
	}
	return base, adapted, divisor
}

// outputs are what a MagNorm of outputs fuses, [batch, length, out], the trained bias in the
// second.
func (c CABR) outputs(x, w *graph.Node, v map[string]*graph.Node) (former, adapted *graph.Node) {
	base, low := project(x, w), project(x, v["R"])
	held := base
	if c.Merging == MergeIntoSum {
		held = graph.Add(base, project(project(low, v["AB_long"]), v["C"]))
	}
	change := project(project(project(low, v["B"]), v["A"]), v["C"])
	former, adapted = c.pair(base, held, change)
	return former, c.addBias(adapted, v)
}

// fuseOutputs fuses outputs [batch, length, out], and gives S. The share that restraint asks for is
// over a row's outputs, padding counted, so that a row does not depend on the others; the release
// has one row.
func (c CABR) fuseOutputs(former, adapted *graph.Node, v map[string]*graph.Node) (y, divisor *graph.Node) {
	bias := v[ProjectionBias]
	if bias != nil {
		bias = graph.InsertAxes(bias, 0, 0)
		former, adapted = graph.Add(former, bias), graph.Add(adapted, bias)
	}
	divisor = c.MagNorm.divisor(former, adapted, -1)
	if restraint := c.MagNorm.Restraint; restraint != nil {
		adapted = restraint.apply(adapted, divisor, everyToken(restraint.drawn(v, c.rank(v))))
	}
	y = c.MagNorm.result(former, adapted, divisor)
	if bias != nil {
		y = graph.Sub(y, bias)
	}
	return y, divisor
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
	return graph.Add(y, everyToken(v["bias"]))
}

// everyToken gives [out], or [batch, out], the axes of outputs [batch, length, out].
func everyToken(x *graph.Node) *graph.Node {
	if x.Rank() == 2 {
		return graph.InsertAxes(x, 1)
	}
	return graph.InsertAxes(x, 0, 0)
}
