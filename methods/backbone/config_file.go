package backbone

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"secura/jsonfile"
)

// configFile is config.json in the hub's spelling (rope_theta, rope_scaling, torch_dtype) and that
// of transformers 5 (rope_parameters, layer_types). A nil pointer is a key that is missing or null;
// where the two differ, the field is a nullable.
type configFile struct {
	Architectures     []string          `json:"architectures"`
	ModelType         string            `json:"model_type"`
	Vocabulary        *int              `json:"vocab_size"`
	Hidden            *int              `json:"hidden_size"`
	Intermediate      *int              `json:"intermediate_size"`
	Layers            *int              `json:"num_hidden_layers"`
	Heads             *int              `json:"num_attention_heads"`
	KeyValueHeads     *int              `json:"num_key_value_heads"`
	HeadSize          *int              `json:"head_dim,omitempty"`
	MaxPositions      *int              `json:"max_position_embeddings"`
	Activation        string            `json:"hidden_act"`
	GateActivation    string            `json:"hidden_activation,omitempty"` // Gemma's, which hidden_act does not overrule
	Epsilon           *float64          `json:"rms_norm_eps"`
	RopeTheta         *float64          `json:"rope_theta,omitempty"`
	RopeScaling       *ropeParameters   `json:"rope_scaling,omitempty"`
	RopeParameters    *ropeParameters   `json:"rope_parameters,omitempty"`
	Partial           *float64          `json:"partial_rotary_factor,omitempty"`
	QueryScalar       nullable[float64] `json:"query_pre_attn_scalar,omitzero"`
	AttentionCap      nullable[float64] `json:"attn_logit_softcapping,omitzero"`
	LogitCap          nullable[float64] `json:"final_logit_softcapping,omitzero"`
	Tied              *bool             `json:"tie_word_embeddings"`
	AttentionBias     bool              `json:"attention_bias,omitempty"`
	FeedForwardBias   bool              `json:"mlp_bias,omitempty"`
	Bidirectional     bool              `json:"use_bidirectional_attention,omitempty"`
	UseSlidingWindow  *bool             `json:"use_sliding_window,omitempty"`
	SlidingWindow     nullable[int]     `json:"sliding_window,omitzero"`
	MaxWindowLayers   *int              `json:"max_window_layers,omitempty"`
	LayerTypes        []string          `json:"layer_types,omitempty"`
	Quantization      json.RawMessage   `json:"quantization_config,omitempty"`
	EndTokens         tokenList         `json:"eos_token_id"`
	InitialisingRange float64           `json:"initializer_range,omitempty"`
}

// The kinds of layers in layer_types.
const (
	fullAttention    = "full_attention"
	slidingAttention = "sliding_attention"
)

// nullable is the value of a key that may be missing, null or there.
type nullable[T any] struct {
	there bool
	value *T // nil for null
}

func (n *nullable[T]) UnmarshalJSON(raw []byte) error {
	n.there = true
	return json.Unmarshal(raw, &n.value)
}

func (n nullable[T]) MarshalJSON() ([]byte, error) { return json.Marshal(n.value) }

// or is the value, 0 for null, fallback for a missing key.
func (n nullable[T]) or(fallback T) T {
	if !n.there {
		return fallback
	}
	var zero T
	return value(n.value, zero)
}

// orNull is v, or null for 0.
func orNull[T comparable](v T) nullable[T] {
	var zero T
	if v == zero {
		return nullable[T]{there: true}
	}
	return nullable[T]{true, &v}
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

// ParseConfig reads a config.json. What this package would compute otherwise than the file says
// (another architecture, a rotary embedding scaled in another way, quantised weights) and what is
// out of range is an error that names the key.
func ParseConfig(raw []byte) (Config, error) {
	var f configFile
	if err := jsonfile.Decode(raw, &f); err != nil {
		return Config{}, fmt.Errorf("parse config.json: %w; take the file from the repository that the weights came from", err)
	}
	c, err := f.config()
	if err != nil {
		return Config{}, fmt.Errorf("parse config.json: %w", err)
	}
	return c, nil
}

func (f *configFile) config() (Config, error) {
	name := ""
	if len(f.Architectures) > 0 {
		name = f.Architectures[0]
	}
	family, err := findArchitecture(name, f.ModelType)
	if err != nil {
		return Config{}, err
	}
	if err := f.checkSupport(family); err != nil {
		return Config{}, err
	}
	defaults := family.defaults
	c := Config{Architecture: family.name, EndTokens: slices.Clone([]int32(f.EndTokens)), TiedEmbeddings: value(f.Tied, defaults.TiedEmbeddings),
		Epsilon: value(f.Epsilon, 1e-6)} // as in transformers' configurations of all architectures
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
		{"num_key_value_heads", f.KeyValueHeads, &c.KeyValueHeads, cmp.Or(defaults.KeyValueHeads, value(f.Heads, 0))},
		{"max_position_embeddings", f.MaxPositions, &c.MaxPositions, defaults.MaxPositions},
		{"head_dim", f.HeadSize, &c.HeadSize, cmp.Or(defaults.HeadSize, value(f.Hidden, 0)/max(value(f.Heads, 1), 1))},
	} {
		if *field.to = value(field.from, field.fallback); *field.to <= 0 {
			return c, fmt.Errorf("%s is missing or not positive", field.key)
		}
	}
	if f.HeadSize == nil && defaults.HeadSize == 0 && c.Width%c.Heads != 0 {
		return c, fmt.Errorf("hidden_size %d is no multiple of num_attention_heads %d, and head_dim is missing", c.Width, c.Heads)
	}
	if err := f.readRope(&c); err != nil {
		return c, err
	}
	if c.Layers > maxLayers {
		return c, c.check() // before something is made for each layer
	}
	if err := family.read(f, &c); err != nil {
		return c, err
	}
	return c, c.check()
}

