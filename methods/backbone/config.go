package backbone

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Qwen2Architecture is the name of the Qwen2 language model in a config.json.
const Qwen2Architecture = "Qwen2ForCausalLM"

// Config is a decoder's size and settings, as config.json states them.
type Config struct {
	// Architecture is the first of config.json's architectures, Qwen2Architecture.
	Architecture string
	// Vocabulary is the number of token ids, rows of the embedding.
	Vocabulary int
	// Width is that of the residual stream (hidden_size), Intermediate that of the gated feed-forward layer.
	Width, Intermediate int
	// Layers is the number of blocks.
	Layers int
	// Heads is the number of query heads; each group of Heads/KeyValueHeads shares one key/value head.
	Heads, KeyValueHeads int
	// HeadSize is the width of a head.
	HeadSize int
	// MaxPositions is the number of positions the model was made for.
	MaxPositions int
	// Epsilon is added to the mean square in RMSNorm.
	Epsilon float64
	// RopeTheta is the base of the rotary embedding's wavelengths.
	RopeTheta float64
	// TiedEmbeddings says that the output head is the embedding.
	TiedEmbeddings bool
	// EndTokens are the ids that end a generated text, in the file's order.
	EndTokens []int32
}

// configFile is config.json in the hub's spelling (rope_theta, rope_scaling, torch_dtype) and that of transformers 5
// (rope_parameters, layer_types). A nil pointer is a key that is missing or null.
type configFile struct {
	Architectures     []string        `json:"architectures"`
	ModelType         string          `json:"model_type"`
	Vocabulary        *int            `json:"vocab_size"`
	Hidden            *int            `json:"hidden_size"`
	Intermediate      *int            `json:"intermediate_size"`
	Layers            *int            `json:"num_hidden_layers"`
	Heads             *int            `json:"num_attention_heads"`
	KeyValueHeads     *int            `json:"num_key_value_heads"`
	HeadSize          *int            `json:"head_dim,omitempty"`
	MaxPositions      *int            `json:"max_position_embeddings"`
	Activation        string          `json:"hidden_act"`
	Epsilon           *float64        `json:"rms_norm_eps"`
	RopeTheta         *float64        `json:"rope_theta,omitempty"`
	RopeScaling       *ropeParameters `json:"rope_scaling,omitempty"`
	RopeParameters    *ropeParameters `json:"rope_parameters,omitempty"`
	Tied              *bool           `json:"tie_word_embeddings"`
	UseSlidingWindow  bool            `json:"use_sliding_window"`
	SlidingWindow     *int            `json:"sliding_window,omitempty"`
	MaxWindowLayers   *int            `json:"max_window_layers,omitempty"`
	LayerTypes        []string        `json:"layer_types,omitempty"`
	Quantization      json.RawMessage `json:"quantization_config,omitempty"`
	EndTokens         tokenList       `json:"eos_token_id"`
	InitialisingRange float64         `json:"initializer_range,omitempty"`
}

type ropeParameters struct {
	Theta *float64 `json:"rope_theta"`
	Type  string   `json:"rope_type"`
	// OldType is the key of older files.
	OldType string `json:"type"`
}

// tokenList is a token id, a list of them, or null.
type tokenList []int32

func (t *tokenList) UnmarshalJSON(raw []byte) error {
	if bytes.Equal(raw, []byte("null")) {
		*t = nil
		return nil
	}
	if bytes.HasPrefix(raw, []byte("[")) {
		return json.Unmarshal(raw, (*[]int32)(t))
	}
	*t = make(tokenList, 1)
	return json.Unmarshal(raw, &(*t)[0])
}

func (t tokenList) MarshalJSON() ([]byte, error) {
	if len(t) == 1 {
		return json.Marshal(t[0])
	}
	return json.Marshal([]int32(t))
}

// ParseConfig reads a config.json. What this package would compute otherwise than the file says (another
// architecture, a sliding window, scaled rotary embeddings, quantised weights) is an error that names the key.
func ParseConfig(raw []byte) (Config, error) {
	var f configFile
	if err := json.Unmarshal(raw, &f); err != nil {
		return Config{}, fmt.Errorf("parse config.json: %w", err)
	}
	c, err := f.config()
	if err != nil {
		return Config{}, fmt.Errorf("parse config.json: %w", err)
	}
	return c, nil
}

