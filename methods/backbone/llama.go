package backbone

import "errors"

// LlamaArchitecture is the name of the Llama language models of all versions in a config.json.
const LlamaArchitecture = "LlamaForCausalLM"

// llama is Llama 2, 3, 3.1 and 3.2, and what has their shape; from 3.1 on the rotary embedding is
// scaled. The defaults are transformers' LlamaConfig.
var llama = architecture{
	name: LlamaArchitecture, modelType: "llama",
	activation: silu, activationName: "silu",
	defaults: Config{MaxPositions: 2048},
	read: func(f *configFile, c *Config) error {
		switch {
		case f.AttentionBias:
			return errors.New("attention_bias is true: projections with a bias are not supported in this architecture")
		case f.FeedForwardBias:
			return errors.New("mlp_bias is true: projections with a bias are not supported in this architecture")
		}
		return f.checkLayerTypes(c.Layers, fullAttention)
	},
	write: func(Config, *configFile) {},
}
