package backbone

import (
	"bytes"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"secura/methods/weights"
)

func flat(t *testing.T, m *Model, name string) []float32 {
	t.Helper()
	values, err := tensors.CopyFlatData[float32](m.Weights[name])
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func TestSavedModelIsLoadedAgain(t *testing.T) {
	m, _ := golden(t, "tiny-qwen2")
	for _, dtype := range []weights.DType{weights.F32, weights.BF16} {
		dir := filepath.Join(t.TempDir(), "new")
		if err := m.Save(dir, dtype); err != nil {
			t.Fatal(err)
		}
		again, err := LoadModel(dir, Precision{})
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(again.Config, m.Config) || !slices.Equal(again.Names, m.Names) {
			t.Errorf("%s: %+v", dtype, again.Config)
		}
		for _, name := range m.Names {
			got := flat(t, again, name)
			for i, v := range flat(t, m, name) {
				if d := math.Abs(float64(got[i] - v)); dtype == weights.F32 && d != 0 || d > math.Abs(float64(v))/256 {
					t.Fatalf("%s: %s[%d] is %v, want %v", dtype, name, i, got[i], v)
				}
			}
		}
	}
	if err := m.Save(t.TempDir(), weights.F16); err == nil {
		t.Error("F16 was taken")
	}
}

func TestWrongTensorsAreNamed(t *testing.T) {
	m, _ := golden(t, "tiny-qwen2")
	config := edited(t, "tiny-qwen2", nil)
	load := func(config []byte, change func([]weights.Tensor) []weights.Tensor) error {
		var list []weights.Tensor
		for _, name := range m.Names {
			list = append(list, weights.Tensor{Name: name, DType: weights.F32, Shape: m.Config.WeightShapes()[name], Data: flat(t, m, name)})
		}
		var buffer bytes.Buffer
		if err := weights.Encode(&buffer, change(list), nil); err != nil {
			t.Fatal(err)
		}
		file, err := weights.Parse(buffer.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		_, err = LoadModelFiles(config, file, Precision{})
		return err
	}
	same := func(l []weights.Tensor) []weights.Tensor { return l }
	if err := load(config, same); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what   string
		config []byte
		change func([]weights.Tensor) []weights.Tensor
		want   []string
	}{
		{"untied without a head", edited(t, "tiny-qwen2", map[string]any{"tie_word_embeddings": false}), same, []string{"lm_head.weight", "missing"}},
		{"missing", config, func(l []weights.Tensor) []weights.Tensor { return l[2:] }, []string{m.Names[0], m.Names[1], "missing"}},
		{"another layer", edited(t, "tiny-qwen2", map[string]any{"num_hidden_layers": 1}), same, []string{"model.layers.1.mlp.up_proj.weight", "are not of"}},
		{"turned", config, func(l []weights.Tensor) []weights.Tensor {
			i := slices.IndexFunc(l, func(w weights.Tensor) bool { return strings.HasSuffix(w.Name, "1.mlp.down_proj.weight") })
			l[i].Shape = []int{64, 32}
			return l
		}, []string{"model.layers.1.mlp.down_proj.weight", "[64 32]", "[32 64]"}},
		{"integers", config, func(l []weights.Tensor) []weights.Tensor {
			l[0].DType, l[0].Data = weights.I32, make([]int32, 96*32)
			return l
		}, []string{m.Names[0], "I32"}},
	} {
		err := load(c.config, c.change)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v, expected one with %q", c.what, err, want)
			}
		}
	}
}

func TestLoadModelReadsTheFolder(t *testing.T) {
	if _, err := LoadModel(t.TempDir(), Precision{}); err == nil || !strings.Contains(err.Error(), "config.json") {
		t.Errorf("no config.json: %v", err)
	}
	m, _ := golden(t, "tiny-qwen2")
	dir := t.TempDir()
	if err := m.Save(dir, weights.F32); err != nil {
		t.Fatal(err)
	}
	for content, want := range map[string]string{
		`{"eos_token_id": [7, 96]}`:  "generation_config.json: eos_token_id 96 is outside",
		`{"eos_token_id": "</s>"}`:   "generation_config.json: eos_token_id is a text, expected a whole number; take the file",
		`{"eos_token_id": [7, "a"]}`: "generation_config.json: eos_token_id is a text, expected a whole number; take the file",
		`{"eos_token_id": 7`:         "generation_config.json: it ends after 18 bytes",
		`{"eos_token_id": 7,}`:       "generation_config.json: line 1, column 20: invalid character",
		"":                           "generation_config.json: it is empty; take the file",
	} {
		if err := os.WriteFile(filepath.Join(dir, "generation_config.json"), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadModel(dir, Precision{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, expected one with %q", content, err, want)
		}
	}
}

func TestRandomModel(t *testing.T) {
	c := Config{Architecture: Qwen2Architecture, Vocabulary: 64, Width: 64, Intermediate: 96, Layers: 8, Heads: 4, KeyValueHeads: 2,
		HeadSize: 16, MaxPositions: 64, Epsilon: 1e-6, RopeTheta: 1000}
	m, again := Random(c, rand.New(rand.NewPCG(1, 2))), Random(c, rand.New(rand.NewPCG(1, 2)))
	other := Random(c, rand.New(rand.NewPCG(1, 3)))
	if !slices.IsSorted(m.Names) || len(m.Names) != 3+12*c.Layers {
		t.Errorf("names %v", m.Names)
	}
	for _, name := range m.Names {
		values := flat(t, m, name)
		if !slices.Equal(values, flat(t, again, name)) {
			t.Fatalf("%s differs between two equal draws", name)
		}
		want := 0.02
		switch {
		case strings.HasSuffix(name, ".bias"), strings.HasSuffix(name, "norm.weight"):
			constant := float32(0)
			if strings.HasSuffix(name, "norm.weight") {
				constant = 1
			}
			if slices.ContainsFunc(values, func(v float32) bool { return v != constant }) {
				t.Errorf("%s is not %g throughout", name, constant)
			}
			continue
		case strings.HasSuffix(name, "o_proj.weight"), strings.HasSuffix(name, "down_proj.weight"):
			want /= 4 // √(2·8)
		}
		squares := 0.0
		for _, v := range values {
			squares += float64(v) * float64(v)
		}
		if got := math.Sqrt(squares / float64(len(values))); math.Abs(got/want-1) > 0.1 {
			t.Errorf("%s: deviation %g, want %g", name, got, want)
		}
		if slices.Equal(values, flat(t, other, name)) {
			t.Errorf("%s does not depend on the seed", name)
		}
	}
}
