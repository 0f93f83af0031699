package methods

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Perturbed are the weights of the targeted projections with noise, by the backbone's names: to
// each entry is added a normal number with so many of the weight's own standard deviations. It is a
// reference for measures of what a model has kept: half a deviation on q_proj and v_proj destroys
// SmolLM2. The caller releases them.
func (b *Base) Perturbed(targets []string, deviations float64, r *rand.Rand) (map[string]*tensors.Tensor, error) {
	projections, err := b.Projections(targets)
	if err != nil {
		return nil, fmt.Errorf("perturb: %w", err)
	}
	noisy := map[string]*tensors.Tensor{}
	for _, p := range projections {
		w, err := b.matrix(p)
		if err != nil {
			return nil, fmt.Errorf("perturb %s: %w", p.WeightName(), err)
		}
		sum, square, n := 0.0, 0.0, float64(len(w.Values))
		for _, x := range w.Values {
			sum += float64(x)
			square += float64(x) * float64(x)
		}
		scale := deviations * math.Sqrt(max(square/n-sum/n*sum/n, 0))
		for i := range w.Values {
			w.Values[i] += float32(scale * r.NormFloat64())
		}
		noisy[p.WeightName()] = tensors.FromFlatDataAndDimensions(w.Values, w.Rows, w.Columns)
	}
	return noisy, nil
}

// Mixture are θ₀ + mix·(θ − θ₀) of the pretrained weights θ₀ and those of effective, θ, by their
// names. The caller releases them.
func (b *Base) Mixture(effective map[string]*tensors.Tensor, mix float64) (map[string]*tensors.Tensor, error) {
	names := slices.Sorted(maps.Keys(effective))
	share := tensors.FromScalar(float32(mix))
	defer share.FinalizeAll()
	inputs := []*tensors.Tensor{share}
	for _, name := range names {
		inputs = append(inputs, b.Model.Weights[name], effective[name])
	}
	outputs, err := b.Run("mixture of "+strings.Join(names, ", "), inputs, func(inputs []*graph.Node) (mixed []*graph.Node) {
		for i := 1; i < len(inputs); i += 2 {
			learned := inputs[i+1]
			before := graph.ConvertDType(inputs[i], learned.DType())
			mixed = append(mixed, graph.Add(before, graph.Mul(graph.Sub(learned, before), inputs[0])))
		}
		return mixed
	})
	if err != nil {
		return nil, fmt.Errorf("mix weights: %w", err)
	}
	mixed := map[string]*tensors.Tensor{}
	for i, name := range names {
		mixed[name] = outputs[i]
	}
	return mixed, nil
}
