package backbone

import (
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"secura/methods/weights"
)

// ggufEntry is a metadata entry as it stands in a file.
func ggufEntry(key string, value any) []byte {
	text := func(s string) []byte { return append(binary.LittleEndian.AppendUint64(nil, uint64(len(s))), s...) }
	kind, raw := uint32(0), []byte(nil)
	switch v := value.(type) {
	case float64:
		kind, raw = 6, binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(v)))
	case int:
		kind, raw = 4, binary.LittleEndian.AppendUint32(nil, uint32(v))
	case bool:
		kind, raw = 7, []byte{0}
		if v {
			raw[0] = 1
		}
	case string:
		kind, raw = 8, text(v)
	}
	return slices.Concat(text(key), binary.LittleEndian.AppendUint32(nil, kind), raw)
}

// withEntries opens a copy of a GGUF file of testdata that has further entries.
func withEntries(t *testing.T, name string, entries map[string]any) *weights.GGUF {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var more []byte
	for key, value := range entries {
		more = append(more, ggufEntry(key, value)...)
	}
	// The data after must stay aligned to 32 bytes: an entry of a whole length fills up.
	const filler = "general.description"
	empty := len(ggufEntry(filler, ""))
	more = append(more, ggufEntry(filler, strings.Repeat("-", (64-(len(more)+empty)%32)%32))...)
	count := binary.LittleEndian.Uint64(content[16:]) + uint64(len(entries)) + 1
	changed := slices.Concat(content[:16], binary.LittleEndian.AppendUint64(nil, count), more, content[24:])
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, changed, 0o644); err != nil {
		t.Fatal(err)
	}
	return openGGUF(t, path)
}

// TestLinearScalingOfGGUF holds keys of linear scaling against what they mean: at a factor of 4, a
// text at the positions 0, 4, 8 … has the logits that transformers computed of the unscaled model
// at 0, 1, 2 ….
func TestLinearScalingOfGGUF(t *testing.T) {
	_, want := golden(t, "tiny-qwen2")
	logits := slices.Concat(slices.Concat(want.Logits...)...)
	length := len(want.IDs[0])
	spread := [3][][]int32{} // padded on the left, so that the positions are below the row's length
	for _, ids := range want.IDs {
		tokens, positions, segments := make([]int32, 4*length), make([]int32, 4*length), make([]int32, 4*length)
		for i := range tokens {
			segments[i] = -1
		}
		for i, id := range ids {
			at := 3*length + i
			tokens[at], positions[at], segments[at] = id, int32(4*i), 0
		}
		spread[0], spread[1], spread[2] = append(spread[0], tokens), append(spread[1], positions), append(spread[2], segments)
	}
	for _, entries := range []map[string]any{
		{"qwen2.rope.scaling.factor": 4.0},
		{"qwen2.rope.scale_linear": 4.0},
		{"qwen2.rope.scaling.factor": 4.0, "qwen2.rope.scale_linear": 2.0},
		{"qwen2.rope.scaling.type": "linear", "qwen2.rope.scaling.factor": 4.0, "qwen2.rope.scaling.finetuned": true},
	} {
		m, err := LoadGGUF(withEntries(t, "tiny-qwen2.gguf", entries), Precision{})
		if err != nil {
			t.Fatal(err)
		}
		got := logitsOf(t, m, spread)
		var real []float32
		for row := range want.IDs {
			from := (row*4 + 3) * length * m.Config.Vocabulary
			real = append(real, got[from:from+length*m.Config.Vocabulary]...)
		}
		near(t, "scaled", real, logits, 1e-4)
		raw, err := m.Config.JSON()
		if err != nil {
			t.Fatal(err)
		}
		if again, err := ParseConfig(raw); err != nil || !reflect.DeepEqual(again, m.Config) {
			t.Errorf("an exported config.json is read as %+v, %v, expected %+v", again, err, m.Config)
		}
	}
	for _, entries := range []map[string]any{
		{"qwen2.rope.scaling.type": "none", "qwen2.rope.scaling.factor": 4.0},
		{"qwen2.rope.scaling.factor": 0.0},
		{"qwen2.rope.scaling.type": "linear"},
		{"qwen2.expert_count": 0, "qwen2.attention.causal": true, "qwen2.rope.scaling.attn_factor": 1.0, "qwen2.pooling_type": 3},
	} {
		m, err := LoadGGUF(withEntries(t, "tiny-qwen2.gguf", entries), Precision{})
		if err != nil {
			t.Fatal(err)
		}
		near(t, "not scaled", logitsOf(t, m, unpadded(want.IDs)), logits, 1e-4)
	}
}

