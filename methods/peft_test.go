package methods

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"secura/methods/backbone"
	"secura/methods/weights"
)

// peftRun is what three AdamW steps gave in peft.
type peftRun struct {
	Rate    float64   `json:"lr"`
	Decay   float64   `json:"weight_decay"`
	MaxNorm float64   `json:"max_norm"`
	Losses  []float64 `json:"losses"`      // before each step and after the last
	Norms   []float64 `json:"total_norms"` // before clipping
}

// peftReference is reference.json in a folder of testdata: an adapter on tiny-qwen2 as peft and
// torch compute it.
type peftReference struct {
	folder    string
	IDs       [][]int32     `json:"input_ids"`
	Mask      [][]int       `json:"attention_mask"`
	Labels    [][]int32     `json:"labels"`
	Loss      float64       `json:"loss"`
	Tokens    int64         `json:"label_tokens"`
	Logits    [][][]float32 `json:"logits"`
	Trained   int64         `json:"trained_parameters"`
	Unclipped peftRun       `json:"adamw"`
	Clipped   peftRun       `json:"adamw_clipped"`
}

// batch shifts the rows, which are padded on the right, to the left-padded layout, and predicts
// label i+1 at slot i.
func (p peftReference) batch() Batch {
	rows, length := len(p.IDs), len(p.IDs[0])
	b := Batch{Rows: rows, Length: length, Answers: length, Tokens: make([]int32, rows*length), Positions: make([]int32, rows*length),
		Segments: make([]int32, rows*length), Targets: make([]int32, rows*length), Weights: make([]float32, rows*length)}
	for r := range rows {
		pad := p.pad(r)
		for i := range pad {
			b.Segments[r*length+i] = -1
		}
		for i := pad; i < length; i++ {
			b.Tokens[r*length+i], b.Positions[r*length+i] = p.IDs[r][i-pad], int32(i-pad)
			if i+1 < length && p.Labels[r][i-pad+1] != -100 {
				b.Targets[r*length+i], b.Weights[r*length+i] = p.Labels[r][i-pad+1], 1
			}
		}
	}
	return b
}

func (p peftReference) pad(row int) (n int) {
	for _, m := range p.Mask[row] {
		n += 1 - m
	}
	return n
}

// peftName is a trained tensor's name in peft's files.
func peftName(t TrainedTensor) string {
	prefix := "base_model.model." + strings.TrimSuffix(t.Projection.WeightName(), "weight") + "lora_"
	if t.Tensor == "m" {
		return prefix + "magnitude_vector"
	}
	return prefix + t.Tensor + ".weight"
}

