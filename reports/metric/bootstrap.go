package metric

import (
	"math"
	"math/rand/v2"
	"slices"
)

const (
	Resamples     = 10_000 // of a bootstrap: its quantiles move by less than the last digit of a table
	bootstrapSeed = 2026   // fixed, so that a report can be made again
)

// Interval is a 95% interval.
type Interval struct {
	Low, High float64
}

// Excludes says whether a number lies outside of the interval.
func (i Interval) Excludes(x float64) bool { return x < i.Low || x > i.High }

// Strata is a set of examples in strata, each a task or the battery, of which a resample draws as
// many as there are, with repetition, stratum by stratum (Efron 1979). The examples of several
// methods are drawn together, so that what is made of them is paired.
type Strata struct {
	// sizes are the numbers of examples of the strata.
	sizes []int
	// draw picks one of n examples.
	draw func(n int) int
}

// NewStrata draws with a fixed seed: the same sizes give the same resamples.
func NewStrata(sizes []int) *Strata {
	rng := rand.New(rand.NewPCG(bootstrapSeed, uint64(len(sizes))))
	return &Strata{sizes: sizes, draw: rng.IntN}
}

// Resample draws n times and hands each drawing to use: for each stratum, how often each of its
// examples was drawn. The counts are overwritten by the next drawing.
func (s *Strata) Resample(n int, use func(counts [][]float64)) {
	counts := make([][]float64, len(s.sizes))
	for i, size := range s.sizes {
		counts[i] = make([]float64, size)
	}
	for range n {
		for i, size := range s.sizes {
			clear(counts[i])
			for range size {
				counts[i][s.draw(size)]++
			}
		}
		use(counts)
	}
}

// PercentileInterval is the 95% interval between the 2.5% and the 97.5% quantile of what the
// resamples gave (Efron's percentile interval), with linear interpolation between neighbours. It
// sorts its argument.
func PercentileInterval(values []float64) Interval {
	slices.Sort(values)
	at := func(q float64) float64 {
		place := q * float64(len(values)-1)
		below := math.Floor(place)
		i := int(below)
		if i+1 == len(values) {
			return values[i]
		}
		return values[i] + (place-below)*(values[i+1]-values[i])
	}
	return Interval{Low: at(0.025), High: at(0.975)}
}

// WeightedMean is the mean of scores that were drawn so often; the counts add up to their number.
func WeightedMean(scores, counts []float64) float64 {
	sum := 0.0
	for i, x := range scores {
		sum += counts[i] * x
	}
	return sum / float64(len(scores))
}