func (f *configFile) config() (Config, error) {
	if err := f.checkArchitecture(); err != nil {
		return Config{}, err
	}
	c := Config{Architecture: Qwen2Architecture, Epsilon: 1e-6, EndTokens: slices.Clone([]int32(f.EndTokens))}
	for _, field := range []struct {
		key      string
		from     *int
		to       *int
		fallback int // 0: the key must be there
	}{
		{"vocab_size", f.Vocabulary, &c.Vocabulary, 0},
		{"hidden_size", f.Hidden, &c.Width, 0},
		{"intermediate_size", f.Intermediate, &c.Intermediate, 0},
		{"num_hidden_layers", f.Layers, &c.Layers, 0},
		{"num_attention_heads", f.Heads, &c.Heads, 0},
		{"num_key_value_heads", f.KeyValueHeads, &c.KeyValueHeads, value(f.Heads, 0)},
		{"max_position_embeddings", f.MaxPositions, &c.MaxPositions, 32768}, // as transformers' Qwen2Config
		{"head_dim", f.HeadSize, &c.HeadSize, value(f.Hidden, 0) / max(value(f.Heads, 1), 1)},
	} {
		if *field.to = value(field.from, field.fallback); *field.to <= 0 {
			return c, fmt.Errorf("%s is missing or not positive", field.key)
		}
	}
	if f.HeadSize == nil && c.Width%c.Heads != 0 {
		return c, fmt.Errorf("hidden_size %d is no multiple of num_attention_heads %d, and head_dim is missing", c.Width, c.Heads)
	}
	c.Epsilon = value(f.Epsilon, 1e-6)
	c.TiedEmbeddings = value(f.Tied, false)
	theta, err := f.ropeTheta()
	if err != nil {
		return c, err
	}
	c.RopeTheta = theta
	if err := f.checkWindow(c); err != nil {
		return c, err
	}
	return c, c.check()
}

// checkArchitecture refuses what is not a Qwen2 language model with plain weights.
func (f *configFile) checkArchitecture() error {
	name := f.ModelType
	if len(f.Architectures) > 0 {
		name = f.Architectures[0]
	}
	switch {
	case name == "":
		return fmt.Errorf("neither architectures nor model_type is there; expected architectures [%q]", Qwen2Architecture)
	case name != Qwen2Architecture && name != "qwen2", f.ModelType != "" && f.ModelType != "qwen2":
		return fmt.Errorf("architecture %q (model_type %q) is not supported; supported: %s", name, f.ModelType, Qwen2Architecture)
	case f.Activation != "silu" && f.Activation != "":
		return fmt.Errorf("hidden_act is %q, expected \"silu\"", f.Activation)
	case len(f.Quantization) > 0 && string(f.Quantization) != "null":
		return errors.New("quantization_config is there: quantised weights are not supported, use the unquantised checkpoint")
	}
	return nil
}

// ropeTheta is rope_parameters' or the file's own rope_theta, of unscaled rotary embeddings.
func (f *configFile) ropeTheta() (float64, error) {
	theta := f.RopeTheta
	for _, p := range []struct {
		key string
		*ropeParameters
	}{{"rope_scaling", f.RopeScaling}, {"rope_parameters", f.RopeParameters}} {
		if p.ropeParameters == nil {
			continue
		}
		for _, kind := range []string{p.Type, p.OldType} {
			if kind != "" && kind != "default" {
				return 0, fmt.Errorf("%s has rope type %q, expected \"default\"", p.key, kind)
			}
		}
		if p.Theta != nil {
			theta = p.Theta
		}
	}
	return value(theta, 10000), nil // as transformers' Qwen2Config
}

