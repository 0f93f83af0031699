package backbone

import (
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"secura/methods/weights"
)

// The token more has the mean of the others' rows; those stay, and so do all other weights.
func TestATokenMoreIsTheMeanOfTheOthers(t *testing.T) {
	for _, name := range []string{"tiny-qwen2", "tiny-llama3"} { // the second has a head of its own
		before, _ := golden(t, name)
		m, _ := golden(t, name)
		if err := m.AddToken(); err != nil {
			t.Fatal(err)
		}
		width := m.Config.Width
		for _, weight := range m.Names {
			got, old := flat(t, m, weight), flat(t, before, weight)
			if weight != embeddingName && weight != headName {
				if !slices.Equal(got, old) {
					t.Errorf("%s: %s moved", name, weight)
				}
				continue
			}
			if len(got) != len(old)+width || !slices.Equal(got[:len(old)], old) {
				t.Fatalf("%s: %s has %d values, before %d", name, weight, len(got), len(old))
			}
			for j := range width {
				mean := 0.0
				for i := j; i < len(old); i += width {
					mean += float64(old[i]) / float64(len(old)/width)
				}
				if d := math.Abs(float64(got[len(old)+j]) - mean); d > 1e-6 {
					t.Errorf("%s: %s[new, %d] is %g from the mean", name, weight, j, d)
				}
			}
		}
		if m.Config.Vocabulary != before.Config.Vocabulary+1 {
			t.Errorf("the vocabulary has %d tokens, before %d", m.Config.Vocabulary, before.Config.Vocabulary)
		}
		dir := filepath.Join(t.TempDir(), "longer")
		if err := m.Save(dir, weights.F32); err != nil {
			t.Fatal(err)
		}
		half, err := LoadModel(dir, Precision{Half: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := half.AddToken(); err != nil {
			t.Fatal(err)
		}
		row, err := tensors.CopyFlatData[weights.Half](half.Weights[embeddingName])
		if err != nil {
			t.Fatal(err)
		}
		whole := flat(t, m, embeddingName)
		for j := range width { // the mean of all is that of the others, once more
			if d := math.Abs(float64(row[len(whole)+j].Float32() - whole[len(whole)-width+j])); d > 2e-3 {
				t.Errorf("%s: in bfloat16 the new row is %g from the mean", name, d)
			}
		}
	}
}
