package adapter

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// StartIdentityError is the largest |U[:r,:]·Σ·V[:m,:]ᵀ − W[:r,:m]| for the ranks r and m that w
// gets: how far SECURA's released start of A, which takes a whole singular value decomposition, is
// from the block of W that it equals.
func (c CABR) StartIdentityError(w Matrix) (float64, error) {
	if err := w.check(); err != nil {
		return 0, err
	}
	rank, inner, err := c.Sizes(w.Rows, w.Columns)
	if err != nil {
		return 0, err
	}
	var svd mat.SVD
	if !svd.Factorize(w.Dense(), mat.SVDThin) {
		return 0, fmt.Errorf("CABR: the singular values of the weight [%d, %d] do not converge", w.Rows, w.Columns)
	}
	var u, v, scaled, product mat.Dense
	svd.UTo(&u)
	svd.VTo(&v)
	sigma := svd.Values(nil)
	scaled.Mul(u.Slice(0, rank, 0, len(sigma)), mat.NewDiagDense(len(sigma), sigma))
	product.Mul(&scaled, v.Slice(0, inner, 0, len(sigma)).T())
	largest := 0.0
	for i := range rank {
		for j := range inner {
			largest = max(largest, math.Abs(product.At(i, j)-float64(w.At(i, j))))
		}
	}
	return largest, nil
}

// Dense is the matrix in double precision.
func (m Matrix) Dense() *mat.Dense {
	values := make([]float64, len(m.Values))
	for i, x := range m.Values {
		values[i] = float64(x)
	}
	return mat.NewDense(m.Rows, m.Columns, values)
}
