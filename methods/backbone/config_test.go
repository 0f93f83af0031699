package backbone

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// edited is a golden backbone's config.json with some values changed; nil is null.
func edited(t *testing.T, name string, changes map[string]any) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	var j map[string]any
	if err := json.Unmarshal(raw, &j); err != nil {
		t.Fatal(err)
	}
	for key, v := range changes {
		j[key] = v
	}
	if raw, err = json.Marshal(j); err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestBothSpellingsGiveOneConfig(t *testing.T) {
	want := Config{Architecture: Qwen2Architecture, Vocabulary: 96, Width: 32, Intermediate: 64, Layers: 2, Heads: 4, KeyValueHeads: 2,
		HeadSize: 8, MaxPositions: 128, Epsilon: 1e-6, RopeTheta: 1e6, TiedEmbeddings: true, EndTokens: []int32{2}}
	check := func(what string, raw []byte) {
		t.Helper()
		got, err := ParseConfig(raw)
		if err != nil {
			t.Errorf("%s: %v", what, err)
		} else if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", what, got, want)
		}
	}
	check("the hub's", edited(t, "tiny-qwen2", nil))
	check("a window that begins after the last layer", edited(t, "tiny-qwen2", map[string]any{"use_sliding_window": true, "max_window_layers": 2}))
	check("no head_dim", edited(t, "tiny-qwen2", map[string]any{"head_dim": nil}))
	check("type default", edited(t, "tiny-qwen2", map[string]any{"rope_scaling": map[string]any{"type": "default"}}))
	newer, err := os.ReadFile("testdata/tiny-qwen2-sharded/config.json")
	if err != nil {
		t.Fatal(err)
	}
	want.TiedEmbeddings = false
	check("transformers 5's", newer)
	want.EndTokens = []int32{2, 5}
	check("several end tokens", edited(t, "tiny-qwen2", map[string]any{"eos_token_id": []int{2, 5}, "tie_word_embeddings": nil}))
	want.EndTokens = nil
	check("no end token", edited(t, "tiny-qwen2", map[string]any{"eos_token_id": nil, "tie_word_embeddings": false}))
}

func TestBothSpellingsGiveOneModel(t *testing.T) {
	for name, want := range map[string]Config{
		"tiny-llama31": {Architecture: LlamaArchitecture, Vocabulary: 96, Width: 32, Intermediate: 64, Layers: 2, Heads: 4,
			KeyValueHeads: 2, HeadSize: 8, MaxPositions: 128, Epsilon: 1e-5, RopeTheta: 500000, EndTokens: []int32{2},
			RopeScaling: &RopeScaling{Factor: 8, LowFrequency: 1, HighFrequency: 4, OriginalPositions: 16}},
		"tiny-gemma2": {Architecture: Gemma2Architecture, Vocabulary: 96, Width: 32, Intermediate: 64, Layers: 3, Heads: 4,
			KeyValueHeads: 2, HeadSize: 16, MaxPositions: 128, Epsilon: 1e-6, RopeTheta: 10000, EndTokens: []int32{2},
			TiedEmbeddings: true, QueryScalar: 24, AttentionCap: 50, LogitCap: 30, Window: 4, Windowed: []bool{true, false, true}},
	} {
		for _, file := range []string{"config.json", "config.transformers5.json"} {
			raw, err := os.ReadFile(filepath.Join("testdata", name, file))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := ParseConfig(raw); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s of %s: %+v, %v, want %+v", file, name, got, err, want)
			}
		}
	}
}

// TestGemma2Defaults has the values that transformers takes for missing keys, which differ from
// those of null.
func TestGemma2Defaults(t *testing.T) {
	raw := `{"model_type": "gemma2", "vocab_size": 96, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
		"num_attention_heads": 8, "num_key_value_heads": 4%s}`
	want := Config{Architecture: Gemma2Architecture, Vocabulary: 96, Width: 32, Intermediate: 64, Layers: 2, Heads: 8,
		KeyValueHeads: 4, HeadSize: 256, MaxPositions: 8192, Epsilon: 1e-6, RopeTheta: 10000, TiedEmbeddings: true,
		QueryScalar: 256, AttentionCap: 50, LogitCap: 30, Window: 4096, Windowed: []bool{true, false}}
	if got, err := ParseConfig(fmt.Appendf(nil, raw, "")); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("missing: %+v, %v, want %+v", got, err, want)
	}
	want.AttentionCap, want.LogitCap, want.Window, want.Windowed = 0, 0, 0, nil
	nulls := `, "attn_logit_softcapping": null, "final_logit_softcapping": null, "sliding_window": null`
	if got, err := ParseConfig(fmt.Appendf(nil, raw, nulls)); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("null: %+v, %v, want %+v", got, err, want)
	}
}

