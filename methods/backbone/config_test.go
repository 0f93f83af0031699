package backbone

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// edited is tiny-qwen2's config.json with some values changed; nil removes a key.
func edited(t *testing.T, changes map[string]any) []byte {
	t.Helper()
	raw, err := os.ReadFile("testdata/tiny-qwen2/config.json")
	if err != nil {
		t.Fatal(err)
	}
	var j map[string]any
	if err := json.Unmarshal(raw, &j); err != nil {
		t.Fatal(err)
	}
	for key, v := range changes {
		if j[key] = v; v == nil {
			delete(j, key)
		}
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
	check("the hub's", edited(t, nil))
	check("a window that begins after the last layer", edited(t, map[string]any{"use_sliding_window": true, "max_window_layers": 2}))
	check("no head_dim", edited(t, map[string]any{"head_dim": nil}))
	check("type default", edited(t, map[string]any{"rope_scaling": map[string]any{"type": "default"}}))
	newer, err := os.ReadFile("testdata/tiny-qwen2-sharded/config.json")
	if err != nil {
		t.Fatal(err)
	}
	want.TiedEmbeddings = false
	check("transformers 5's", newer)
	want.EndTokens = []int32{2, 5}
	check("several end tokens", edited(t, map[string]any{"eos_token_id": []int{2, 5}, "tie_word_embeddings": nil}))
	want.EndTokens = nil
	check("no end token", edited(t, map[string]any{"eos_token_id": nil, "tie_word_embeddings": false}))
}

func TestConfigErrorsNameTheKey(t *testing.T) {
	for _, c := range []struct {
		changes map[string]any
		want    string
	}{
		{map[string]any{"architectures": []string{"LlamaForCausalLM"}, "model_type": "llama"}, `architecture "LlamaForCausalLM"`},
		{map[string]any{"architectures": []string{"Qwen2Model"}}, `architecture "Qwen2Model"`},
		{map[string]any{"model_type": "gemma2"}, `model_type "gemma2"`},
		{map[string]any{"architectures": nil, "model_type": nil}, "model_type"},
		{map[string]any{"hidden_size": nil}, "hidden_size"},
		{map[string]any{"num_hidden_layers": -1}, "num_hidden_layers"},
		{map[string]any{"num_key_value_heads": 3}, "num_key_value_heads"},
		{map[string]any{"head_dim": 7}, "head_dim"},
		{map[string]any{"head_dim": nil, "num_attention_heads": 6}, "num_attention_heads"},
		{map[string]any{"hidden_act": "gelu"}, "hidden_act"},
		{map[string]any{"rms_norm_eps": 0}, "rms_norm_eps"},
		{map[string]any{"rope_theta": 0}, "rope_theta"},
		{map[string]any{"rope_scaling": map[string]any{"type": "yarn", "factor": 4}}, "rope_scaling"},
		{map[string]any{"rope_parameters": map[string]any{"rope_type": "linear"}}, "rope_parameters"},
		{map[string]any{"use_sliding_window": true, "max_window_layers": 1}, "use_sliding_window"},
		{map[string]any{"layer_types": []string{"full_attention", "sliding_attention"}}, "layer_types"},
		{map[string]any{"layer_types": []string{"full_attention"}}, "layer_types"},
		{map[string]any{"quantization_config": map[string]any{"bits": 4}}, "quantization_config"},
		{map[string]any{"eos_token_id": 96}, "eos_token_id"},
		{map[string]any{"eos_token_id": "</s>"}, "parse config.json"},
	} {
		if _, err := ParseConfig(edited(t, c.changes)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: error %v, expected one with %q", c.changes, err, c.want)
		}
	}
}

func TestConfigJSONRoundTrip(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		size := rapid.IntRange(1, 9)
		group := size.Draw(r, "group")
		c := Config{Architecture: Qwen2Architecture, Vocabulary: size.Draw(r, "vocabulary"), Width: size.Draw(r, "width"),
			Intermediate: size.Draw(r, "intermediate"), Layers: size.Draw(r, "layers"), KeyValueHeads: size.Draw(r, "kv"),
			HeadSize: 2 * size.Draw(r, "head size"), MaxPositions: size.Draw(r, "positions"), TiedEmbeddings: rapid.Bool().Draw(r, "tied"),
			Epsilon: rapid.Float64Range(1e-12, 0.5).Draw(r, "epsilon"), RopeTheta: rapid.Float64Range(1, 1e7).Draw(r, "theta")}
		c.Heads = group * c.KeyValueHeads
		for range rapid.IntRange(0, 3).Draw(r, "end tokens") {
			c.EndTokens = append(c.EndTokens, rapid.Int32Range(0, int32(c.Vocabulary)-1).Draw(r, "end token"))
		}
		raw, err := c.JSON()
		if err != nil {
			r.Fatal(err)
		}
		if got, err := ParseConfig(raw); err != nil || !reflect.DeepEqual(got, c) {
			r.Fatalf("%+v, %v, want %+v from\n%s", got, err, c, raw)
		}
	})
}

func FuzzParseConfig(f *testing.F) {
	for _, name := range []string{"tiny-qwen2", "tiny-qwen2-sharded"} {
		raw, err := os.ReadFile("testdata/" + name + "/config.json")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
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
