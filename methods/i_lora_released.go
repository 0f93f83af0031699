package methods

import (
	"github.com/gomlx/gomlx/core/graph"

	"secura/methods/adapter"
)

// ILoRAReleasedParams are the parameters of I-LoRA as SECURA's release has it.
type ILoRAReleasedParams struct {
	// Rank of both memories. [0: the released 150, by the rule of sizes]
	Rank int `yaml:"rank"`
	// Sizes says what a rank of 0 means: width, ⌊150·in/1536⌋, or absolute, 150. [width: the
	// release's on Qwen2-1.5B, whose width is 1536]
	Sizes string `yaml:"sizes"`
	// Lambda is the weight of the old value in the long-term memory's moving average. [0.99: as
	// released]
	Lambda float64 `yaml:"lambda" json:"-"`
	// Gamma is the weight of the consistency term. [0.99: the release has one number for both]
	Gamma float64 `yaml:"gamma" json:"-"`
}

// ILoRAReleased is what SECURA's release compares itself with under the name of I-LoRA. A working
// memory W + B·A, without α/r, learns; a long-term memory W + B_long·A_long follows it by a moving
// average after each step. There is no replay: on the current data the working memory's logits at
// the answer slots are held near the long-term memory's, CE + γ·MSE(z, stop(z_long)). The
// backbone's own bias of the adapted projections is dropped, for the released module never adds it.
// At a task's end, after the average, W ← W + B·A, B ← 0 and B_long ← 0, A is kept and copied to
// A_long. The working memory is evaluated. AdamW's moments go on over all of it.
//
// The published code raises at its first forward pass: the function that calls the adapters has no
// case for I-LoRA and returns a result that it never set. Supplied is that case, result =
// self.I_LoRA(x).
var ILoRAReleased = Method{
	Name: "i-lora-released",
	Doc: "I-LoRA in SECURA's published code, for reproduction: two LoRA memories without α/r, the slow one a moving average, a term that " +
		"holds the answer logits of the current data near the slow memory's, no replay, the backbone's own bias dropped, a fold at each " +
		"task's end. The published code raises at its first forward pass; supplied is the missing call of the adapter.",
	Cost: 1.6,
	Source: "The comparison in the code released with arXiv 2502.18168 (github.com/MeCuping/SECURA, 3f5c9f4), not the method of arXiv " +
		"2402.18865; losses, both memories and outputs over a fold checked against those recorded from its module.",
	LearningRate: 1e-3,
	KeepMoments:  true,
	Params:       ILoRAReleasedParams{Sizes: string(adapter.SizesByWidth), Lambda: 0.99, Gamma: 0.99},
	Tuning:       Tuning{Coefficient: decades("gamma", 0.99)},
	Adapter: func(params any) (adapter.Adapter, error) {
		p := params.(*ILoRAReleasedParams)
		return adapter.UnscaledLoRA{Rank: p.Rank, Rule: adapter.SizeRule(p.Sizes)}, nil
	},
	Start: startILoRAReleased,
}

func startILoRAReleased(params any, s *Session) (Hooks, error) {
	p := params.(*ILoRAReleasedParams)
	hooks, err := s.longTermMemory(p.Lambda, p.Gamma)
	if err != nil {
		return Hooks{}, err
	}
	hooks.DropBias = true
	hooks.ExtraLoss = func(l *Loss) *graph.Node {
		long := graph.StopGradient(l.LogitsWith(longCopy))
		return graph.Mul(meanSquaredError(l.Logits, long, l.Counted, l.Slots()), l.Vars.Coefficient("gamma"))
	}
	hooks.AfterTask = func(t *TaskEnd) error {
		folder := s.adapter.(adapter.Folder)
		return t.Update("fold both memories", nil, func(v Vars, _ []*graph.Node) {
			s.fold(folder.Fold, v)
			s.copyTrained(v, longCopy)
		})
	}
	return hooks, nil
}
