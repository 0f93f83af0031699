package methods

// ERParams are the parameters of experience replay.
type ERParams struct {
	LoRAParams   `yaml:",inline"`
	ReplayParams `yaml:",inline"`
}

// ER is experience replay: the loss is one mean over the current batch and rows drawn from a
// reservoir of the stream.
var ER = Method{
	Name: "er",
	Doc: "Experience replay: a reservoir keeps a uniform sample of the stream's examples; rows drawn from it are learned " +
		"beside each batch, under one mean.",
	Cost:    1.4,
	Source:  "arXiv 1902.10486; reservoir sampling: Vitter 1985, algorithm R. The 2% buffer and half a batch of replay are SECURA's comparison's.",
	Params:  ERParams{defaultLoRA, defaultReplay},
	Adapter: newLoRA,
	Start: func(params any, s *Session) (Hooks, error) {
		m, rows, err := params.(*ERParams).memory(s)
		if err != nil {
			return Hooks{}, err
		}
		return Hooks{ReplayRows: rows, MixBatch: m.mix, State: m}, nil
	},
}
