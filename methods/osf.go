package methods

import (
	"fmt"
	"maps"
	"slices"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"secura/methods/adapter"
)

// OSFParams are the parameters of orthogonal subspace fine-tuning.
type OSFParams struct {
	// First and Last are the shares of each weight's singular directions that the first and the
	// last task preserve; the tasks between have shares between them, evenly spaced. [0.3 and 0.7:
	// the directions that later tasks may change grow fewer]
	First float64 `yaml:"first"`
	Last  float64 `yaml:"last"`
}

// OSF trains what each weight holds of its small singular directions, orthogonal to the large ones,
// which it preserves. At each task's end what was learned becomes part of the weight, which is
// decomposed again, and more of it is preserved.
var OSF = Method{
	Name: "osf",
	Doc: "Orthogonal subspace fine-tuning: a weight's large singular directions are preserved, the small ones are trained and " +
		"held orthogonal to them; each task decomposes the weight again and preserves more of it.",
	Source: "arXiv 2504.07097; start and subspaces checked against peft 0.21.2, which projects the gradient where this projects " +
		"the weight.",
	Cost:   1.5,
	Params: OSFParams{0.3, 0.7},
	Tuning: Tuning{Least: 1e-4, Largest: 3e-3, Coefficient: shares("last", 2, 0.3, 0.5, 0.7, 0.9)},
	Adapter: func(params any) (adapter.Adapter, error) {
		p := params.(*OSFParams)
		if !(p.First >= 0 && p.First <= p.Last && p.Last < 1) {
			return nil, fmt.Errorf("first is %g and last %g, expected 0 ≤ first ≤ last < 1", p.First, p.Last)
		}
		return adapter.OSF{Preserved: p.First}, nil
	},
	Start: func(params any, s *Session) (Hooks, error) {
		p := params.(*OSFParams)
		return Hooks{AfterTask: func(t *TaskEnd) error {
			if t.Index >= s.Tasks {
				return nil
			}
			return t.nextSubspace(p.First + (p.Last-p.First)*float64(t.Index)/float64(s.Tasks-1))
		}}, nil
	},
}

// nextSubspace makes what was learned part of the weights and decomposes them again.
func (t *TaskEnd) nextSubspace(preserved float64) error {
	s := t.session
	weights, err := s.Effective()
	if err != nil {
		return err
	}
	defer func() { release(slices.Collect(maps.Values(weights))) }()
	var fresh []*tensors.Tensor
	defer func() { release(fresh) }()
	for _, p := range s.projections {
		w := weights[p.WeightName()]
		if err := CheckFinite("weight "+p.WeightName(), w); err != nil {
			return err
		}
		values, err := tensors.CopyFlatData[float32](w)
		if err != nil {
			return err
		}
		shape := w.Shape().Dimensions
		list, err := adapter.OSF{Preserved: preserved}.Init(adapter.Matrix{Rows: shape[0], Columns: shape[1], Values: values}, nil)
		if err != nil {
			return fmt.Errorf("adapt %s: %w", p.WeightName(), err)
		}
		for _, one := range list {
			fresh = append(fresh, tensors.FromFlatDataAndDimensions(one.Values, one.Shape...))
		}
	}
	return t.Update("decompose", fresh, func(v Vars, fresh []*graph.Node) {
		for _, p := range s.projections {
			v[Name(p, "", baseTensor)] = s.adapter.Weight(v.Base(p), v.Of(s, p, ""))
			for _, one := range s.adapterTensors[p] {
				v[Name(p, "", one.Name)], fresh = fresh[0], fresh[1:]
			}
		}
	})
}
