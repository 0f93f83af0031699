package backbone

import (
	"errors"
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// Gemma2Architecture is the name of the Gemma 2 language models in a config.json.
const Gemma2Architecture = "Gemma2ForCausalLM"

// gemma2 is Gemma 2: norms before and after attention and feed-forward layer, a scaled embedding,
// caps of scores and logits, and a window in every other layer. The defaults are transformers'
// Gemma2Config.
var gemma2 = architecture{
	name: Gemma2Architecture, modelType: "gemma2",
	activation: geluTanh, activationName: "gelu_pytorch_tanh", ownActivationKey: true,
	offsetNorms: true, outerNorms: true, scaledEmbedding: true,
	defaults: Config{MaxPositions: 8192, HeadSize: 256, KeyValueHeads: 4, TiedEmbeddings: true},
	read: func(f *configFile, c *Config) error {
		switch {
		case f.AttentionBias:
			return errors.New("attention_bias is true: projections with a bias are not supported in this architecture")
		case f.Bidirectional:
			return errors.New("use_bidirectional_attention is true: only causal attention is supported")
		}
		for _, setting := range []struct {
			key      string
			from     nullable[float64]
			to       *float64
			fallback float64
		}{
			{"attn_logit_softcapping", f.AttentionCap, &c.AttentionCap, 50},
			{"final_logit_softcapping", f.LogitCap, &c.LogitCap, 30},
			{"query_pre_attn_scalar", f.QueryScalar, &c.QueryScalar, 256},
		} {
			*setting.to = setting.from.or(setting.fallback)
			if given := setting.from.value; given != nil && !(*given > 0) {
				return fmt.Errorf("%s is %g, expected a positive number", setting.key, *given)
			}
		}
		if c.QueryScalar == 0 {
			return errors.New("query_pre_attn_scalar is null, expected a positive number")
		}
		return f.readWindow(c, 4096, func(layer int) bool { return layer%2 == 0 })
	},
	write: func(c Config, f *configFile) {
		f.AttentionCap, f.LogitCap = orNull(c.AttentionCap), orNull(c.LogitCap)
		f.QueryScalar, f.GateActivation = orNull(c.QueryScalar), f.Activation
		f.writeWindow(c)
	},
}

// geluTanh is x · Φ(x) in the approximation with tanh (Hendrycks and Gimpel 2016).
func geluTanh(x *Node) *Node {
	g := x.Graph()
	inner := Mul(Add(x, Mul(Mul(x, Square(x)), scalar(g, 0.044715))), scalar(g, math.Sqrt(2/math.Pi)))
	return Mul(Mul(x, scalar(g, 0.5)), Add(Tanh(inner), scalar(g, 1)))
}
