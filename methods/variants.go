package methods

import "secura/methods/adapter"

// LoRA is fine-tuning with a LoRA adapter, for comparisons of adapters on one task at a time.
// Through a stream it is Seq.
var LoRA = Method{
	Name: "lora",
	Doc: "Fine-tuning of a LoRA adapter, W + (α/r)·B·A, for comparisons of adapters on single tasks; through a stream it is " +
		"the method seq.",
	Source:  "arXiv 2106.09685; checked against peft 0.21.2.",
	Params:  defaultLoRA,
	Adapter: newLoRA,
}

// DoRA is fine-tuning with a DoRA adapter, for comparisons of adapters on one task at a time.
var DoRA = Method{
	Name: "dora",
	Doc: "Fine-tuning of a DoRA adapter, m ⊙ V/‖V‖ by rows with V = W + (α/r)·B·A, for comparisons of adapters on single " +
		"tasks; through a stream one adapter goes from task to task.",
	Source: "arXiv 2402.09353; checked against peft 0.21.2.",
	Params: defaultLoRA,
	Adapter: func(params any) (adapter.Adapter, error) {
		return adapter.DoRA(*params.(*LoRAParams)), nil
	},
}
