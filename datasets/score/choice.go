package score

import "math"

// Choose returns the index of the option with the highest log-likelihood per token: the answer to a
// multiple-choice question. sums holds each option's summed log-likelihood in nats, tokens its
// length. Ties go to the lowest index. An option that is NaN or has no tokens is never chosen; -1
// means that none could be. It panics if the lists differ in length.
func Choose(sums []float64, tokens []int) int {
	if len(sums) != len(tokens) {
		panic("score: sums and lengths of options differ in number")
	}
	means := make([]float64, len(sums))
	for i, sum := range sums {
		means[i] = math.NaN()
		if tokens[i] > 0 {
			means[i] = sum / float64(tokens[i])
		}
	}
	return ChooseRaw(means)
}

// ChooseRaw returns the index of the highest summed log-likelihood, without regard to length, by
// the same rules for ties and NaN.
func ChooseRaw(sums []float64) int {
	best := -1
	for i, sum := range sums {
		if !math.IsNaN(sum) && (best < 0 || sum > sums[best]) {
			best = i
		}
	}
	return best
}