func readTensors(t *testing.T, path string) map[string][]float32 {
	t.Helper()
	file, err := weights.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	all := map[string][]float32{}
	for _, name := range file.Names() {
		if all[name], _, err = file.Float32(name); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func TestAdapterLoRAAgainstPeft(t *testing.T) {
	for _, m := range []Method{Seq, LoRA} {
		t.Run(m.Name, func(t *testing.T) { checkAgainstPeft(t, m, "testdata/lora/") })
	}
}

func TestAdapterDoRAAgainstPeft(t *testing.T) { checkAgainstPeft(t, DoRA, "testdata/dora/") }

// checkAgainstPeft compares logits, loss, gradients and three steps of AdamW with what peft gave.
func checkAgainstPeft(t *testing.T, m Method, folder string) {
	raw, err := os.ReadFile(folder + "reference.json")
	if err != nil {
		t.Fatal(err)
	}
	reference := peftReference{folder: folder}
	if err := json.Unmarshal(raw, &reference); err != nil {
		t.Fatal(err)
	}
	model, err := backbone.LoadModel("backbone/testdata/tiny-qwen2", backbone.Precision{})
	if err != nil {
		t.Fatal(err)
	}
	base := NewBase(toy.Backend, model)
	defer base.Close()
	adapter := readTensors(t, folder+"adapter.safetensors")
	for key, run := range map[string]peftRun{"": reference.Unclipped, "_clipped": reference.Clipped} {
		t.Run("adamw"+key, func(t *testing.T) {
			batch := reference.batch()
			s, err := NewSession(base, m, &LoRAParams{Rank: 4, Alpha: 8}, m.Name+key, Setting{Targets: []string{"q_proj", "v_proj"},
				Rows: batch.Rows, Length: batch.Length, Answers: batch.Answers, WeightDecay: run.Decay, Clip: run.MaxNorm,
				Rand: toySetting(1).Rand})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if n := batch.LossTokens(); n != reference.Tokens || s.TrainedParameters() != reference.Trained {
				t.Fatalf("%d label tokens and %d trained parameters, want %d and %d", n, s.TrainedParameters(), reference.Tokens, reference.Trained)
			}
			for _, tensor := range s.Trained() {
				v := s.find(Name(tensor.Projection, "", tensor.Tensor))
				fresh := tensors.FromFlatDataAndDimensions(adapter[peftName(tensor)], v.value.Shape().Dimensions...)
				v.value.FinalizeAll()
				v.value = fresh
			}
			reference.checkForward(t, base, s)
			checkPEFT(t, s, adapter)
			worstLoss, worstNorm := 0.0, 0.0
			for i := range run.Losses {
				rate := run.Rate
				if i == len(run.Losses)-1 {
					rate = 0 // only the loss is asked for
					compareTrained(t, s, "weights after three steps", folder+"after_3_steps"+key, 2e-5, func(name string) []float32 { return value(t, s, name) })
				}
				result, err := s.Step(batch, rate)
				if err != nil {
					t.Fatal(err)
				}
				worstLoss = max(worstLoss, math.Abs(result.Loss-run.Losses[i]))
				if i < len(run.Norms) {
					worstNorm = max(worstNorm, math.Abs(result.GradientNorm-run.Norms[i]))
				}
				if i == 0 {
					g := gradients(t, s)
					compareTrained(t, s, "gradients", folder+"grads"+key, 1e-5, func(name string) []float32 { return g[name] })
				}
			}
			t.Logf("losses %.2g, norms %.2g apart", worstLoss, worstNorm)
			if len(run.Losses) != 4 || !(worstLoss <= 1e-5) || !(worstNorm <= 1e-4) {
				t.Errorf("over %d losses: losses %g, norms %g apart", len(run.Losses), worstLoss, worstNorm)
			}
		})
	}
}

// checkPEFT holds what a session gives for peft against the tensors that it was given from a folder
// of peft's.
func checkPEFT(t *testing.T, s *Session, want map[string][]float32) {
	t.Helper()
	p, ok, err := s.PEFT()
	if err != nil || !ok {
		t.Fatalf("no adapter for peft: %v", err)
	}
	dir := t.TempDir()
	if err := p.Write(dir); err != nil {
		t.Fatal(err)
	}
	if got := readTensors(t, filepath.Join(dir, weights.PEFTFiles[1])); !reflect.DeepEqual(got, want) {
		t.Errorf("the adapter for peft has other tensors, %d, than peft's, %d", len(got), len(want))
	}
	if m := p.Modules[0]; p.DoRA != (s.method.Name == "dora") || m.Rank != 4 || m.Scale != 2 {
		t.Errorf("DoRA %v, rank %d, scale %g", p.DoRA, m.Rank, m.Scale)
	}
}

// TestAFolderOfPeftGivesItsLogits merges the folders that peft wrote into the backbone.
func TestAFolderOfPeftGivesItsLogits(t *testing.T) {
	for _, kind := range []string{"lora", "dora"} {
		folder := filepath.Join("../../shared/golden/peft", kind, "adapter")
		if _, err := os.Stat(folder); err != nil {
			t.Skipf("no peft folders to compare with: %v", err)
		}
		raw, err := os.ReadFile("testdata/" + kind + "/reference.json")
		if err != nil {
			t.Fatal(err)
		}
		reference := peftReference{folder: "testdata/" + kind + "/"}
		if err := json.Unmarshal(raw, &reference); err != nil {
			t.Fatal(err)
		}
		model, err := backbone.LoadModel("backbone/testdata/tiny-qwen2", backbone.Precision{})
		if err != nil {
			t.Fatal(err)
		}
		p, err := weights.ReadPEFT(folder)
		if err != nil {
			t.Fatal(err)
		}
		list := map[string]*tensors.Tensor{}
		for _, m := range p.Modules {
			name := m.Name + ".weight"
			values, err := m.Merge(floats(t, model.Weights[name]))
			if err != nil {
				t.Fatal(err)
			}
			list[name] = tensors.FromFlatDataAndDimensions(values, model.Weights[name].Shape().Dimensions...)
		}
		base := NewBase(toy.Backend, model)
		reference.checkWeights(t, base, list)
		base.Close()
	}
}

// compareTrained compares every trained tensor with a file of peft's names.
func compareTrained(t *testing.T, s *Session, what, file string, tolerance float64, of func(name string) []float32) {
	t.Helper()
	want, worst := readTensors(t, file+".safetensors"), 0.0
	if len(want) != len(s.Trained()) {
		t.Fatalf("%d tensors are trained, peft has %d", len(s.Trained()), len(want))
	}
	for _, tensor := range s.Trained() {
		d := apart(of(Name(tensor.Projection, "", tensor.Tensor)), want[peftName(tensor)])
		worst = max(worst, d)
		if !(d <= tolerance) {
			t.Errorf("%s: %s is %g away", what, peftName(tensor), d)
		}
	}
	t.Logf("%s: %.2g apart", what, worst)
}

// checkForward compares the effective weights with peft's.
func (p peftReference) checkForward(t *testing.T, base *Base, s *Session) {
	t.Helper()
	list, err := s.Effective()
	if err != nil {
		t.Fatal(err)
	}
	p.checkWeights(t, base, list)
}

// checkWeights compares weights with peft's merged ones, and the logits under them, and releases
// them.
func (p peftReference) checkWeights(t *testing.T, base *Base, list map[string]*tensors.Tensor) {
	t.Helper()
	merged := readTensors(t, p.folder+"merged.safetensors")
	defer func() {
		for _, x := range list {
			x.FinalizeAll()
		}
	}()
	if len(list) != len(merged) {
		t.Errorf("%d effective weights, peft merges %d", len(list), len(merged))
	}
	worst := 0.0
	for name, x := range list {
		worst = max(worst, apart(floats(t, x), merged[name]))
	}
	out, err := base.RunBatch("logits", base.Weights(list), p.batch(), func(in Inputs) []*graph.Node {
		c := base.Model.Config
		return []*graph.Node{c.Logits(in.Weights, c.Hidden(in.Weights, in.Rows, nil))}
	})
	if err != nil {
		t.Fatal(err)
	}
	logits, worstLogit := floats(t, out[0]), 0.0
	length, vocabulary := len(p.IDs[0]), base.Model.Config.Vocabulary
	for r := range p.IDs {
		pad := p.pad(r)
		for i := pad; i < length; i++ {
			at := (r*length + i) * vocabulary
			worstLogit = max(worstLogit, apart(logits[at:at+vocabulary], p.Logits[r][i-pad]))
		}
	}
	t.Logf("merged weights %.2g, logits %.2g apart", worst, worstLogit)
	if !(worst <= 1e-5) || !(worstLogit <= 1e-4) {
		t.Errorf("merged weights %g, logits %g apart", worst, worstLogit)
	}
}