// TestGGUFRefusesKeys goes through the keys of llama.cpp that change what a Llama or Qwen2 graph
// computes, and one that nobody knows.
func TestGGUFRefusesKeys(t *testing.T) {
	for key, value := range map[string]any{
		"rope.scaling.type":                  "yarn",
		"rope.scaling.factor":                0.5,
		"rope.scaling.attn_factor":           1.25,
		"rope.scaling.alpha":                 4.0,
		"rope.scaling.yarn_ext_factor":       1.0,
		"rope.scaling.yarn_attn_factor":      2.0,
		"rope.dimension_count":               4,
		"rope.dimension_count_swa":           4,
		"rope.dimension_count_per_layer":     4,
		"rope.dimension_sections":            2,
		"rope.freq_base_swa":                 1e4,
		"rope.freq_base_per_layer":           1e4,
		"attention.sliding_window":           4,
		"attention.causal":                   false,
		"attention.scale":                    0.1,
		"attention.clamp_kqv":                8.0,
		"attention.max_alibi_bias":           8.0,
		"attention.temperature_scale":        0.1,
		"attention.layer_norm_epsilon":       1e-5,
		"attention.shared_kv_layers":         1,
		"attn_logit_softcapping":             50.0,
		"final_logit_softcapping":            30.0,
		"logit_scale":                        0.5,
		"residual_scale":                     0.5,
		"embedding_scale":                    12.0,
		"expert_count":                       8,
		"leading_dense_block_count":          1,
		"use_parallel_residual":              true,
		"interleave_moe_layer_step":          1,
		"a_key_that_llama_cpp_will_have_yet": 1,
	} {
		full := "qwen2." + key
		_, err := LoadGGUF(withEntries(t, "tiny-qwen2.gguf", map[string]any{full: value}), Precision{})
		if name := map[string]string{"rope.scaling.factor": "rope factor is 0.5"}[key]; name != "" {
			full = name
		}
		if err == nil || !strings.Contains(err.Error(), full) {
			t.Errorf("%s: %v: got %v", key, value, err)
		}
	}
	_, err := LoadGGUF(withEntries(t, "tiny-llama31.gguf", map[string]any{"llama.rope.scaling.factor": 4.0}), Precision{})
	if err == nil || !strings.Contains(err.Error(), "rope_freqs.weight is there beside a linear scaling by 4") {
		t.Errorf("two scalings: got %v", err)
	}
}

// TestEndTokensOfAGGUFFile: the file's keys name them, in this order and each once.
func TestEndTokensOfAGGUFFile(t *testing.T) {
	const prefix = "tokenizer.ggml."
	for _, c := range []struct {
		values map[string]any
		want   []int32
		fails  string
	}{
		{map[string]any{"eos": int64(2)}, []int32{2}, ""},
		{map[string]any{"eom": int64(8), "eot": int64(9), "eos": int64(2)}, []int32{2, 9, 8}, ""},
		{map[string]any{"eos": int64(9), "eot": int64(9), "eom": int64(8)}, []int32{9, 8}, ""},
		{map[string]any{"eos": int64(2), "eom": "8"}, []int32{2}, "tokenizer.ggml.eom_token_id is 8, expected a token's id"},
	} {
		metadata := ggufMetadata{values: map[string]any{}}
		for key, value := range c.values {
			metadata.values[prefix+key+"_token_id"] = value
		}
		got, err := metadata.endTokens(), errors.Join(metadata.mistakes...)
		if !slices.Equal(got, c.want) || (err == nil) != (c.fails == "") || err != nil && err.Error() != c.fails {
			t.Errorf("%v: %v, %v, expected %v", c.values, got, err, c.want)
		}
	}
}
