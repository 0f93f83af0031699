package methods

import (
	"fmt"
	"math"

	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/mat"

	"secura/methods/adapter"
)

// MeasureBoundary measures how far the effective weights, as Effective gives them, are from the
// pretrained ones:
//
//	update/frobenius       the norm ‖W_effective − W_pretrained‖_F of all adapted projections together
//	update/relative        the same over ‖W_pretrained‖_F
//	weight/frobenius       ‖W_effective‖_F of all of them together, which SECURA's release measures in its SVD norm
//	update/spectral        the update's largest singular value, the mean over the projections
//	update/effective_rank  exp of the entropy of the update's singular values over their sum (Roy and Vetterli 2007), the
//	                       mean over the projections that moved; there is none where none did
//
// Of weights that are not finite the measures are not finite either.
//
// The update is that of the single-precision weights: where it is as small as their rounding, that
// is part of it.
func (s *Session) MeasureBoundary(effective map[string]*tensors.Tensor) ([]Measure, error) {
	if len(s.projections) == 0 {
		return nil, nil
	}
	var square, whole, held, largest, rank float64
	moved := 0
	for _, p := range s.projections {
		before, err := s.base.matrix(p)
		if err != nil {
			return nil, err
		}
		after, err := tensors.CopyFlatData[float32](effective[p.WeightName()])
		if err != nil {
			return nil, err
		}
		update := adapter.Matrix{Rows: before.Rows, Columns: before.Columns, Values: after}.Dense()
		update.Sub(update, before.Dense())
		one := mat.Norm(update, 2)
		square += one * one
		for i, w := range before.Values {
			whole += float64(w) * float64(w)
			held += float64(after[i]) * float64(after[i])
		}
		if one == 0 {
			continue
		}
		moved++
		if math.IsNaN(one) || math.IsInf(one, 0) { // and so is every sum
			largest, rank = one, one
			continue
		}
		sigma, err := singularValues(update)
		if err != nil {
			return nil, fmt.Errorf("measure the update of %s: %w", p.WeightName(), err)
		}
		largest += sigma[0]
		rank += effectiveRank(sigma)
	}
	list := []Measure{
		{"update/frobenius", math.Sqrt(square)},
		{"update/relative", math.Sqrt(square / whole)},
		{"update/spectral", largest / float64(len(s.projections))},
		{"weight/frobenius", math.Sqrt(held)},
	}
	if moved > 0 {
		list = append(list, Measure{"update/effective_rank", rank / float64(moved)})
	}
	return list, nil
}

// MeasureStart measures what a method starts from: for CABR cabr/a0_identity_error, the largest
// |U[:r]·Σ·V[:m]ᵀ − W[:r,:m]| of all adapted weights.
func (s *Session) MeasureStart() ([]Measure, error) {
	cabr, ok := s.adapter.(adapter.CABR)
	if !ok {
		return nil, nil
	}
	const name = "cabr/a0_identity_error"
	key := s.key + "/" + name
	if m, known := s.base.starts[key]; known { // the weights are the same for every seed
		return []Measure{m}, nil
	}
	m := Measure{Name: name}
	for _, p := range s.projections {
		w, err := s.base.matrix(p)
		if err != nil {
			return nil, err
		}
		one, err := cabr.StartIdentityError(w)
		if err != nil {
			return nil, fmt.Errorf("measure the start of %s: %w", p.WeightName(), err)
		}
		m.Value = max(m.Value, one)
	}
	s.base.starts[key] = m
	return []Measure{m}, nil
}

// singularValues are a finite matrix's, the largest first.
func singularValues(m *mat.Dense) ([]float64, error) {
	rows, columns := m.Dims()
	var svd mat.SVD
	if !svd.Factorize(m, mat.SVDNone) {
		return nil, fmt.Errorf("the singular values of a matrix [%d, %d] do not converge", rows, columns)
	}
	return svd.Values(nil), nil
}

// effectiveRank is exp(−Σ p ln p) for p = σ/Σσ, from 1 to the number of values; σ are not all 0.
func effectiveRank(sigma []float64) float64 {
	total, entropy := 0.0, 0.0
	for _, x := range sigma {
		total += x
	}
	for _, x := range sigma {
		if p := x / total; p > 0 {
			entropy -= p * math.Log(p)
		}
	}
	return math.Exp(entropy)
}
