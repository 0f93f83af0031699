package adapter

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/gomlx/gomlx/core/graph"
	"gonum.org/v1/gonum/mat"
)

// OSF, orthogonal subspace fine-tuning, trains what a weight holds of its small singular directions
// and keeps the large ones. Of W = Σ_j σ_j u_j v_jᵀ the first Preserved share of the directions
// stays as it is. The others are trained as U, S and V, and held orthogonal to the kept ones inside
// the forward pass:
//
//	W + P_u U diag(S) V P_v − the same at the start,   P_u = I − U_k U_kᵀ,   P_v = I − V_kᵀ V_k
//
// with the kept directions U_k [out, k] and V_k [k, in] (arXiv 2504.07097). The peft library
// projects the gradient instead, before the optimiser: where that is Adam, whose step is no
// multiple of the gradient, U leaves the subspace there.
type OSF struct {
	// Preserved is the share of the singular directions that is kept, from 0 to below 1.
	Preserved float64
}

var _ Adapter = OSF{}

// Kept is how many of n directions are kept.
func (o OSF) Kept(n int) int { return int(o.Preserved * float64(n)) }

// Init decomposes w: n = min(out, in) directions; U [out, n], S [1, n] and V [n, in] are trained
// and start as the frozen U0, S0 and V0. "low" [1, n] is 0 for the kept directions, whose columns
// of U, S and V are never used, and 1 for the others.
func (o OSF) Init(w Matrix, _ *rand.Rand) ([]Tensor, error) {
	if err := w.check(); err != nil {
		return nil, err
	}
	if !(o.Preserved >= 0 && o.Preserved < 1) {
		return nil, fmt.Errorf("the preserved share is %v, expected from 0 to below 1", o.Preserved)
	}
	var svd mat.SVD
	if !svd.Factorize(w.Dense(), mat.SVDThin) {
		return nil, fmt.Errorf("the singular value decomposition of a weight [%d, %d] does not converge", w.Rows, w.Columns)
	}
	n := min(w.Rows, w.Columns)
	var u, v mat.Dense
	svd.UTo(&u)
	svd.VTo(&v)
	us, vs, ss, low := flat(&u), flat(v.T()), make([]float32, n), make([]float32, n)
	for j, sigma := range svd.Values(nil) {
		ss[j] = float32(sigma)
		if j >= o.Kept(n) {
			low[j] = 1
		}
	}
	list := []Tensor{{Name: "low", Shape: []int{1, n}, Values: low}}
	for _, t := range []Tensor{
		{Name: "U", Shape: []int{w.Rows, n}, Values: us}, {Name: "S", Shape: []int{1, n}, Values: ss}, {Name: "V", Shape: []int{n, w.Columns}, Values: vs},
	} {
		list = append(list, Tensor{Name: t.Name + "0", Shape: t.Shape, Values: slices.Clone(t.Values)})
		t.Trained = true // decay would pull the weight itself to 0
		list = append(list, t)
	}
	return list, nil
}

// flat are a matrix's values row by row.
func flat(m mat.Matrix) []float32 {
	rows, columns := m.Dims()
	values := make([]float32, 0, rows*columns)
	for i := range rows {
		for j := range columns {
			values = append(values, float32(m.At(i, j)))
		}
	}
	return values
}

// Weight is W + P_u U diag(S) V P_v − the same at the start.
func (OSF) Weight(w *graph.Node, v map[string]*graph.Node) *graph.Node {
	kept := graph.OneMinus(v["low"])
	uKept, v0 := scaled(v["U0"], kept), v["V0"]
	part := func(u, s, vt *graph.Node) *graph.Node {
		u = add(u, graph.Neg(product(uKept, product(transposed(v["U0"]), u))))
		vt = add(vt, graph.Neg(product(scaled(product(vt, transposed(v0)), kept), v0)))
		return product(scaled(u, scaled(s, v["low"])), vt)
	}
	return add(w, add(part(v["U"], v["S"], v["V"]), graph.Neg(part(v["U0"], v["S0"], v0))))
}

// Apply is x·Weightᵀ.
func (o OSF) Apply(x, w *graph.Node, v map[string]*graph.Node) *graph.Node {
	return project(x, o.Weight(w, v))
}

// scaled is a with its columns multiplied by s [1, columns]; either may have a leading batch axis.
func scaled(a, s *graph.Node) *graph.Node { return graph.Mul(alike(a, s), alike(s, a)) }

// transposed is the transpose of a matrix, which may have a leading batch axis.
func transposed(a *graph.Node) *graph.Node { return graph.Transpose(a, -2, -1) }
