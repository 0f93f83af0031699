package methods

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"secura/methods/adapter"
	"secura/methods/weights"
)

// Effective computes the weights that are to be evaluated, by the backbone's names: those of the
// adapted projections, and zeros for their biases where the method drops them. The caller releases
// them.
func (s *Session) Effective() (map[string]*tensors.Tensor, error) {
	effective := map[string]*tensors.Tensor{}
	if len(s.projections) == 0 {
		return effective, nil
	}
	outputs, err := s.base.Run(s.key+"/effective", s.values(), func(inputs []*graph.Node) []*graph.Node {
		vars := s.vars(inputs)
		list := make([]*graph.Node, len(s.projections))
		for i, p := range s.projections {
			if s.hooks.EvalWith != nil {
				list[i] = s.hooks.EvalWith(p, vars)
			} else {
				list[i] = s.adapter.Weight(vars.Base(p), vars.Of(s, p, ""))
			}
		}
		return list
	})
	if err != nil {
		return nil, fmt.Errorf("compute effective weights: %w", err)
	}
	for i, p := range s.projections {
		effective[p.WeightName()] = outputs[i]
		if bias, ok := s.base.Model.Weights[p.BiasName()]; ok && s.hooks.DropBias {
			effective[p.BiasName()] = tensors.FromShape(bias.Shape())
		}
	}
	return effective, nil
}

// WeightWith is the weight of a projection with another copy of the adapter's trained tensors, for
// EvalWith.
func (s *Session) WeightWith(v Vars, p Projection, copy string) *graph.Node {
	return s.adapter.Weight(v.Base(p), v.adapted(s, p, copy))
}

// PEFT is the session's adapter as it was trained, if the peft library computes what is evaluated
// from it: LoRA or DoRA on the backbone's own weights. ok is false for any other. Base is left
// empty.
func (s *Session) PEFT() (p weights.PEFT, ok bool, err error) {
	var lora adapter.LoRA
	switch a := s.adapter.(type) {
	case adapter.LoRA:
		lora = a
	case adapter.DoRA:
		lora, p.DoRA = adapter.LoRA(a), true
	default:
		return p, false, nil
	}
	if s.hooks.EvalWith != nil || s.hooks.EvalForward {
		return p, false, nil
	}
	for _, projection := range s.projections {
		if s.find(Name(projection, "", baseTensor)).written {
			return weights.PEFT{}, false, nil
		}
		shape := s.base.Model.Weights[projection.WeightName()].Shape().Dimensions
		m := weights.PEFTModule{Name: strings.TrimSuffix(projection.WeightName(), ".weight"), Rank: lora.Rank,
			Out: shape[0], In: shape[1], Scale: lora.Alpha / float64(lora.Rank)}
		parts := map[string]*[]float32{"A": &m.A, "B": &m.B}
		if p.DoRA {
			parts[adapter.Magnitude] = &m.Magnitude
		}
		for name, values := range parts {
			if *values, err = tensors.CopyFlatData[float32](s.find(Name(projection, "", name)).value); err != nil {
				return weights.PEFT{}, false, err
			}
		}
		p.Modules = append(p.Modules, m)
	}
	slices.SortFunc(p.Modules, func(a, b weights.PEFTModule) int { return strings.Compare(a.Name, b.Name) })
	return p, true, nil
}