// checkSupport refuses what the architecture is not computed with.
func (f *configFile) checkSupport(family *architecture) error {
	key, activation := "hidden_act", f.Activation
	if family.ownActivationKey {
		key, activation = "hidden_activation", f.GateActivation
	}
	switch {
	case activation != family.activationName && activation != "":
		return fmt.Errorf("%s is %q, expected %q", key, activation, family.activationName)
	case len(f.Quantization) > 0 && string(f.Quantization) != "null":
		return errors.New("quantization_config is there: quantised weights are not supported, use the unquantised checkpoint")
	}
	return nil
}

// checkLayerTypes refuses layers of other kinds than those given, and lists of another length.
func (f *configFile) checkLayerTypes(layers int, kinds ...string) error {
	for i, kind := range f.LayerTypes {
		if !slices.Contains(kinds, kind) {
			return fmt.Errorf("layer_types: layer %d is %q, expected one of %q", i, kind, kinds)
		}
	}
	if len(f.LayerTypes) != 0 && len(f.LayerTypes) != layers {
		return fmt.Errorf("layer_types has %d entries, expected num_hidden_layers = %d", len(f.LayerTypes), layers)
	}
	return nil
}

// readWindow takes the window and the layers that have it, which without layer_types are those of
// windowed. A window that hides nothing is none.
func (f *configFile) readWindow(c *Config, fallback int, windowed func(layer int) bool) error {
	if err := f.checkLayerTypes(c.Layers, fullAttention, slidingAttention); err != nil {
		return err
	}
	if given := f.SlidingWindow.value; given != nil && *given < 1 {
		return fmt.Errorf("sliding_window is %d, expected 1 or more", *given)
	}
	window := f.SlidingWindow.or(fallback)
	kinds := make([]bool, c.Layers)
	for i := range kinds {
		kinds[i] = windowed(i)
		if len(f.LayerTypes) > 0 {
			kinds[i] = f.LayerTypes[i] == slidingAttention
		}
	}
	if window != 0 && window < c.MaxPositions && slices.Contains(kinds, true) {
		c.Window, c.Windowed = window, kinds
	}
	return nil
}

// writeWindow states what readWindow has read.
func (f *configFile) writeWindow(c Config) {
	f.SlidingWindow = orNull(c.Window)
	for _, windowed := range c.Windowed {
		kind := fullAttention
		if windowed {
			kind = slidingAttention
		}
		f.LayerTypes = append(f.LayerTypes, kind)
	}
}

// JSON is the config.json of c in the hub's spelling; ParseConfig gives c again.
func (c Config) JSON() ([]byte, error) {
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("write config.json: %w", err)
	}
	family := c.architecture()
	f := configFile{
		Architectures: []string{c.Architecture}, ModelType: family.modelType, Activation: family.activationName,
		InitialisingRange: initialDeviation, Vocabulary: &c.Vocabulary, Hidden: &c.Width, Intermediate: &c.Intermediate,
		Layers: &c.Layers, Heads: &c.Heads, KeyValueHeads: &c.KeyValueHeads, HeadSize: &c.HeadSize,
		MaxPositions: &c.MaxPositions, Epsilon: &c.Epsilon, RopeTheta: &c.RopeTheta, RopeScaling: c.RopeScaling.parameters(),
		Tied: &c.TiedEmbeddings, EndTokens: c.EndTokens,
	}
	family.write(c, &f)
	raw, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write config.json: %w", err)
	}
	if again, err := ParseConfig(raw); err != nil || !reflect.DeepEqual(again, c) {
		return nil, fmt.Errorf("write config.json: one of %s cannot state %+v: it would be read as %+v, %v", c.Architecture, c, again, err)
	}
	return append(raw, '\n'), nil
}

// value is *p, or fallback where p is nil.
func value[T any](p *T, fallback T) T {
	if p == nil {
		return fallback
	}
	return *p
}
