package backbone

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"secura/methods/weights"
)

// ggufArchitectures are the architectures in general.architecture that are read, with their names
// in a config.json.
var ggufArchitectures = map[string]string{"llama": LlamaArchitecture, "qwen2": Qwen2Architecture}

// ggufRopeFactors is the tensor that divides the frequencies of a scaled rotary embedding.
const ggufRopeFactors = "rope_freqs.weight"

// LoadGGUF makes a model of a GGUF file, dequantised. As in LoadModel, every tensor of the
// architecture must be there with its shape, and no other. It does not close the file.
func LoadGGUF(file *weights.GGUF, held Precision) (*Model, error) {
	config, err := GGUFConfig(file)
	if err != nil {
		return nil, err
	}
	m, err := loadTensors(config, ggufTensors{file, config}, held)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file.Path(), err)
	}
	return m, nil
}

// CheckGGUF does what LoadGGUF does but for reading the weights.
func CheckGGUF(file *weights.GGUF) error {
	config, err := GGUFConfig(file)
	if err != nil {
		return err
	}
	if err := checkTensors(config, ggufTensors{file, config}); err != nil {
		return fmt.Errorf("%s: %w", file.Path(), err)
	}
	return nil
}

// GGUFConfig is the configuration in a GGUF file's metadata. What would be computed otherwise than
// they say is an error that names the key.
func GGUFConfig(file *weights.GGUF) (Config, error) {
	c, err := ggufConfig(file)
	if err != nil {
		return Config{}, fmt.Errorf("configure backbone by %s: %w", file.Path(), err)
	}
	return c, nil
}

func ggufConfig(file *weights.GGUF) (Config, error) {
	metadata := ggufMetadata{file.Metadata(), "", nil}
	metadata.prefix = metadata.text("general.architecture")
	architecture, known := ggufArchitectures[metadata.prefix]
	if !known {
		return Config{}, fmt.Errorf("general.architecture is %.40q; supported: llama, qwen2", metadata.prefix)
	}
	embedding := file.Shape("token_embd.weight")
	if len(embedding) != 2 {
		return Config{}, fmt.Errorf("token_embd.weight is missing or has the shape %v, expected a matrix", embedding)
	}
	c := Config{
		Architecture: architecture, Vocabulary: embedding[0],
		Width:        metadata.size("embedding_length"),
		Intermediate: metadata.size("feed_forward_length"),
		Layers:       metadata.size("block_count"),
		Heads:        metadata.size("attention.head_count"),
		MaxPositions: metadata.size("context_length"),
		Epsilon:      metadata.number("attention.layer_norm_rms_epsilon", 0),
		RopeTheta:    metadata.number("rope.freq_base", 10000),
		EndTokens:    metadata.endTokens(), TiedEmbeddings: !file.Has("output.weight"),
	}
	c.KeyValueHeads = metadata.sizeOr("attention.head_count_kv", c.Heads)
	c.HeadSize = metadata.sizeOr("attention.key_length", c.Width/max(c.Heads, 1))
	metadata.expect("vocab_size", c.Vocabulary)
	metadata.expect("attention.value_length", c.HeadSize)
	metadata.expect("rope.dimension_count", c.HeadSize)
	c.RopeScaling = metadata.linearScaling()
	metadata.checkKeys()
	if err := errors.Join(metadata.mistakes...); err != nil {
		return c, err
	}
	if file.Has(ggufRopeFactors) {
		if c.RopeScaling != nil {
			return c, fmt.Errorf("%s is there beside a linear scaling by %g (rope.scaling.factor or rope.scale_linear); only one of them is supported",
				ggufRopeFactors, c.RopeScaling.Factor)
		}
		factors, _, err := file.Float32(ggufRopeFactors)
		if err != nil {
			return c, err
		}
		original := metadata.sizeOr("rope.scaling.original_context_length", llama3Positions)
		if c.RopeScaling, err = ropeScalingOf(factors, c, original); err != nil {
			return c, fmt.Errorf("%s: %w", ggufRopeFactors, err)
		}
	}
	return c, c.check()
}

// llama3Positions is the length that Llama 3 was trained on, which its GGUF files do not state.
const llama3Positions = 8192

// ropeScalingOf finds Llama 3's scaling, whose bounds are 1 and 4 in every version, of which
// factors are what the frequencies are divided by.
func ropeScalingOf(factors []float32, c Config, original int) (*RopeScaling, error) {
	if len(factors) != c.HeadSize/2 {
		return nil, fmt.Errorf("%d factors, expected one for each of the %d pairs of a head", len(factors), c.HeadSize/2)
	}
	scaling := &RopeScaling{Factor: float64(slices.Max(factors)), LowFrequency: 1, HighFrequency: 4, OriginalPositions: original}
	for i, factor := range factors {
		frequency := c.ropeFrequency(i)
		if want := frequency / scaling.scale(frequency); !(math.Abs(float64(factor)-want) <= 1e-3*want) {
			return nil, fmt.Errorf("factor %d is %g; with Llama 3's scaling by %g it would be %g, and other scalings are not supported",
				i, factor, scaling.Factor, want)
		}
	}
	return scaling, scaling.check()
}

// ggufMetadata reads values and collects what is wrong with them. A key without a dot stands under
// the architecture's.
type ggufMetadata struct {
	values   map[string]any
	prefix   string
	mistakes []error
}

