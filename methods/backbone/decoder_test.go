package backbone

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/gobackend"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// testBackend is the pure-Go one, or the one that SECURA_TEST_BACKEND names (xla).
var testBackend = sync.OnceValues(func() (compute.Backend, error) {
	if name := os.Getenv("SECURA_TEST_BACKEND"); name != "" {
		b, _, err := OpenBackend(context.Background(), BackendOptions{Name: name, NoDownload: true})
		return b, err
	}
	return gobackend.New(goConfig)
})

// reference is what transformers computed, see the README of the golden values.
type reference struct {
	IDs     [][]int32     `json:"ids"`
	Logits  [][][]float32 `json:"logits"`
	NLL     float64       `json:"mean_next_token_nll"`
	Long    longReference `json:"long"`
	Left    padded        `json:"padded_left"`
	Right   padded        `json:"padded_right"`
	Variant []struct {
		longReference
		Changes map[string]any `json:"config_changes"`
		IDs     string         `json:"ids"` // "long"
	} `json:"variants"`
	GreedyPrompt []int32 `json:"greedy_prompt"`
	Greedy12     []int32 `json:"greedy_12"`
	GreedyMore   []struct {
		Prompt, New []int32
	} `json:"greedy_more"`
	UntilEnd map[string]json.RawMessage `json:"greedy_until_end"`
	Gradient map[string]struct {
		L2, Sum float64
		First4  []float64
	} `json:"grad_of_mean_nll"`
	GradientL2 float64 `json:"grad_total_l2"`
}

type longReference struct {
	IDs       [][]int32   `json:"ids"`
	Positions []int       `json:"positions"`
	Logits    [][]float32 `json:"logits"`
}

type padded struct {
	IDs       [][]int32   `json:"ids"`
	Mask      [][]int32   `json:"attention_mask"`
	Positions [][]int32   `json:"position_ids"`
	Last      [][]float32 `json:"last_real_logits"`
}

// goldens are the backbones of testdata.
var goldens = []string{"tiny-qwen2", "tiny-qwen2-sharded", "tiny-llama3", "tiny-llama31", "tiny-gemma2", "tiny-gemma2-f16"}

// forGoldens runs a test on each of the backbones of testdata.
func forGoldens(t *testing.T, test func(t *testing.T, m *Model, want reference)) {
	for _, name := range goldens {
		t.Run(name, func(t *testing.T) {
			m, want := golden(t, name)
			test(t, m, want)
		})
	}
}

// golden loads a backbone of testdata and what transformers computed with it.
func golden(t *testing.T, name string) (*Model, reference) {
	t.Helper()
	dir := filepath.Join("testdata", name)
	m, err := LoadModel(dir, Precision{})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "reference.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want reference
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	return m, want
}

// run builds a graph of the model's weights and the rows, runs it once and returns its outputs,
// flat.
func run[T float32 | int32](t *testing.T, m *Model, batch [3][][]int32, build func(w map[string]*Node, rows Rows) []*Node) [][]T {
	t.Helper()
	b, err := testBackend()
	if err != nil {
		t.Fatal(err)
	}
	exec, err := NewExec(b, func(inputs []*Node) []*Node {
		w := map[string]*Node{}
		for i, name := range m.Names {
			w[name] = inputs[3+i]
		}
		return build(w, Rows{inputs[0], inputs[1], inputs[2]})
	})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	inputs := []any{batch[0], batch[1], batch[2]}
	for _, name := range m.Names {
		inputs = append(inputs, m.Weights[name])
	}
	outputs, err := exec.Call(inputs...)
	if err != nil {
		t.Fatal(err)
	}
	flat := make([][]T, len(outputs))
	for i, o := range outputs {
		if flat[i], err = tensors.CopyFlatData[T](o); err != nil {
			t.Fatal(err)
		}
		o.FinalizeAll()
	}
	return flat
}

// unpadded gives rows of one length their positions and segments.
func unpadded(ids [][]int32) [3][][]int32 {
	batch := [3][][]int32{ids, nil, nil}
	for _, row := range ids {
		positions := make([]int32, len(row))
		for i := range positions {
			positions[i] = int32(i)
		}
		batch[1], batch[2] = append(batch[1], positions), append(batch[2], make([]int32, len(row)))
	}
	return batch
}

// logitsOf runs the model without a hook; the result is [batch · length · vocabulary].
func logitsOf(t *testing.T, m *Model, batch [3][][]int32) []float32 {
	t.Helper()
	return run[float32](t, m, batch, func(w map[string]*Node, rows Rows) []*Node {
		return []*Node{m.Config.Logits(w, m.Config.Hidden(w, rows, nil))}
	})[0]
}

func near(t *testing.T, what string, got, want []float32, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	worst, at := 0.0, 0
	for i := range got {
		if d := math.Abs(float64(got[i]) - float64(want[i])); !(d <= worst) && worst == worst { // a NaN stays
			worst, at = d, i
		}
	}
	t.Logf("%s: largest difference %.2g", what, worst)
	if !(worst <= tolerance) {
		t.Errorf("%s: %g at %d, want %g", what, got[at], at, want[at])
	}
}

func TestLogitsEqualTransformers(t *testing.T) {
	forGoldens(t, func(t *testing.T, m *Model, want reference) {
		got := logitsOf(t, m, unpadded(want.IDs))
		near(t, "logits", got, slices.Concat(slices.Concat(want.Logits...)...), 1e-4)
	})
}

