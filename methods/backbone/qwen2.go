package backbone

// Qwen2Architecture is the name of the Qwen2 and Qwen2.5 language models in a config.json.
const Qwen2Architecture = "Qwen2ForCausalLM"

// qwen2 is Qwen2 and Qwen2.5: query, key and value have a bias. The defaults are transformers'
// Qwen2Config.
var qwen2 = architecture{
	name: Qwen2Architecture, modelType: "qwen2",
	biased:     []string{"q_proj", "k_proj", "v_proj"},
	activation: silu, activationName: "silu",
	defaults: Config{MaxPositions: 32768},
	read: func(f *configFile, c *Config) error {
		if !value(f.UseSlidingWindow, false) {
			return f.checkLayerTypes(c.Layers, fullAttention)
		}
		first := value(f.MaxWindowLayers, 28)
		return f.readWindow(c, 4096, func(layer int) bool { return layer >= first })
	},
	write: func(c Config, f *configFile) {
		windowed := c.Window > 0
		if f.UseSlidingWindow = &windowed; windowed {
			f.writeWindow(c)
		}
	},
}