func (m *ggufMetadata) fail(format string, args ...any) {
	m.mistakes = append(m.mistakes, fmt.Errorf(format, args...))
}

func (m *ggufMetadata) text(key string) string {
	text, _ := m.values[key].(string)
	return text
}

// size is a positive whole number that must be there.
func (m *ggufMetadata) size(key string) int { return m.sizeOr(key, 0) }

// sizeOr is the same with a value for a missing key, 0 for none.
func (m *ggufMetadata) sizeOr(key string, fallback int) int {
	value, there := m.values[m.prefix+"."+key]
	if !there && fallback > 0 {
		return fallback
	}
	if n, ok := value.(int64); ok && n > 0 && n <= math.MaxInt32 {
		return int(n)
	}
	m.fail("%s.%s is %v, expected a positive whole number", m.prefix, key, value)
	return 0
}

// number is a float32 of the file as the shortest decimal number that gives it, so that 1e-5 is
// 1e-5.
func (m *ggufMetadata) number(key string, fallback float64) float64 {
	value, there := m.values[m.prefix+"."+key]
	if !there && fallback > 0 {
		return fallback
	}
	number, ok := value.(float64)
	if !ok {
		m.fail("%s.%s is %v, expected a number", m.prefix, key, value)
		return 0
	}
	number, err := strconv.ParseFloat(strconv.FormatFloat(number, 'g', -1, 32), 64)
	if err != nil {
		m.fail("%s.%s: %w", m.prefix, key, err)
	}
	return number
}

// expect refuses another value than the only one that is supported; the key may be missing.
func (m *ggufMetadata) expect(key string, want int) {
	if value, there := m.values[m.prefix+"."+key]; there && value != int64(want) {
		m.fail("%s.%s is %v, expected %d", m.prefix, key, value, want)
	}
}

// endTokens are the ids that end a text or, in a chat, an answer or a call of a tool. Control
// tokens that llama.cpp takes for ends by their texts, such as <|endoftext|> beside an eos of
// <|im_end|>, are not among them: what ends an answer is what the file's keys say.
func (m *ggufMetadata) endTokens() []int32 {
	var ends []int32
	for _, key := range []string{"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"} {
		id, ok := m.values[key].(int64)
		if ok && id >= 0 && id <= math.MaxInt32 && !slices.Contains(ends, int32(id)) {
			ends = append(ends, int32(id))
		} else if value, there := m.values[key]; there && !ok {
			m.fail("%s is %v, expected a token's id", key, value)
		}
	}
	return ends
}

// ggufTensors gives a GGUF file's tensors as they are on the hub: under those names, and with the
// rows of Llama's query and key projections in that order.
type ggufTensors struct {
	file   *weights.GGUF
	config Config
}

// ggufParts are the parts of names on the hub and in GGUF files.
var ggufParts = []string{
	"model.embed_tokens.", "token_embd.", "model.norm.", "output_norm.", "lm_head.", "output.", "model.layers.", "blk.",
	"self_attn.q_proj.", "attn_q.", "self_attn.k_proj.", "attn_k.", "self_attn.v_proj.", "attn_v.",
	"self_attn.o_proj.", "attn_output.", "mlp.gate_proj.", "ffn_gate.", "mlp.up_proj.", "ffn_up.", "mlp.down_proj.", "ffn_down.",
	"input_layernorm.", "attn_norm.", "post_attention_layernorm.", "ffn_norm.",
}

// ggufName is a tensor's name in a GGUF file.
func ggufName(hubName string) string { return strings.NewReplacer(ggufParts...).Replace(hubName) }

// Names lists the file's tensors under their names on the hub, or, of an unknown one, under its
// own.
func (g ggufTensors) Names() []string {
	known := map[string]string{}
	for _, name := range g.config.WeightNames() {
		known[ggufName(name)] = name
	}
	var names []string
	for _, name := range g.file.Names() {
		switch hubName, ok := known[name]; {
		case ok:
			names = append(names, hubName)
		case name != ggufRopeFactors: // whose content is in the configuration
			names = append(names, name)
		}
	}
	return names
}

func (g ggufTensors) Has(name string) bool { return g.file.Has(ggufName(name)) }

func (g ggufTensors) Shape(name string) ([]int, error) { return g.file.Shape(ggufName(name)), nil }

func (g ggufTensors) float32(name string, into []float32) error {
	values, shape, err := g.file.Float32(ggufName(name))
	if err != nil {
		return err
	}
	if g.config.Architecture == LlamaArchitecture && (strings.HasSuffix(name, "q_proj.weight") || strings.HasSuffix(name, "k_proj.weight")) {
		values = splitPairs(values, g.config.HeadSize, shape[len(shape)-1])
	}
	copy(into, values)
	return nil
}

func (g ggufTensors) half(name string, into []weights.Half) error {
	values := make([]float32, len(into))
	err := g.float32(name, values)
	for i, v := range values {
		into[i] = weights.RoundToHalf(v)
	}
	return err
}

// splitPairs undoes the order in which GGUF files hold the rows of a head of Llama's q_proj and
// k_proj: the rotary embedding turns rows 2i and 2i+1 there, rows i and i + half on the hub.
func splitPairs(values []float32, headSize, width int) []float32 {
	out := make([]float32, len(values))
	for row := range len(values) / width {
		in := row % headSize
		from := row - in + in%(headSize/2)*2 + in/(headSize/2)
		copy(out[row*width:(row+1)*width], values[from*width:])
	}
	return out
}
