package backbone

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"
)

// TestSmolLMEqualsTransformers computes a real instruct model of 135 million parameters from its
// GGUF file, with 4-bit weights, as transformers does from the same file. `just test-smollm` runs
// it.
func TestSmolLMEqualsTransformers(t *testing.T) {
	path := os.Getenv("SECURA_SMOLLM")
	if path == "" {
		t.Skip("SECURA_SMOLLM names no GGUF file; `just test-smollm` downloads SmolLM2 and runs this test")
	}
	raw, err := os.ReadFile("testdata/smollm2.json")
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Prompts []struct {
			Name        string
			IDs, Greedy []int32
			NLL         float64
			LogitIDs    []int `json:"logit_ids"`
			Logits      []float32
			Ended       bool
		}
	}
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	m, err := LoadGGUF(openGGUF(t, path), Precision{})
	if err != nil {
		t.Fatal(err)
	}
	v := m.Config.Vocabulary
	for _, p := range want.Prompts {
		logits := logitsOf(t, m, unpadded([][]int32{p.IDs}))
		last, got := logits[len(logits)-v:], make([]float32, len(p.LogitIDs))
		for i, id := range p.LogitIDs {
			got[i] = last[id]
		}
		near(t, p.Name+": last logits", got, p.Logits, 1e-4)
		nll := 0.0
		for i, next := range p.IDs[1:] {
			row, sum := logits[i*v:(i+1)*v], 0.0
			for _, l := range row {
				sum += math.Exp(float64(l))
			}
			nll += (math.Log(sum) - float64(row[next])) / float64(len(p.IDs)-1)
		}
		t.Logf("%s: mean −log p %.6f, transformers %.6f", p.Name, nll, p.NLL)
		if math.Abs(nll-p.NLL) > 1e-4 {
			t.Errorf("%s: mean −log p is %v, want %v", p.Name, nll, p.NLL)
		}
		end := m.Config.EndTokens[0]
		text := p.Greedy
		if p.Ended {
			text = append(slices.Clone(text), end)
		}
		if got := generate(t, m, [][]int32{p.IDs}, len(text), len(text), nil)[0]; !slices.Equal(got, text) {
			t.Errorf("%s: greedy text %v, want %v", p.Name, got, text)
		}
	}
}
