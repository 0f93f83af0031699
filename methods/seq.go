package methods

import "secura/methods/adapter"

// LoRAParams are the parameters of a LoRA adapter.
type LoRAParams struct {
	// Rank r of the update. [8: the usual choice for language models]
	Rank int `yaml:"rank"`
	// Alpha scales the update by alpha/rank. [16: twice the rank, as published]
	Alpha float64 `yaml:"alpha"`
}

var defaultLoRA = LoRAParams{Rank: 8, Alpha: 16}

func (p LoRAParams) lora() adapter.Adapter { return adapter.LoRA{Rank: p.Rank, Alpha: p.Alpha} }

// newLoRA makes the adapter of a method whose parameters are, or have inline, LoRAParams.
func newLoRA(params any) (adapter.Adapter, error) {
	return params.(interface{ lora() adapter.Adapter }).lora(), nil
}

// Seq is plain sequential fine-tuning: one LoRA adapter goes through the whole stream and nothing
// is done against forgetting. All hooks are nil.
var Seq = Method{
	Name:    "seq",
	Doc:     "Sequential fine-tuning of one LoRA adapter through the whole stream; nothing is done against forgetting.",
	Source:  "LoRA: arXiv 2106.09685; checked against peft 0.21.2.",
	Params:  defaultLoRA,
	Adapter: newLoRA,
}

// SeqFull is plain sequential fine-tuning of the adapted weights themselves. All hooks are nil.
var SeqFull = Method{
	Name: "seq-full",
	Doc: "Sequential fine-tuning of the targeted weights themselves, without an adapter, through the whole stream; nothing is " +
		"done against forgetting.",
	Source:  "No paper; the usual reference for adapters, which trains every value of the targeted weights.",
	Adapter: func(any) (adapter.Adapter, error) { return adapter.Full{}, nil },
}