// checkWindow refuses a sliding window that would hide anything.
func (f *configFile) checkWindow(c Config) error {
	for i, kind := range f.LayerTypes {
		if kind != "full_attention" {
			return fmt.Errorf("layer_types: layer %d is %q, expected \"full_attention\"", i, kind)
		}
	}
	if len(f.LayerTypes) != 0 && len(f.LayerTypes) != c.Layers {
		return fmt.Errorf("layer_types has %d entries, expected num_hidden_layers = %d", len(f.LayerTypes), c.Layers)
	}
	first := value(f.MaxWindowLayers, 28) // the first layer with a window; the default of transformers' Qwen2Config
	inert := f.SlidingWindow == nil || *f.SlidingWindow >= c.MaxPositions || first >= c.Layers || len(f.LayerTypes) > 0
	if f.UseSlidingWindow && !inert {
		return fmt.Errorf("use_sliding_window is true with a window of %d from layer %d: sliding windows are not supported",
			*f.SlidingWindow, first)
	}
	return nil
}

// check says whether the sizes fit each other.
func (c Config) check() error {
	switch {
	case c.Heads%c.KeyValueHeads != 0:
		return fmt.Errorf("num_attention_heads %d is no multiple of num_key_value_heads %d", c.Heads, c.KeyValueHeads)
	case c.HeadSize%2 != 0:
		return fmt.Errorf("head_dim %d is odd: rotary embeddings turn pairs", c.HeadSize)
	case !(c.Epsilon > 0 && c.Epsilon < 1):
		return fmt.Errorf("rms_norm_eps is %g, expected a small positive number", c.Epsilon)
	case !(c.RopeTheta > 0):
		return fmt.Errorf("rope_theta is %g, expected a positive number", c.RopeTheta)
	}
	for _, id := range c.EndTokens {
		if id < 0 || int(id) >= c.Vocabulary {
			return fmt.Errorf("eos_token_id %d is outside the vocabulary of %d", id, c.Vocabulary)
		}
	}
	return nil
}

// JSON is the config.json of c in the hub's spelling; ParseConfig gives c again.
func (c Config) JSON() ([]byte, error) {
	if c.Architecture != Qwen2Architecture {
		return nil, fmt.Errorf("write config.json: architecture %q is not supported; supported: %s", c.Architecture, Qwen2Architecture)
	}
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("write config.json: %w", err)
	}
	raw, err := json.MarshalIndent(configFile{
		Architectures: []string{c.Architecture}, ModelType: "qwen2", Activation: "silu", InitialisingRange: initialDeviation,
		Vocabulary: &c.Vocabulary, Hidden: &c.Width, Intermediate: &c.Intermediate, Layers: &c.Layers, Heads: &c.Heads,
		KeyValueHeads: &c.KeyValueHeads, HeadSize: &c.HeadSize, MaxPositions: &c.MaxPositions, Epsilon: &c.Epsilon,
		RopeTheta: &c.RopeTheta, Tied: &c.TiedEmbeddings, EndTokens: c.EndTokens,
	}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write config.json: %w", err)
	}
	return append(raw, '\n'), nil
}

// The tensors outside the blocks, under their names on the hub.
const (
	embeddingName = "model.embed_tokens.weight"
	finalNormName = "model.norm.weight"
	headName      = "lm_head.weight"
)

// WeightNames lists the model's tensors, sorted.
func (c Config) WeightNames() []string { return slices.Sorted(maps.Keys(c.WeightShapes())) }

// WeightShapes gives the shape of each of the model's tensors, by its name on the hub. A projection is [out, in].
func (c Config) WeightShapes() map[string][]int {
	shapes := map[string][]int{embeddingName: {c.Vocabulary, c.Width}, finalNormName: {c.Width}}
	if !c.TiedEmbeddings {
		shapes[headName] = []int{c.Vocabulary, c.Width}
	}
	for i := range c.Layers {
		shapes[layerTensor(i, "input_layernorm.weight")] = []int{c.Width}
		shapes[layerTensor(i, "post_attention_layernorm.weight")] = []int{c.Width}
		for _, p := range c.Projections(i) {
			out, in := c.projectionSize(p.Name)
			shapes[p.WeightName()] = []int{out, in}
			if p.biased() {
				shapes[p.BiasName()] = []int{out}
			}
		}
	}
	return shapes
}

func layerTensor(layer int, name string) string {
	return fmt.Sprintf("model.layers.%d.%s", layer, name)
}

// value is *p, or fallback where p is nil.
func value[T any](p *T, fallback T) T {
	if p == nil {
		return fallback
	}
	return *p
}
