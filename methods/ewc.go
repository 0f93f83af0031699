package methods

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
)

// EWCParams are the parameters of elastic weight consolidation.
type EWCParams struct {
	LoRAParams `yaml:",inline"`
	// Lambda is the penalty's weight. [1e4: it depends on the scale of the loss and wants tuning]
	Lambda float64 `yaml:"lambda" json:"-"`
	// Gamma is what remains of the earlier tasks' Fisher information at each task's end. [1:
	// nothing decays]
	Gamma float64 `yaml:"gamma"`
	// Online keeps one anchor, where the last task left the adapter; false keeps a penalty for each
	// task. [true]
	Online bool `yaml:"online"`
	// FisherExamples bounds the training examples of a task that estimate its Fisher information.
	// [1024]
	FisherExamples int `yaml:"fisher_examples"`
}

const (
	fisherCopy = "fisher"
	anchorCopy = "anchor"
	// ewcSpread is what the penalties of separate tasks add up to at their common minimum.
	ewcSpread = "ewc/spread"
	// leastFisher keeps a division by a sum of 0 at 0.
	leastFisher = 1e-37
)

// EWC pulls each trained value θ towards where the last task left it, θ*, in proportion to how much
// the tasks so far depend on it: the loss gains (λ/2)·Σ_i F_i (θ_i − θ*_i)² (Kirkpatrick et al.
// 2017, equation 3), with one anchor and F ← γF + F_new at each task's end (online EWC: Schwarz et
// al. 2018). F is the empirical Fisher information.
var EWC = Method{
	Name: "ewc",
	Doc: "Online elastic weight consolidation: a quadratic penalty, weighted by the Fisher information of the tasks so far, " +
		"holds the adapter near the values that the last task left.",
	Cost:    1.6,
	Source:  "arXiv 1612.00796, online form arXiv 1805.06370; checked against golden values of the formulas.",
	Params:  defaultEWC,
	Tuning:  ewcTuning,
	Adapter: newLoRA,
	Start:   startEWC,
}

// EWCSeparate is EWC as first published: a penalty (λ/2)·Σ_i F_ki (θ_i − θ*_ki)² for each task k.
//
// Σ_k F_k(θ − θ*_k)² = F(θ − μ)² + c with F = Σ F_k, μ = Σ F_k θ*_k / F and c = Σ F_k(θ*_k − μ)².
// F, μ and the sum of c over all values are kept, and updated at each task's end as Chan, Golub and
// LeVeque (1979) do with weighted means and sums of squares: nothing cancels, so that value and
// gradient are those of one (F_k, θ*_k) per task to rounding, and the memory does not grow with the
// tasks.
var EWCSeparate = Method{
	Name: "ewc-separate",
	Doc: "Elastic weight consolidation with a quadratic penalty of its own for each task learned so far: that task's Fisher " +
		"information around the values that it left.",
	Cost:    1.6,
	Source:  "arXiv 1612.00796; checked against one Fisher information and anchor per task, kept apart.",
	Params:  defaultEWC.separate(),
	Tuning:  ewcTuning,
	Adapter: newLoRA,
	Start:   startEWC,
}

var defaultEWC = EWCParams{LoRAParams: defaultLoRA, Lambda: 1e4, Gamma: 1, Online: true, FisherExamples: 1024}

func (p EWCParams) separate() EWCParams {
	p.Online = false
	return p
}

// ewcTuning goes by decades, since the scale of F depends on the backbone; at the published 1e4 a
// small one learns nothing.
var ewcTuning = Tuning{Coefficient: decades("lambda", 10)}

func startEWC(params any, s *Session) (Hooks, error) {
	p := params.(*EWCParams)
	if !notNegative(p.Lambda) || !(p.Gamma >= 0 && p.Gamma <= 1) || p.FisherExamples < 1 {
		return Hooks{}, fmt.Errorf("lambda %g must be finite and not negative, gamma %g lie in [0, 1], fisher_examples %d be at least 1",
			p.Lambda, p.Gamma, p.FisherExamples)
	}
	if !p.Online && p.Gamma != 1 {
		return Hooks{}, fmt.Errorf("gamma %g belongs to the online form, expected 1 with online: false", p.Gamma)
	}
	s.AddCoefficient("lambda", p.Lambda)
	s.AddCopies(fisherCopy, true)
	s.AddCopies(anchorCopy, false)
	if !p.Online {
		s.AddVariable(ewcSpread, nil, []float32{0})
	}
	trained := s.Trained()
	return Hooks{
		Penalty: func(v Vars) *graph.Node {
			var terms []*graph.Node
			for _, t := range trained {
				terms = append(terms, ewcPenalty(t.In(v, ""), t.In(v, anchorCopy), t.In(v, fisherCopy)))
			}
			if !p.Online {
				terms = append(terms, v[ewcSpread])
			}
			return graph.Mul(sum(terms), graph.MulScalar(v.Coefficient("lambda"), 0.5))
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
					if p.Online {
						v.consolidate(t, fisher[i], p.Gamma)
					} else {
						v.addPenalty(t, fisher[i])
					}
				}
			})
		},
	}, nil
}

// consolidate is F ← γF + F_new and θ* ← θ of one tensor.
func (v Vars) consolidate(t TrainedTensor, fisher *graph.Node, gamma float64) {
	name := Name(t.Projection, fisherCopy, t.Tensor)
	v[name] = graph.Add(graph.MulScalar(v[name], gamma), fisher)
	v[Name(t.Projection, anchorCopy, t.Tensor)] = graph.Identity(t.In(v, ""))
}

// addPenalty adds a task's penalty, F_new around θ, to the sum F(θ − μ)² + c of one tensor.
func (v Vars) addPenalty(t TrainedTensor, fisher *graph.Node) {
	all, mean := t.In(v, fisherCopy), t.In(v, anchorCopy)
	total := graph.Add(all, fisher)
	share := graph.Div(fisher, graph.MaxScalar(total, leastFisher))
	moved := graph.Sub(t.In(v, ""), mean)
	apart := graph.ReduceAllSum(graph.Mul(graph.Mul(all, share), graph.Square(moved)))
	v[ewcSpread] = graph.Add(v[ewcSpread], apart)
	v[Name(t.Projection, anchorCopy, t.Tensor)] = graph.Add(mean, graph.Mul(share, moved))
	v[Name(t.Projection, fisherCopy, t.Tensor)] = total
}

// ewcPenalty is Σ_i F_i (θ_i − θ*_i)² of one tensor.
func ewcPenalty(value, anchor, fisher *graph.Node) *graph.Node {
	moved := graph.Sub(value, anchor)
	return graph.ReduceAllSum(graph.Mul(fisher, graph.Mul(moved, moved)))
}
