package methods

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/stat"
)

// The noise has its share of each weight's own deviation, on the targeted projections alone, and
// follows its stream.
func TestPerturbedWeightsHaveTheirNoise(t *testing.T) {
	noisy := func(seed uint64) map[string][]float32 {
		list, err := toy.Perturbed([]string{"q_proj", "v_proj"}, 0.5, stream(seed, "noise"))
		if err != nil {
			t.Fatal(err)
		}
		return onHost(t, list)
	}
	before, a := pretrained(t), noisy(1)
	if len(a) != 4 || len(differing(a, noisy(1))) > 0 || len(differing(a, noisy(2))) != 4 {
		t.Errorf("%d weights; the noise does not follow its stream", len(a))
	}
	for name, values := range a {
		var noise []float64
		for i, x := range values {
			noise = append(noise, float64(x)-float64(before[name][i]))
		}
		whole := make([]float64, len(values))
		for i, x := range before[name] {
			whole[i] = float64(x)
		}
		if ratio := stat.PopStdDev(noise, nil) / stat.PopStdDev(whole, nil); !(math.Abs(ratio-0.5) < 0.1) {
			t.Errorf("the noise of %s is %g of its deviation", name, ratio)
		}
	}
	if _, err := toy.Perturbed([]string{"no_proj"}, 0.5, stream(1, "noise")); err == nil {
		t.Error("an unknown projection was perturbed")
	}
}
