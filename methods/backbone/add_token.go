package backbone

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"

	"secura/methods/weights"
)

// AddToken gives the model a token more, with the id that was the size of its vocabulary: its row
// of the embedding, and of a head of its own, is the mean of the others.
func (m *Model) AddToken() error {
	c := m.Config
	c.Vocabulary++
	if err := c.check(); err != nil {
		return fmt.Errorf("add a token: %w", err)
	}
	names := []string{embeddingName}
	if !c.TiedEmbeddings {
		names = append(names, headName)
	}
	for _, name := range names {
		old := m.Weights[name]
		var longer *tensors.Tensor
		var err error
		if old.DType() == dtypes.BFloat16 {
			longer, err = withMeanRow(old, weights.Half.Float32, weights.RoundToHalf)
		} else {
			same := func(x float32) float32 { return x }
			longer, err = withMeanRow(old, same, same)
		}
		if err != nil {
			return fmt.Errorf("add a token to %s: %w", name, err)
		}
		m.Weights[name] = longer
		if err := old.FinalizeAll(); err != nil {
			return err
		}
	}
	m.Config = c
	return nil
}

// withMeanRow is a matrix with the mean of its rows as one more.
func withMeanRow[T float32 | weights.Half](t *tensors.Tensor, value func(T) float32, round func(float32) T) (*tensors.Tensor, error) {
	rows, width := t.Shape().Dimensions[0], t.Shape().Dimensions[1]
	longer := make([]T, (rows+1)*width)
	sums := make([]float64, width)
	if err := tensors.ConstFlatData(t, func(flat []T) {
		copy(longer, flat)
		for i, x := range flat {
			sums[i%width] += float64(value(x))
		}
	}); err != nil {
		return nil, err
	}
	for j, sum := range sums {
		longer[rows*width+j] = round(float32(sum / float64(rows)))
	}
	return tensors.FromFlatDataAndDimensions(longer, rows+1, width), nil
}