func TestConfigErrorsNameTheKey(t *testing.T) {
	type changes = map[string]any
	for name, cases := range map[string][]struct {
		changes changes
		want    string
	}{
		"tiny-qwen2": {
			{changes{"architectures": []string{"MistralForCausalLM"}, "model_type": "mistral"}, `architecture "MistralForCausalLM"`},
			{changes{"architectures": []string{"Qwen2Model"}}, `architecture "Qwen2Model"`},
			{changes{"model_type": "gemma2"}, `model_type "gemma2"`},
			{changes{"architectures": nil, "model_type": nil}, "model_type"},
			{changes{"hidden_size": nil}, "hidden_size"},
			{changes{"num_hidden_layers": -1}, "num_hidden_layers"},
			{changes{"num_hidden_layers": 1 << 40}, "num_hidden_layers"},
			{changes{"vocab_size": 1 << 40}, "vocab_size"},
			{changes{"num_key_value_heads": 3}, "num_key_value_heads"},
			{changes{"head_dim": 7}, "head_dim"},
			{changes{"head_dim": nil, "num_attention_heads": 6}, "num_attention_heads"},
			{changes{"hidden_act": "gelu"}, "hidden_act"},
			{changes{"rms_norm_eps": 0}, "rms_norm_eps"},
			{changes{"rope_theta": 0}, "rope_theta"},
			{changes{"rope_scaling": changes{"type": "yarn", "factor": 4}}, "rope_scaling"},
			{changes{"rope_parameters": changes{"rope_type": "linear"}}, "rope_parameters: rope type \"linear\" needs factor"},
			{changes{"rope_parameters": changes{"rope_type": "dynamic", "factor": 4}}, "rope_parameters"},
			{changes{"partial_rotary_factor": 0.5}, "partial_rotary_factor"},
			{changes{"use_sliding_window": true, "max_window_layers": 1, "sliding_window": -4}, "sliding_window"},
			{changes{"layer_types": []string{"full_attention", "sliding_attention"}}, "layer_types"},
			{changes{"layer_types": []string{"full_attention"}}, "layer_types"},
			{changes{"quantization_config": changes{"bits": 4}}, "quantization_config"},
			{changes{"eos_token_id": 96}, "eos_token_id"},
			{changes{"eos_token_id": "</s>"}, "parse config.json: eos_token_id is a text, expected a whole number; take the file"},
			{changes{"hidden_size": 2.5}, "hidden_size is the number 2.5, expected a whole number"},
			{changes{"architectures": "Qwen2ForCausalLM"}, "architectures is a text, expected a list"},
			{changes{"rope_scaling": changes{"factor": "4"}}, "rope_scaling.factor is a text, expected a number"},
			{changes{"sliding_window": []int{4}}, "sliding_window is a list, expected a whole number"},
		},
		"tiny-llama31": {
			{changes{"attention_bias": true}, "attention_bias"},
			{changes{"mlp_bias": true}, "mlp_bias"},
			{changes{"rope_scaling": changes{"rope_type": "llama3", "factor": 8}}, "original_max_position_embeddings"},
			{changes{"rope_scaling": changes{"rope_type": "llama3", "factor": 0.5, "low_freq_factor": 1, "high_freq_factor": 4,
				"original_max_position_embeddings": 16}}, "factor is 0.5"},
			{changes{"rope_scaling": changes{"rope_type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 4,
				"original_max_position_embeddings": 16}}, "low_freq_factor"},
			{changes{"rope_scaling": changes{"rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4,
				"original_max_position_embeddings": 0}}, "original_max_position_embeddings"},
		},
		"tiny-gemma2": {
			{changes{"hidden_activation": "gelu"}, "hidden_activation"},
			{changes{"attn_logit_softcapping": -1}, "attn_logit_softcapping"},
			{changes{"final_logit_softcapping": 1e300}, "final_logit_softcapping"},
			{changes{"query_pre_attn_scalar": nil}, "query_pre_attn_scalar"},
			{changes{"query_pre_attn_scalar": 0}, "query_pre_attn_scalar"},
			{changes{"sliding_window": 0}, "sliding_window"},
			{changes{"layer_types": []string{"full_attention", "chunked_attention", "full_attention"}}, "chunked_attention"},
			{changes{"use_bidirectional_attention": true}, "use_bidirectional_attention"},
			{changes{"attention_bias": true}, "attention_bias"},
		},
	} {
		for _, c := range cases {
			if _, err := ParseConfig(edited(t, name, c.changes)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s with %v: error %v, expected one with %q", name, c.changes, err, c.want)
			}
		}
	}
	if _, err := (Config{Architecture: "GPT2LMHeadModel"}).JSON(); err == nil || !strings.Contains(err.Error(), "GPT2LMHeadModel") {
		t.Errorf("unknown architecture: %v", err)
	}
	c, err := ParseConfig(edited(t, "tiny-llama3", nil))
	if err != nil {
		t.Fatal(err)
	}
	c.LogitCap = 30
	if _, err := c.JSON(); err == nil || !strings.Contains(err.Error(), "cannot state") {
		t.Errorf("a Llama with a cap of logits: %v", err)
	}
}

