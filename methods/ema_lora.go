package methods

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
)

// EMALoRAParams are the parameters of the moving average alone.
type EMALoRAParams struct {
	LoRAParams `yaml:",inline"`
	// Lambda is the weight of the old value in the moving average. [0.99: averages over 100 steps]
	Lambda float64 `yaml:"lambda" json:"-"`
}

// EMALoRA is what remains of I-LoRA without replay and without its consistency term: a slow copy of
// the adapter follows the learning one, θˡ ← λθˡ + (1−λ)θ after each step, and is evaluated. It
// says what I-LoRA owes to the average alone.
var EMALoRA = Method{
	Name: "ema-lora",
	Doc: "Sequential fine-tuning of which an exponential moving average is evaluated: I-LoRA's slow copy, without replay and " +
		"without a term in the loss.",
	Source:  "A part of I-LoRA, arXiv 2402.18865; checked by algebra.",
	Params:  EMALoRAParams{defaultLoRA, 0.99},
	Tuning:  Tuning{Coefficient: Coefficient{[]string{"lambda"}, memories}},
	Adapter: newLoRA,
	Start: func(params any, s *Session) (Hooks, error) {
		lambda := params.(*EMALoRAParams).Lambda
		if !(lambda >= 0 && lambda <= 1) {
			return Hooks{}, fmt.Errorf("lambda is %g, must lie in [0, 1]", lambda)
		}
		hooks := s.slowCopy(lambda, "ema-lora/distance")
		hooks.EvalWith = func(p Projection, v Vars) *graph.Node { return s.WeightWith(v, p, longCopy) }
		return hooks, nil
	},
}
