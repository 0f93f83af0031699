package adapter

import (
	"fmt"

	"gonum.org/v1/gonum/mat"
)

// Start says how CABR's A begins.
type Start string

// The ways to start A.
const (
	// StartReleased is the block W[:rank, :inner]: SECURA's release computes
	// U[:rank,:]·Σ·V[:inner,:]ᵀ, which is that block.
	StartReleased Start = "released"
	// StartPrincipal takes only the first rank singular values, as the paper's text says.
	StartPrincipal Start = "principal"
)

func (c CABR) startA(w Matrix, rank, inner int) ([]float32, error) {
	a := make([]float32, 0, rank*inner)
	if c.Start == StartReleased {
		for i := range rank {
			a = append(a, w.Values[i*w.Columns:i*w.Columns+inner]...)
		}
		return a, nil
	}
	var svd mat.SVD
	if !svd.Factorize(w.Dense(), mat.SVDThin) {
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
