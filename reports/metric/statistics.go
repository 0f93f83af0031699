package metric

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Summary describes a metric over seeds, in the metric's unit.
type Summary struct {
	Mean Value `json:"mean"`
	// SD is the sample standard deviation (n-1).
	SD Value `json:"sd"`
	// CI95 is the half-width of the 95% Student-t interval of the mean, undefined where there is
	// none, as of fewer than TellingSeeds values that are equal.
	CI95 Value `json:"ci95"`
	// N is the number of values.
	N int `json:"n"`
}

// MeanSDCI summarises the values of a metric, one per seed. Of a single value the spread is
// undefined; with a value that is not finite all is, for a diverged seed must not be averaged away.
func MeanSDCI(values []float64) Summary {
	n := len(values)
	all := func(reason string) Summary {
		return Summary{Mean: Undefined(reason), SD: Undefined(reason), CI95: Undefined(reason), N: n}
	}
	if n == 0 {
		return all("no values")
	}
	for i, v := range values {
		if !Number(v).Defined() {
			return all(fmt.Sprintf("value %d of %d is not finite", i+1, n))
		}
	}
	mean, sd := stat.MeanStdDev(values, nil)
	if n == 1 {
		return Summary{Mean: Number(mean), SD: Undefined("a single value"), CI95: Undefined("a single value"), N: 1}
	}
	s := Summary{Mean: Number(mean), SD: Number(sd), CI95: Number(StudentT(n-1) * sd / math.Sqrt(float64(n))), N: n}
	if n < TellingSeeds && 2*s.CI95.Number <= sameValue {
		s.CI95 = Undefined(fmt.Sprintf("%d equal values: no interval", n))
	}
	return s
}

// StudentT is t(0.975, n): half of the width of a 95% interval, in standard errors, with n degrees
// of freedom.
func StudentT(n int) float64 { return StudentTOf(1, n) }

// StudentTOf is StudentT of one of so many intervals that are judged together, after Bonferroni:
// t(1 - 0.025/comparisons, n).
func StudentTOf(comparisons, n int) float64 {
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(n)}.Quantile(1 - 0.025/float64(comparisons))
}

// sameValue is how far two values of a metric, shares or nats, are apart by rounding alone.
const sameValue = 1e-12

// TellingSeeds is the number of seeds from which on equal values have an interval, of no width. The
// scores of fewer are equal by chance: they are shares of some hundred questions, the same for all
// seeds. It is the number from which on the sign-flip test of as many equal differences is below
// 0.05, 2^(1-n).
const TellingSeeds = 6

// Interval is the 95% interval by which a mean is judged; ok is false where there is none.
func (s Summary) Interval() (low, high float64, ok bool) { return s.IntervalOf(1) }

// IntervalOf is the Interval of one of so many means that are judged together: after Bonferroni,
// all of them lie in theirs in 95% of all runs.
func (s Summary) IntervalOf(comparisons int) (low, high float64, ok bool) {
	if !s.Mean.Defined() || !s.CI95.Defined() {
		return 0, 0, false
	}
	half := s.CI95.Number * StudentTOf(comparisons, s.N-1) / StudentT(s.N-1)
	return s.Mean.Number - half, s.Mean.Number + half, true
}

const (
	ExactPairs  = 20      // up to here all 2^n sign patterns are counted
	RandomFlips = 100_000 // beyond, so many are drawn
	flipSeed    = 2026    // fixed, so that a report can be made again
	tieShare    = 1e-9    // of the sum of all differences: two sums nearer than this are equal
)

// SignFlipTest is the p-value of the two-sided paired permutation test of "a and b have the same
// mean", by flipping signs of a[i] - b[i] (Fisher 1935). It is exact up to 20 pairs; beyond, it is
// estimated from 100,000 seeded flips, the observed one counted in, so that the same values give
// the same p.
func SignFlipTest(a, b []float64) Value {
	if len(a) != len(b) {
		return Undefined(fmt.Sprintf("%d values cannot be paired with %d", len(a), len(b)))
	}
	if len(a) == 0 {
		return Undefined("no pairs")
	}
	differences := make([]float64, len(a))
	sum, size := 0.0, 0.0
	for i := range a {
		differences[i] = a[i] - b[i]
		if !Number(differences[i]).Defined() {
			return Undefined(fmt.Sprintf("pair %d of %d is not finite", i+1, len(a)))
		}
		sum += differences[i]
		size += math.Abs(differences[i])
	}
	least := math.Abs(sum) - tieShare*size
	if len(a) <= ExactPairs {
		// The first sign can stay: a pattern and its opposite count alike.
		patterns := math.Ldexp(1, len(a)-1)
		return Number(float64(flips(differences[1:], differences[0], least)) / patterns)
	}
	rng := rand.New(rand.NewPCG(flipSeed, uint64(len(a))))
	hits := 1
	for range RandomFlips {
		if math.Abs(flipped(differences, rng)) >= least {
			hits++
		}
	}
	return Number(float64(hits) / (RandomFlips + 1))
}

// flips counts the sign patterns of rest whose sum with start is at least least in size.
func flips(rest []float64, start, least float64) int {
	if len(rest) == 0 {
		if math.Abs(start) >= least {
			return 1
		}
		return 0
	}
	return flips(rest[1:], start+rest[0], least) + flips(rest[1:], start-rest[0], least)
}

func flipped(differences []float64, rng *rand.Rand) float64 {
	sum, bits := 0.0, uint64(0)
	for i, d := range differences {
		if i%64 == 0 {
			bits = rng.Uint64()
		}
		if bits&1 == 1 {
			d = -d
		}
		bits >>= 1
		sum += d
	}
	return sum
}

// Holm adjusts the p-values of the comparisons in one table (Holm 1979), in the order given. A NaN
// stands for a comparison that was not made: it stays NaN and does not count.
func Holm(p []float64) []float64 {
	adjusted := slices.Clone(p)
	var order []int
	for i, x := range p {
		if !math.IsNaN(x) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(p[i], p[j]) })
	highest := 0.0
	for rank, i := range order {
		highest = max(highest, min(1, float64(len(order)-rank)*p[i]))
		adjusted[i] = highest
	}
	return adjusted
}

// SeedsNeeded is the smallest number of paired seeds with which m comparisons can reach p < 0.05 at
// all after Holm's adjustment: n >= 1 + log2(m/0.05), since the exact sign-flip test's smallest p
// is 2^(1-n). Without comparisons it is 0.
func SeedsNeeded(m int) int {
	if m < 1 {
		return 0
	}
	return int(math.Ceil(1 + math.Log2(float64(m)/0.05)))
}