func TestLongRowAndVariantsEqualTransformers(t *testing.T) {
	variants := 0
	forGoldens(t, func(t *testing.T, m *Model, want reference) {
		check := func(what string, m *Model, r longReference) {
			got := logitsOf(t, m, unpadded(want.Long.IDs))
			for i, p := range r.Positions {
				near(t, what, got[p*m.Config.Vocabulary:(p+1)*m.Config.Vocabulary], r.Logits[i], 3e-4)
			}
		}
		check("long", m, want.Long)
		for _, v := range want.Variant {
			c, err := ParseConfig(edited(t, filepath.Base(t.Name()), v.Changes))
			if err != nil {
				t.Fatal(err)
			}
			check("variant", &Model{c, m.Names, m.Weights}, v.longReference)
			variants++
		}
	})
	if variants != 8 {
		t.Errorf("%d variants, want 8", variants)
	}
}

func TestPaddingChangesNothing(t *testing.T) {
	forGoldens(t, func(t *testing.T, m *Model, want reference) {
		for _, p := range []padded{want.Left, want.Right} {
			batch := [3][][]int32{p.IDs, p.Positions, nil}
			last := make([]int, len(p.Mask))
			for i, mask := range p.Mask {
				segments := make([]int32, len(mask))
				for j, real := range mask {
					if segments[j] = real - 1; real == 1 {
						last[i] = j
					}
				}
				batch[2] = append(batch[2], segments)
			}
			got := logitsOf(t, m, batch)
			for i, j := range last {
				start := (i*len(p.IDs[i]) + j) * m.Config.Vocabulary
				near(t, "last real logits", got[start:start+m.Config.Vocabulary], p.Last[i], 1e-4)
			}
			for i, v := range got {
				if v != v {
					t.Fatalf("logit %d is NaN", i)
				}
			}
		}
	})
}

// meanNLL is the mean over all next tokens of −log p, as the reference's mean_next_token_nll.
func meanNLL(c Config, w map[string]*Node, rows Rows, project Project) *Node {
	length := rows.Tokens.Shape().Dimensions[1]
	logits := c.Logits(w, c.Hidden(w, rows, project))
	p := LogSoftmax(Slice(logits, AxisRange(), AxisRange(0, length-1)))
	next := OneHot(Slice(rows.Tokens, AxisRange(), AxisRange(1)), c.Vocabulary, dtypes.Float32)
	return Neg(ReduceAllMean(ReduceSum(Mul(p, next), -1)))
}

func TestGradientsEqualTransformers(t *testing.T) {
	forGoldens(t, func(t *testing.T, m *Model, want reference) {
		got := run[float32](t, m, unpadded(want.IDs), func(w map[string]*Node, rows Rows) []*Node {
			loss := meanNLL(m.Config, w, rows, nil)
			by := make([]*Node, len(m.Names))
			for i, name := range m.Names {
				by[i] = w[name]
			}
			return append(Gradient(loss, by...), loss)
		})
		if loss := float64(got[len(m.Names)][0]); math.Abs(loss-want.NLL) > 1e-5 {
			t.Errorf("loss is %v, want %v", loss, want.NLL)
		}
		if len(want.Gradient) != len(m.Names) {
			t.Fatalf("%d gradients, want %d", len(m.Names), len(want.Gradient))
		}
		total := 0.0
		for i, name := range m.Names {
			w, squares, sum := want.Gradient[name], 0.0, 0.0
			for _, v := range got[i] {
				squares += float64(v) * float64(v)
				sum += float64(v)
			}
			total += squares
			if l2 := math.Sqrt(squares); math.Abs(l2-w.L2) > 1e-4*w.L2 || math.Abs(sum-w.Sum) > 1e-4*max(w.L2, 1) {
				t.Errorf("%s: norm %v, sum %v, want %v, %v", name, l2, sum, w.L2, w.Sum)
			}
			for j, v := range w.First4 {
				if math.Abs(float64(got[i][j])-v) > 1e-5 {
					t.Errorf("%s[%d] is %v, want %v", name, j, got[i][j], v)
				}
			}
		}
		if l2 := math.Sqrt(total); math.Abs(l2-want.GradientL2) > 1e-4*want.GradientL2 {
			t.Errorf("norm of all is %v, want %v", l2, want.GradientL2)
		}
	})
}

func TestProjectComputesEveryProjection(t *testing.T) {
	forGoldens(t, func(t *testing.T, m *Model, want reference) {
		var seen []string
		got := run[float32](t, m, unpadded(want.IDs), func(w map[string]*Node, rows Rows) []*Node {
			hidden := m.Config.Hidden(w, rows, func(p Projection, x, weight *Node) *Node {
				seen = append(seen, p.WeightName())
				if weight != w[p.WeightName()] {
					t.Errorf("%s comes with another weight", p.WeightName())
				}
				return MulScalar(plainProject(p, x, MulScalar(weight, 4)), 0.25)
			})
			return []*Node{m.Config.Logits(w, hidden)}
		})[0]
		near(t, "through the hook", got, slices.Concat(slices.Concat(want.Logits...)...), 1e-4)
		expected := []string{}
		for i := range m.Config.Layers {
			for _, p := range m.Config.Projections(i) {
				expected = append(expected, p.WeightName())
			}
		}
		if !slices.Equal(seen, expected) {
			t.Errorf("projections %v, want %v", seen, expected)
		}
	})
}
