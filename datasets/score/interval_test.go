package score

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// By the closed forms: for none of n the interval is 0 to z²/(n+z²), for one half it is symmetric
// with the half-width z/√(4(n+z²)).
func TestWilsonAgainstClosedForms(t *testing.T) {
	const z = 1.959963984540054
	for _, c := range []struct {
		right, n  int
		low, high float64
	}{
		{0, 10, 0, z * z / (10 + z*z)},
		{10, 10, 10 / (10 + z*z), 1},
		{50, 100, 0.5 - z/math.Sqrt(4*(100+z*z)), 0.5 + z/math.Sqrt(4*(100+z*z))},
		{0, 0, 0, 1},
	} {
		low, high := Wilson(c.right, c.n)
		if math.Abs(low-c.low) > 1e-12 || math.Abs(high-c.high) > 1e-12 {
			t.Errorf("%d of %d: %.12f to %.12f, expected %.12f to %.12f", c.right, c.n, low, high, c.low, c.high)
		}
	}
}

// Wilson's ends are the shares from which the observed one is 1.96 standard deviations away.
func TestWilsonInvertsTheScoreTest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 5000).Draw(t, "n")
		right := rapid.IntRange(0, n).Draw(t, "right")
		low, high := Wilson(right, n)
		share := float64(right) / float64(n)
		if !(low <= share && share <= high && low >= 0 && high <= 1) {
			t.Fatalf("%g is not within %g to %g", share, low, high)
		}
		for _, end := range []float64{low, high} {
			if end == 0 || end == 1 {
				continue
			}
			if z := math.Abs(share-end) / math.Sqrt(end*(1-end)/float64(n)); math.Abs(z-1.959964) > 1e-5 {
				t.Fatalf("%d of %d: the end %g is %g deviations away", right, n, end, z)
			}
		}
	})
}

// A mean's bootstrap interval is near the normal one, and equal draws give equal ends.
func TestBootstrapOfAMean(t *testing.T) {
	values, r := make([]float64, 400), rand.New(rand.NewPCG(3, 4))
	mean, square := 0.0, 0.0
	for i := range values {
		values[i] = r.NormFloat64()
		mean += values[i] / 400
		square += values[i] * values[i] / 400
	}
	of := func(sample []int) float64 {
		sum := 0.0
		for _, i := range sample {
			sum += values[i]
		}
		return sum / float64(len(sample))
	}
	low, high := Bootstrap(400, rand.New(rand.NewPCG(1, 2)), of)
	half := 1.96 * math.Sqrt((square-mean*mean)/400)
	if math.Abs(low-(mean-half)) > 0.2*half || math.Abs(high-(mean+half)) > 0.2*half {
		t.Errorf("%g to %g, the normal interval is %g to %g", low, high, mean-half, mean+half)
	}
	if again, _ := Bootstrap(400, rand.New(rand.NewPCG(1, 2)), of); again != low {
		t.Errorf("the same draws give %g and %g", low, again)
	}
}
