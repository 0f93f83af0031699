package metric

import (
	"fmt"
	"math"
)

// EffectSize is Hedges' g of paired values: Cohen's d_z, the mean of a[i] - b[i] over the sample
// standard deviation of these differences, times Hedges' (1981) exact correction for small samples
// with n-1 degrees of freedom. It has no unit. It is undefined of fewer than three pairs, where the
// correction leaves nothing, and where all differences are equal.
func EffectSize(a, b []float64) Value {
	if len(a) != len(b) {
		return Undefined(fmt.Sprintf("%d values cannot be paired with %d", len(a), len(b)))
	}
	s := MeanSDCI(Minus(a, b))
	switch {
	case !s.Mean.Defined():
		return s.Mean
	case len(a) < 3:
		return Undefined("an effect size takes three pairs")
	}
	// Equal differences leave a deviation of rounding alone.
	largest := 0.0
	for i := range a {
		largest = max(largest, math.Abs(a[i]), math.Abs(b[i]))
	}
	if s.SD.Number <= 1e-12*largest {
		return Undefined("all differences are equal")
	}
	return Number(SmallSample(len(a)-1) * s.Mean.Number / s.SD.Number)
}

// SmallSample is Hedges' J of m degrees of freedom, Γ(m/2) / (√(m/2) Γ((m−1)/2)) for m ≥ 2: d
// overestimates the effect by it.
func SmallSample(m int) float64 {
	half := float64(m) / 2
	above, _ := math.Lgamma(half)
	below, _ := math.Lgamma(half - 0.5)
	return math.Exp(above-below) / math.Sqrt(half)
}