func TestConfigJSONRoundTrip(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		c := drawConfig(r)
		raw, err := c.JSON()
		if err != nil {
			r.Fatal(err)
		}
		if got, err := ParseConfig(raw); err != nil || !reflect.DeepEqual(got, c) {
			r.Fatalf("%+v, %v, want %+v from\n%s", got, err, c, raw)
		}
	})
}

// drawConfig draws a configuration that a config.json can state.
func drawConfig(r *rapid.T) Config {
	size := rapid.IntRange(1, 9)
	group := size.Draw(r, "group")
	c := Config{Architecture: rapid.SampledFrom(Architectures()).Draw(r, "architecture"),
		Vocabulary: size.Draw(r, "vocabulary"), Width: size.Draw(r, "width"),
		Intermediate: size.Draw(r, "intermediate"), Layers: size.Draw(r, "layers"), KeyValueHeads: size.Draw(r, "kv"),
		HeadSize: 2 * size.Draw(r, "head size"), MaxPositions: size.Draw(r, "positions"), TiedEmbeddings: rapid.Bool().Draw(r, "tied"),
		Epsilon: rapid.Float64Range(1e-12, 0.5).Draw(r, "epsilon"), RopeTheta: rapid.Float64Range(1, 1e7).Draw(r, "theta")}
	c.Heads = group * c.KeyValueHeads
	for range rapid.IntRange(0, 3).Draw(r, "end tokens") {
		c.EndTokens = append(c.EndTokens, rapid.Int32Range(0, int32(c.Vocabulary)-1).Draw(r, "end token"))
	}
	switch rapid.SampledFrom([]string{"", "linear", "llama3"}).Draw(r, "scaling") {
	case "linear":
		c.RopeScaling = &RopeScaling{Linear: true, Factor: rapid.Float64Range(1, 64).Draw(r, "factor")}
	case "llama3":
		low := rapid.Float64Range(0.1, 4).Draw(r, "low")
		c.RopeScaling = &RopeScaling{Factor: rapid.Float64Range(1, 64).Draw(r, "factor"), LowFrequency: low,
			HighFrequency: low + rapid.Float64Range(0.1, 4).Draw(r, "high"), OriginalPositions: size.Draw(r, "original")}
	}
	if c.Architecture == Gemma2Architecture {
		number := rapid.Float64Range(0.5, 300)
		c.QueryScalar = number.Draw(r, "query scalar")
		if rapid.Bool().Draw(r, "capped") {
			c.AttentionCap, c.LogitCap = number.Draw(r, "attention cap"), number.Draw(r, "logit cap")
		}
	}
	if c.Architecture != LlamaArchitecture && c.MaxPositions > 1 && rapid.Bool().Draw(r, "windowed") {
		c.Window = rapid.IntRange(1, c.MaxPositions-1).Draw(r, "window")
		c.Windowed = rapid.SliceOfN(rapid.Bool(), c.Layers, c.Layers).Draw(r, "layers with it")
		c.Windowed[0] = true
	}
	return c
}

func FuzzParseConfig(f *testing.F) {
	for _, pattern := range []string{"config.json", "config.transformers5.json"} {
		files, err := filepath.Glob(filepath.Join("testdata", "*", pattern))
		if err != nil || len(files) == 0 {
			f.Fatalf("no %s: %v", pattern, err)
		}
		for _, file := range files {
			raw, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(raw)
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := ParseConfig(raw)
		if err != nil {
			return
		}
		written, err := c.JSON()
		if err != nil {
			t.Fatalf("%+v was parsed but cannot be written: %v", c, err)
		}
		if again, err := ParseConfig(written); err != nil || !reflect.DeepEqual(c, again) {
			t.Fatalf("%+v, then %+v, %v", c, again, err)
		}
	})
}
