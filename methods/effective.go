package methods

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Effective computes the weights that are to be evaluated, by the backbone's names: those of the adapted projections.
// The caller releases them.
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
	}
	return effective, nil
}

// WeightWith is the weight of a projection with another copy of the adapter's trained tensors, for EvalWith.
func (s *Session) WeightWith(v Vars, p Projection, copy string) *graph.Node {
	return s.adapter.Weight(v.Base(p), v.adapted(s, p, copy))
}
