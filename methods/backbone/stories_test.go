package backbone

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestStoriesEqualsTransformers computes a real pretrained Llama of 260,000 parameters.
func TestStoriesEqualsTransformers(t *testing.T) {
	dir := "../../../shared/checkpoints/stories260K"
	raw, err := os.ReadFile(filepath.Join(dir, "reference.json"))
	if err != nil {
		t.Skipf("the checkpoint stories260K is not there: %v", err)
	}
	var want struct {
		IDs       []int32
		NLL       float64     `json:"mean_next_token_nll"`
		First     [][]float32 `json:"logits_first_row"`
		Positions []int       `json:"logits_positions"`
		Last      []float32   `json:"logits_last_position"`
		Greedy    []int32     `json:"greedy_from_bos_60"`
	}
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	m, err := LoadModel(dir, Precision{})
	if err != nil {
		t.Fatal(err)
	}
	v := m.Config.Vocabulary
	logits := logitsOf(t, m, unpadded([][]int32{want.IDs}))
	if len(want.First) != len(want.Positions) {
		t.Fatalf("%d rows of logits at %d positions", len(want.First), len(want.Positions))
	}
	for i, p := range want.Positions {
		near(t, "first logits", logits[p*v:(p+1)*v], want.First[i], 1e-4)
	}
	near(t, "last logits", logits[len(logits)-v:], want.Last, 1e-4)
	nll := 0.0
	for i, next := range want.IDs[1:] {
		row, sum := logits[i*v:(i+1)*v], 0.0
		for _, l := range row {
			sum += math.Exp(float64(l))
		}
		nll += (math.Log(sum) - float64(row[next])) / float64(len(want.IDs)-1)
	}
	if math.Abs(nll-want.NLL) > 1e-5 {
		t.Errorf("mean −log p is %v, want %v", nll, want.NLL)
	}
	if got := generate(t, m, [][]int32{{want.IDs[0]}}, len(want.Greedy), len(want.Greedy), nil)[0]; !slices.Equal(got, want.Greedy) {
		t.Errorf("greedy text %v, want %v", got, want.Greedy)
	}
}
