package methods

import (
	"fmt"
	"math"

	"github.com/gomlx/gomlx/core/graph"
)

// SFAParams are the parameters of sequential fine-tuning with averaging.
type SFAParams struct {
	LoRAParams `yaml:",inline"`
	// Period is after which share of a task's steps the average is taken, p in the paper; 1 is at
	// its end alone. [0.25]
	Period float64 `yaml:"period"`
	// Beta is the weight of where the task began. [0.5]
	Beta float64 `yaml:"beta" json:"-"`
}

const (
	startCopy = "start"
	// sfaStep counts the steps of the task.
	sfaStep = "sfa/step"
)

// SFA goes back a part of the way, again and again: after every p·T of a task's T steps, and at its
// end, θ ← (1 − β)θ + βθ_start, where θ_start is where the task began (Kleiman et al. 2025). The
// paper averages all weights; here the trained tensors of the adapter are averaged, each by itself.
var SFA = Method{
	Name: "sfa",
	Doc: "Sequential fine-tuning with averaging: several times a task the adapter is averaged with what it was when the task " +
		"began.",
	Source:  "arXiv 2501.05559; checked by algebra.",
	Params:  SFAParams{defaultLoRA, 0.25, 0.5},
	Tuning:  Tuning{Coefficient: shares("beta", 2, 0.1, 0.25, 0.5, 0.75, 0.9)},
	Adapter: newLoRA,
	Start:   startSFA,
}

func startSFA(params any, s *Session) (Hooks, error) {
	p := params.(*SFAParams)
	if !(p.Period > 0 && p.Period <= 1) || !(p.Beta >= 0 && p.Beta < 1) {
		return Hooks{}, fmt.Errorf("period %g must lie above 0 and be at most 1, beta %g from 0 to below 1", p.Period, p.Beta)
	}
	s.AddCoefficient("beta", p.Beta)
	s.AddCopies(startCopy, false)
	s.AddVariable(sfaStep, nil, []float32{0})
	every := max(math.Round(p.Period*float64(s.TaskSteps)), 1)
	return Hooks{
		AfterStep: func(v Vars) {
			step := graph.OnePlus(v[sfaStep])
			v[sfaStep] = step
			due := graph.Or(graph.Equal(graph.ModScalar(step, every), graph.ZerosLike(step)),
				graph.Equal(step, graph.Const(step.Graph(), float32(s.TaskSteps))))
			beta := graph.Where(due, v.Coefficient("beta"), graph.ZerosLike(step))
			for _, t := range s.Trained() {
				v[Name(t.Projection, "", t.Tensor)] = movingAverage(t.In(v, startCopy), t.In(v, ""), beta)
			}
		},
		AfterTask: func(t *TaskEnd) error {
			return t.Update("start", nil, func(v Vars, _ []*graph.Node) {
				s.copyTrained(v, startCopy)
				v[sfaStep] = graph.ZerosLike(v[sfaStep])
			})
		},
		Measure: func(n StepNodes) []NamedNode {
			return []NamedNode{{"sfa/distance", s.distance(n.After, "", startCopy)}}
		},
	}, nil
}
