package methods

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
)

// ILoRAParams are the parameters of I-LoRA.
type ILoRAParams struct {
	LoRAParams   `yaml:",inline"`
	ReplayParams `yaml:",inline"`
	// Lambda is the weight of the old value in the long-term memory's moving average. [0.99:
	// averages over 100 steps]
	Lambda float64 `yaml:"lambda" json:"-"`
	// Gamma is the weight of the consistency term. [1: as published]
	Gamma float64 `yaml:"gamma" json:"-"`
	// EvalWith is the memory that is evaluated: long or working. [long: as published]
	EvalWith string `yaml:"eval_with"`
}

// ILoRA keeps two LoRA memories: the working one θʷ learns, the long-term one follows it, θˡ ←
// λθˡ + (1−λ)θʷ after each step. On replayed rows the working memory's hidden states at the answer
// positions are held near the long-term memory's: CE + γ·MSE(h(θʷ), stop(h(θˡ))).
var ILoRA = Method{
	Name: "i-lora",
	Doc: "Interpolation-based LoRA: experience replay, a slow copy of the adapter that averages the learning one, and a " +
		"consistency term that holds the hidden states of replayed rows near the slow copy's. The slow copy is evaluated.",
	Cost:    1.7,
	Source:  "arXiv 2402.18865; checked against golden values of the formulas.",
	Params:  ILoRAParams{defaultLoRA, defaultReplay, 0.99, 1, "long"},
	Tuning:  Tuning{Coefficient: Coefficient{[]string{"lambda"}, memories}},
	Adapter: newLoRA,
	Start:   startILoRA,
}

func startILoRA(params any, s *Session) (Hooks, error) {
	p := params.(*ILoRAParams)
	hooks, err := s.longTermMemory(p.Lambda, p.Gamma)
	if err != nil {
		return Hooks{}, err
	}
	if p.EvalWith != "long" && p.EvalWith != "working" {
		return Hooks{}, fmt.Errorf("eval_with is %q, must be long or working", p.EvalWith)
	}
	m, rows, err := p.memory(s)
	if err != nil {
		return Hooks{}, err
	}
	hooks.ReplayRows, hooks.MixBatch, hooks.State = rows, m.mix, m
	hooks.ExtraLoss = func(l *Loss) *graph.Node {
		long := graph.StopGradient(l.ReplayedHiddenWith(longCopy))
		counted := l.ReplayedCounted()
		return graph.Mul(meanSquaredError(l.Replayed(l.Hidden), long, counted, l.ReplayedSlots(counted)), l.Vars.Coefficient("gamma"))
	}
	hooks.ReplayForward = true
	if p.EvalWith == "long" {
		hooks.EvalWith = func(projection Projection, v Vars) *graph.Node { return s.WeightWith(v, projection, longCopy) }
	}
	return hooks, nil
}

// longTermMemory adds the long-term memory and the coefficients λ and γ. Its hooks move that memory
// towards the working one after each step, and measure how far apart the two are.
func (s *Session) longTermMemory(lambda, gamma float64) (Hooks, error) {
	if !(lambda >= 0 && lambda <= 1) || !notNegative(gamma) {
		return Hooks{}, fmt.Errorf("lambda %g must lie in [0, 1] and gamma %g be finite and not negative", lambda, gamma)
	}
	s.AddCoefficient("gamma", gamma)
	return s.slowCopy(lambda, "i-lora/distance"), nil
}
