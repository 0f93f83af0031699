package backbone

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"secura/methods/weights"
)

// rounded writes a copy of a model folder whose weights are bfloat16, and so exact in both
// precisions.
func rounded(t *testing.T, name string) string {
	t.Helper()
	m, err := LoadModel(filepath.Join("testdata", name), Precision{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := m.Save(dir, weights.BF16); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestHalfPrecisionHoldsMatricesThatAreNotChanged(t *testing.T) {
	dir := rounded(t, "tiny-qwen2")
	full, err := LoadModel(dir, Precision{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := LoadModel(dir, Precision{Half: true, Changed: []string{"q_proj", "v_proj"}})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]dtypes.DType{
		"model.embed_tokens.weight": dtypes.BFloat16, "model.layers.0.mlp.down_proj.weight": dtypes.BFloat16, "model.layers.0.self_attn.k_proj.weight": dtypes.BFloat16,
		"model.layers.0.self_attn.q_proj.weight": dtypes.Float32, "model.layers.0.self_attn.v_proj.weight": dtypes.Float32,
		"model.layers.0.self_attn.k_proj.bias": dtypes.Float32, "model.norm.weight": dtypes.Float32,
	} {
		if got := m.Weights[name].DType(); got != want {
			t.Errorf("%s is held as %s, expected %s", name, got, want)
		}
	}
	for _, name := range m.Names {
		got, err := Values(m.Weights[name])
		if err != nil {
			t.Fatal(err)
		}
		want, err := Values(full.Weights[name])
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("%s, value %d: %g, expected %g", name, i, got[i], want[i])
			}
		}
	}
}

// TestHalfPrecisionComputesNearlyTheSame compares logits and a gradient through every bfloat16
// product with those of the same weights in float32. What differs is the rounding of activations to
// eight bits.
func TestHalfPrecisionComputesNearlyTheSame(t *testing.T) {
	backend, err := testBackend()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"tiny-qwen2", "tiny-llama3", "tiny-gemma2"} {
		dir := rounded(t, name)
		var logits, gradients [2][]float32
		for i, held := range []Precision{{}, {Half: true, Changed: []string{"v_proj"}}} {
			m, err := LoadModel(dir, held)
			if err != nil {
				t.Fatal(err)
			}
			inputs := []any{[][]int32{{1, 5, 9, 2, 7, 3}}, [][]int32{{0, 1, 2, 3, 4, 5}}, [][]int32{{0, 0, 0, 0, 0, 0}}}
			for _, name := range m.Names {
				inputs = append(inputs, m.Weights[name])
			}
			exec, err := NewExec(backend, func(nodes []*Node) []*Node {
				named := map[string]*Node{}
				for k, name := range m.Names {
					named[name] = nodes[3+k]
				}
				rows := Rows{Tokens: nodes[0], Positions: nodes[1], Segments: nodes[2]}
				out := m.Config.Logits(named, m.Config.Hidden(named, rows, nil))
				first := named["model.layers.0.self_attn.v_proj.weight"]
				return []*Node{out, Gradient(ReduceAllSum(Square(out)), first)[0]}
			})
			if err != nil {
				t.Fatal(err)
			}
			out, err := exec.Call(inputs...)
			if err != nil {
				t.Fatal(err)
			}
			if logits[i], err = tensors.CopyFlatData[float32](out[0]); err != nil {
				t.Fatal(err)
			}
			if gradients[i], err = tensors.CopyFlatData[float32](out[1]); err != nil {
				t.Fatal(err)
			}
		}
		if far := relative(logits); far == 0 || far > 0.02 {
			t.Errorf("%s: logits differ by %.4f of their norm", name, far)
		}
		if far := relative(gradients); far == 0 || far > 0.03 {
			t.Errorf("%s: gradients differ by %.4f of their norm", name, far)
		}
	}
}

// relative is |a − b| / |a|.
func relative(v [2][]float32) float64 {
	var difference, norm float64
	for i, a := range v[0] {
		d := float64(a - v[1][i])
		difference, norm = difference+d*d, norm+float64(a)*float64(a)
	}
	return math.Sqrt(difference / norm)
}
