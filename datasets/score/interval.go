package score

import (
	"math"
	"math/rand/v2"
	"slices"
)

// resamples of a bootstrap: the ends of its interval are then good to about a tenth of the
// interval.
const resamples = 1000

// Wilson is the 95% interval of a share, right of n (Wilson 1927), within [0, 1]. With n 0 it is
// all of [0, 1]. It panics unless 0 ≤ right ≤ n.
func Wilson(right, n int) (low, high float64) {
	if right < 0 || right > n {
		panic("score: more are right than there are")
	}
	if n == 0 {
		return 0, 1
	}
	const z = 1.959963984540054 // the normal distribution's 97.5% quantile
	count, share := float64(n), float64(right)/float64(n)
	middle := (share + z*z/(2*count)) / (1 + z*z/count)
	half := z / (1 + z*z/count) * math.Sqrt(share*(1-share)/count+z*z/(4*count*count))
	low, high = middle-half, middle+half
	if right == 0 {
		low = 0 // which rounding would miss
	}
	if right == n {
		high = 1
	}
	return low, high
}

// Bootstrap is the 95% percentile interval of a statistic of n examples (Efron 1979): statistic is
// asked for 1000 samples of them, drawn with replacement from r, each a list of n indices, which it
// must not keep. It panics if n is below 1.
func Bootstrap(n int, r *rand.Rand, statistic func(sample []int) float64) (low, high float64) {
	if n < 1 {
		panic("score: a bootstrap needs examples")
	}
	values, sample := make([]float64, resamples), make([]int, n)
	for i := range values {
		for j := range sample {
			sample[j] = r.IntN(n)
		}
		values[i] = statistic(sample)
	}
	slices.Sort(values)
	at := func(share float64) float64 { return values[int(math.Round(share*(resamples-1)))] }
	return at(0.025), at(0.975)
}
