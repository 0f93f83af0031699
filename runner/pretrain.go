package main

import (
	"context"
	"errors"
	"flag"
	"io"

	"secura/experiments/pretraining"
	"secura/methods/backbone"
)

// PretrainOptions are the flags of pretrain.
type PretrainOptions struct {
	Out        string
	Steps      count
	Seed       uint64
	Backend    string
	NoDownload bool
}

func (o *PretrainOptions) addFlags(flags *flag.FlagSet) {
	flags.StringVar(&o.Out, "out", "", "`DIR` that the backbone is written to")
	flags.Var(&o.Steps, "steps", "`NUMBER` of steps of the optimiser. Default: the recipe's")
	flags.Uint64Var(&o.Seed, "seed", 0, "`SEED` of the starting weights and of the text")
	flags.StringVar(&o.Backend, "backend", "auto", "`auto|xla|go|xla:FILE`: what computes")
	addNoDownload(flags, &o.NoDownload)
}

func (o *PretrainOptions) check(string) error {
	if o.Out == "" {
		return errors.New("pretrain needs -out DIR")
	}
	return backbone.CheckBackendName(o.Backend)
}

func newPretrain() command {
	var o PretrainOptions
	c := command{
		name: "pretrain", does: "makes the nano backbone: config.json, model.safetensors, tokenizer.json, training.json",
		examples: []string{"pretrain -out methods/backbone/nano/files", "pretrain -out /tmp/nano -steps 500"},
		flags:    newFlags("pretrain"), check: o.check,
		run: func(ctx context.Context, _ string, _, stderr io.Writer) error {
			return pretraining.Pretrain(ctx, pretraining.Options{
				Out: o.Out, Steps: int(o.Steps), Seed: o.Seed, Log: stderr,
				Backend: backbone.BackendOptions{Name: o.Backend, NoDownload: o.NoDownload, Log: stderr},
			})
		},
	}
	o.addFlags(c.flags)
	return c
}
