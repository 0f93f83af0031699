package methods

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
)

// WiSEFTParams are the parameters of WiSE-FT.
type WiSEFTParams struct {
	LoRAParams `yaml:",inline"`
	// Mix is how much of the way from the pretrained to the learned weight is evaluated, α in the
	// paper. [0.5: its choice where nothing is known]
	Mix float64 `yaml:"mix" json:"-"`
}

// WiSEFT learns as SEQ does and evaluates θ₀ + α(θ − θ₀), between the pretrained weight θ₀ and the
// learned θ (Wortsman et al. 2022, section 3). Learning goes on from θ: the mixture is for
// evaluation alone.
var WiSEFT = Method{
	Name: "wise-ft",
	Doc: "Sequential fine-tuning of which a mixture is evaluated: the pretrained weights, and a share of the way to the learned " +
		"ones. Learning goes on from the learned ones.",
	Source:  "arXiv 2109.01903, section 3; checked by algebra.",
	Params:  WiSEFTParams{defaultLoRA, 0.5},
	Tuning:  Tuning{Coefficient: shares("mix", 1, 0.25, 0.5, 0.75, 0.9)},
	Adapter: newLoRA,
	Start: func(params any, s *Session) (Hooks, error) {
		mix := params.(*WiSEFTParams).Mix
		if !(mix > 0 && mix <= 1) {
			return Hooks{}, fmt.Errorf("mix is %g, must lie above 0 and be at most 1", mix)
		}
		s.AddCoefficient("mix", mix)
		return Hooks{EvalWith: func(p Projection, v Vars) *graph.Node {
			base := v.Base(p)
			return graph.Add(base, graph.Mul(graph.Sub(s.WeightWith(v, p, ""), base), v.Coefficient("mix")))
		}}, nil
	},
}
