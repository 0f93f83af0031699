package methods

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
)

// DistillationParams are the parameters of a method that holds the model's predictions near those
// of a teacher.
type DistillationParams struct {
	LoRAParams `yaml:",inline"`
	// Beta is the weight of the divergence. [kl, lwf: 1]
	Beta float64 `yaml:"beta" json:"-"`
	// Temperature τ divides the logits of both, and the divergence is multiplied by τ², which keeps
	// the size of its gradient. [kl: 1; lwf: 2, as published]
	Temperature float64 `yaml:"temperature"`
	// Direction of the divergence: forward, KL(teacher ‖ model), or reverse, KL(model ‖ teacher).
	// [forward]
	Direction string `yaml:"direction"`
}

const teacherCopy = "teacher"

// KL adds to the loss β·τ²·KL(q ‖ p_θ), the mean over the answers' tokens, where q is what the
// untouched backbone predicts on the same texts. The teacher is the adapter as it started, which
// changes nothing. RLHF's penalty is KL(p_θ ‖ q), the reverse direction.
var KL = Method{
	Name: "kl",
	Doc: "Sequential fine-tuning whose predictions on the task's own answers are held near those of the untouched backbone by " +
		"their Kullback-Leibler divergence, KL(backbone ‖ model), or with direction: reverse KL(model ‖ backbone).",
	Source: "The penalty of RLHF (arXiv 1909.08593) in supervised fine-tuning; RLHF's is direction: reverse, the default is the " +
		"other one. Value and gradient checked against torch.",
	Cost:    1.3,
	Params:  DistillationParams{defaultLoRA, 1, 1, "forward"},
	Tuning:  distillationTuning,
	Adapter: newLoRA,
	Start:   startDistillation,
}

var distillationTuning = Tuning{Coefficient: decades("beta", 1)}

func startDistillation(params any, s *Session) (Hooks, error) {
	p := params.(*DistillationParams)
	if !notNegative(p.Beta, p.Temperature) || p.Temperature == 0 {
		return Hooks{}, fmt.Errorf("beta %g must be finite and not negative, temperature %g finite and above 0", p.Beta, p.Temperature)
	}
	if p.Direction != "forward" && p.Direction != "reverse" {
		return Hooks{}, fmt.Errorf("direction is %q, must be forward or reverse", p.Direction)
	}
	s.AddCoefficient("beta", p.Beta)
	s.AddCopies(teacherCopy, false)
	return Hooks{
		ExtraLoss: func(l *Loss) *graph.Node {
			each := p.divergence(graph.StopGradient(l.LogitsWith(teacherCopy)), l.Logits)
			return graph.Mul(countedMean(each, l.Counted, l.Slots()), l.Vars.Coefficient("beta"))
		},
		Measure: func(n StepNodes) []NamedNode { return []NamedNode{{"teacher/term", n.Own}} },
	}, nil
}

// divergence is τ²·KL at each slot, [rows, answers], between what logits [rows, answers,
// vocabulary] predict at temperature τ.
func (p *DistillationParams) divergence(teacher, model *graph.Node) *graph.Node {
	from, to := graph.LogSoftmax(graph.DivScalar(teacher, p.Temperature)), graph.LogSoftmax(graph.DivScalar(model, p.Temperature))
	if p.Direction == "reverse" {
		from, to = to, from
	}
	return graph.MulScalar(graph.ReduceSum(graph.Mul(graph.Exp(from), graph.Sub(from, to)), -1), p.Temperature*p.Temperature)
}
