package backbone

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"secura/methods/weights"
)

// withTensors copies tiny-qwen2, whose embeddings are tied, with its list of tensors changed.
func withTensors(t *testing.T, dtype weights.DType, change func(list []weights.Tensor) []weights.Tensor) (dir string, m *Model, want reference) {
	t.Helper()
	m, want = golden(t, "tiny-qwen2")
	dir = t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "tiny-qwen2"))); err != nil {
		t.Fatal(err)
	}
	var list []weights.Tensor
	for _, name := range m.Names {
		list = append(list, weights.Tensor{Name: name, DType: dtype, Shape: m.Config.WeightShapes()[name], Data: flat(t, m, name)})
	}
	if err := weights.Write(filepath.Join(dir, "model.safetensors"), change(list), nil); err != nil {
		t.Fatal(err)
	}
	return dir, m, want
}

func embeddingOf(list []weights.Tensor) weights.Tensor {
	return list[slices.IndexFunc(list, func(w weights.Tensor) bool { return w.Name == embeddingName })]
}

// TestTensorsThatTransformersTakesAreTaken adds what old checkpoints have beside the weights: the
// model's logits stay those of transformers.
func TestTensorsThatTransformersTakesAreTaken(t *testing.T) {
	dir, _, want := withTensors(t, weights.F32, func(list []weights.Tensor) []weights.Tensor {
		head := embeddingOf(list)
		head.Name = headName
		buffer := weights.Tensor{DType: weights.F32, Shape: []int{4}, Data: []float32{1, 0.1, 0.01, 0.001}}
		for _, name := range []string{"model.layers.0.self_attn.rotary_emb.inv_freq", "model.layers.1.self_attn.rotary_emb.inv_freq", "model.rotary_emb.inv_freq"} {
			buffer.Name = name
			list = append(list, buffer)
		}
		return append(list, head)
	})
	for _, held := range []Precision{{}, {Half: true}} {
		if _, err := LoadModel(dir, held); err != nil {
			t.Fatal(err)
		}
	}
	m, err := LoadModel(dir, Precision{})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "logits", logitsOf(t, m, unpadded(want.IDs)), slices.Concat(slices.Concat(want.Logits...)...), 1e-4)
	if c, err := CheckModel(dir); err != nil || !c.TiedEmbeddings {
		t.Errorf("%+v, %v", c, err)
	}
}

// TestTensorsThatChangeTheModelAreNamed gives a tied head of its own, of another shape, and values
// that are not finite.
func TestTensorsThatChangeTheModelAreNamed(t *testing.T) {
	set := func(name string, at int, value float32) func(list []weights.Tensor) []weights.Tensor {
		return func(list []weights.Tensor) []weights.Tensor {
			w := &list[slices.IndexFunc(list, func(w weights.Tensor) bool { return w.Name == name })]
			values := slices.Clone(w.Data.([]float32))
			values[at], w.Data = value, values
			return list
		}
	}
	const projection = "model.layers.1.mlp.up_proj.weight" // [64, 32]
	for what, c := range map[string]struct {
		change func(list []weights.Tensor) []weights.Tensor
		want   []string
	}{
		"another head": {func(list []weights.Tensor) []weights.Tensor {
			head := embeddingOf(list)
			values := slices.Clone(head.Data.([]float32))
			values[2*32+5]++
			head.Name, head.Data = headName, values
			return append(list, head)
		}, []string{`"lm_head.weight" differs from "model.embed_tokens.weight" at [2, 5]`, "tie_word_embeddings"}},
		"a head of another shape": {func(list []weights.Tensor) []weights.Tensor {
			return append(list, weights.Tensor{Name: headName, DType: weights.F32, Shape: []int{1, 2}, Data: []float32{1, 2}})
		}, []string{`"lm_head.weight" has shape [1 2], expected [96 32]`}},
		"NaN":              {set(projection, 3*32+7, float32(math.NaN())), []string{`"` + projection + `": 1 of its 2048 values`, "at [3, 7]"}},
		"infinity":         {set(projection, 0, float32(math.Inf(-1))), []string{projection, "at [0, 0]"}},
		"NaN in a norm":    {set(finalNormName, 9, float32(math.NaN())), []string{finalNormName, "at [0, 9]"}},
		"NaN in embedding": {set(embeddingName, 32, float32(math.NaN())), []string{embeddingName, "at [1, 0]"}},
		"an unknown buffer": {func(list []weights.Tensor) []weights.Tensor {
			return append(list, weights.Tensor{Name: "model.layers.0.self_attn.masked_bias", DType: weights.F32, Shape: []int{1}, Data: []float32{1}})
		}, []string{"1 tensors are not of", "masked_bias"}},
	} {
		dir, _, _ := withTensors(t, weights.F32, c.change)
		for _, held := range []Precision{{}, {Half: true}} {
			_, err := LoadModel(dir, held)
			for _, want := range append(c.want, dir) {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%s, held as %+v: got %v, want %q", what, held, err, want)
				}
			}
		}
	}
}
