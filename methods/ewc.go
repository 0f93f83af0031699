package methods

import (
	"fmt"
	"math"

	"github.com/gomlx/gomlx/core/graph"

	"secura/methods/adapter"
)

// EWCParams are the parameters of elastic weight consolidation.
type EWCParams struct {
	LoRAParams `yaml:",inline"`
	// Lambda is the penalty's weight. [1e4: it depends on the scale of the loss and wants tuning]
	Lambda float64 `yaml:"lambda"`
	// Gamma is what remains of the earlier tasks' Fisher information at each task's end. [1: nothing decays]
	Gamma float64 `yaml:"gamma"`
	// FisherExamples bounds the training examples of a task that estimate its Fisher information. [1024]
	FisherExamples int `yaml:"fisher_examples"`
}

const (
	fisherCopy = "fisher"
	anchorCopy = "anchor"
)

// EWC pulls each trained value θ towards where the last task left it, θ*, in proportion to how much the tasks so far
// depend on it: the loss gains (λ/2)·Σ_i F_i (θ_i − θ*_i)² (Kirkpatrick et al. 2017, equation 3), with one anchor and
// F ← γF + F_new at each task's end (online EWC: Schwarz et al. 2018). F is the empirical Fisher information.
var EWC = Method{
	Name: "ewc",
	Doc: "Online elastic weight consolidation: a quadratic penalty, weighted by the Fisher information of the tasks so far, " +
		"holds the adapter near the values that the last task left.",
	Cost:   1.6,
	Source: "arXiv 1612.00796, online form arXiv 1805.06370; checked against golden values of the formulas.",
	Params: EWCParams{LoRAParams: defaultLoRA, Lambda: 1e4, Gamma: 1, FisherExamples: 1024},
	// By decades, since the scale of F depends on the backbone; at the published 1e4 a small one learns nothing.
	Tuning: Tuning{Coefficient: Coefficient{"lambda", values(10., 100., 1., 1000., 1e4)}},
	Adapter: func(params any) (adapter.Adapter, error) {
		return params.(*EWCParams).LoRAParams.adapter()
	},
	Start: startEWC,
}

func startEWC(params any, s *Session) (Hooks, error) {
	p := params.(*EWCParams)
	if !(p.Lambda >= 0) || math.IsInf(p.Lambda, 0) || !(p.Gamma >= 0 && p.Gamma <= 1) || p.FisherExamples < 1 {
		return Hooks{}, fmt.Errorf("lambda %g must be finite and not negative, gamma %g lie in [0, 1], fisher_examples %d be at least 1",
			p.Lambda, p.Gamma, p.FisherExamples)
	}
	s.AddCopies(fisherCopy, true)
	s.AddCopies(anchorCopy, false)
	trained := s.Trained()
	return Hooks{
		ExtraLoss: func(l *Loss) *graph.Node {
			var terms []*graph.Node
			for _, t := range trained {
				terms = append(terms, ewcPenalty(t.In(l.Vars, ""), t.In(l.Vars, anchorCopy), t.In(l.Vars, fisherCopy)))
			}
			return graph.MulScalar(sum(terms), p.Lambda/2)
		},
		Measure: func(n StepNodes) []NamedNode { return []NamedNode{{"ewc/penalty", n.Own}} },
		AfterTask: func(t *TaskEnd) error {
			fisher, err := t.SquaredGradients(p.FisherExamples)
			if err != nil {
				return err
			}
			defer release(fisher)
			return t.Update("consolidate", fisher, func(v Vars, fisher []*graph.Node) {
				for i, t := range trained {
					name := Name(t.Projection, fisherCopy, t.Tensor)
					v[name] = graph.Add(graph.MulScalar(v[name], p.Gamma), fisher[i])
					v[Name(t.Projection, anchorCopy, t.Tensor)] = graph.Identity(t.In(v, ""))
				}
			})
		},
	}, nil
}

// ewcPenalty is Σ_i F_i (θ_i − θ*_i)² of one tensor.
func ewcPenalty(value, anchor, fisher *graph.Node) *graph.Node {
	moved := graph.Sub(value, anchor)
	return graph.ReduceAllSum(graph.Mul(fisher, graph.Mul(moved, moved)))
}

func sum(terms []*graph.Node) *graph.Node {
	total := terms[0]
	for _, t := range terms[1:] {
		total = graph.Add(total, t)
	}
	return total
}
