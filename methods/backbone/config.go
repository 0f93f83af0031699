package backbone

import (
	"fmt"
	"maps"
	"slices"
)

// Config is a decoder's size and settings, as config.json states them.
type Config struct {
	// Architecture is the first of config.json's architectures, one of Architectures.
	Architecture string
	// Vocabulary is the number of token ids, rows of the embedding.
	Vocabulary int
	// Width is that of the residual stream (hidden_size), Intermediate that of the gated
	// feed-forward layer.
	Width, Intermediate int
	// Layers is the number of blocks.
	Layers int
	// Heads is the number of query heads; each group of Heads/KeyValueHeads shares one key/value
	// head.
	Heads, KeyValueHeads int
	// HeadSize is the width of a head.
	HeadSize int
	// MaxPositions is the number of positions the model was made for.
	MaxPositions int
	// Epsilon is added to the mean square in RMSNorm.
	Epsilon float64
	// RopeTheta is the base of the rotary embedding's wavelengths.
	RopeTheta float64
	// RopeScaling stretches them; nil leaves them as they are.
	RopeScaling *RopeScaling
	// QueryScalar is what attention scores are divided by the square root of; 0 is HeadSize.
	QueryScalar float64
	// AttentionCap bounds attention scores and LogitCap logits, by cap · tanh(x / cap); 0 does not.
	AttentionCap, LogitCap float64
	// Window is how many positions a slot of a windowed layer sees, its own included; 0: no layer
	// has a window.
	Window int
	// Windowed says which layers have the window; nil if Window is 0.
	Windowed []bool
	// TiedEmbeddings says that the output head is the embedding.
	TiedEmbeddings bool
	// EndTokens are the ids that end a generated text, in the file's order.
	EndTokens []int32
}

// Bounds of a config.json's values: far above any known model's, and low enough that products of
// them fit an int64 and that nothing large is made before a value is refused.
const (
	maxVocabulary = 1 << 24
	maxWidth      = 1 << 20
	maxLayers     = 1 << 10
	maxHeads      = 1 << 12
	maxPositions  = 1 << 30
	maxRatio      = 1e9
	maxRopeTheta  = 1e12
)

// queryScalar is QueryScalar, or the head size.
func (c Config) queryScalar() float64 {
	if c.QueryScalar == 0 {
		return float64(c.HeadSize)
	}
	return c.QueryScalar
}

// check says whether the values are in range and fit each other, by their names in config.json.
func (c Config) check() error {
	if _, err := findArchitecture(c.Architecture, ""); err != nil {
		return err
	}
	for _, size := range []struct {
		key          string
		value, limit int
	}{
		{"vocab_size", c.Vocabulary, maxVocabulary}, {"hidden_size", c.Width, maxWidth},
		{"intermediate_size", c.Intermediate, maxWidth}, {"num_hidden_layers", c.Layers, maxLayers},
		{"num_attention_heads", c.Heads, maxHeads}, {"num_key_value_heads", c.KeyValueHeads, maxHeads},
		{"head_dim", c.HeadSize, maxWidth}, {"max_position_embeddings", c.MaxPositions, maxPositions},
	} {
		if size.value < 1 || size.value > size.limit {
			return fmt.Errorf("%s is %d, expected 1 to %d", size.key, size.value, size.limit)
		}
	}
	switch {
	case c.Heads%c.KeyValueHeads != 0:
		return fmt.Errorf("num_attention_heads %d is no multiple of num_key_value_heads %d", c.Heads, c.KeyValueHeads)
	case c.HeadSize%2 != 0:
		return fmt.Errorf("head_dim %d is odd: rotary embeddings turn pairs", c.HeadSize)
	case !(c.Epsilon > 0 && c.Epsilon < 1):
		return fmt.Errorf("rms_norm_eps is %g, expected a small positive number", c.Epsilon)
	case !(c.RopeTheta > 0 && c.RopeTheta <= maxRopeTheta):
		return fmt.Errorf("rope_theta is %g, expected a positive number", c.RopeTheta)
	case c.Window < 0 || c.Window > maxPositions:
		return fmt.Errorf("sliding_window is %d, expected 1 to %d", c.Window, maxPositions)
	case c.Window > 0 && len(c.Windowed) != c.Layers, c.Window == 0 && c.Windowed != nil:
		return fmt.Errorf("layer_types says of %d layers whether they have the window of %d, expected num_hidden_layers = %d",
			len(c.Windowed), c.Window, c.Layers)
	}
	for _, number := range []struct {
		key   string
		value float64
	}{
		{"query_pre_attn_scalar", c.QueryScalar}, {"attn_logit_softcapping", c.AttentionCap}, {"final_logit_softcapping", c.LogitCap},
	} {
		if number.value != 0 && !(number.value >= 1/maxRatio && number.value <= maxRatio) {
			return fmt.Errorf("%s is %g, expected %g to %g", number.key, number.value, 1/maxRatio, maxRatio)
		}
	}
	for _, id := range c.EndTokens {
		if id < 0 || int(id) >= c.Vocabulary {
			return fmt.Errorf("eos_token_id %d is outside the vocabulary of %d", id, c.Vocabulary)
		}
	}
	return c.RopeScaling.check()
}

// The tensors outside the blocks, under their names on the hub.
const (
	embeddingName = "model.embed_tokens.weight"
	finalNormName = "model.norm.weight"
	headName      = "lm_head.weight"
)

// The norms of a block.
const (
	inputNorm           = "input_layernorm.weight"
	postAttentionNorm   = "post_attention_layernorm.weight"
	preFeedForwardNorm  = "pre_feedforward_layernorm.weight"
	postFeedForwardNorm = "post_feedforward_layernorm.weight"
)

// WeightNames lists the model's tensors, sorted.
func (c Config) WeightNames() []string { return slices.Sorted(maps.Keys(c.WeightShapes())) }

// WeightShapes gives the shape of each of the model's tensors, by its name on the hub. A projection
// is [out, in].
func (c Config) WeightShapes() map[string][]int {
	shapes := map[string][]int{embeddingName: {c.Vocabulary, c.Width}, finalNormName: {c.Width}}
	if !c.TiedEmbeddings {
		shapes[headName] = []int{c.Vocabulary, c.Width}
	}
	for i := range c.Layers {
		for _, name := range c.architecture().norms() {
			shapes[layerTensor(i, name)] = []int{c.Width}
		}
		for _, p := range c.Projections(i) {
			out, in := c.projectionSize(p.Name)
			shapes[p.WeightName()] = []int{out, in}
			if c.biased(p) {
				shapes[p.BiasName()] = []int{out}
			}
		}
	}
	return shapes
}

func layerTensor(layer int, name string) string {
	return fmt.Sprintf("model.layers.%d.%s", layer, name)
}
