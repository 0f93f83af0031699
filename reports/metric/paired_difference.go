package metric

import "math"

// Difference is what a number of secura has beyond that of another method over paired seeds: mean,
// spread and interval of the differences, their effect size, and the p of the sign-flip test, plain
// and adjusted after Holm.
type Difference struct {
	Summary
	Effect, P, PHolm Value
}

// NoDifference is undefined for a reason, which must not be empty.
func NoDifference(reason string, n int) Difference {
	u := Undefined(reason)
	return Difference{Summary: Summary{Mean: u, SD: u, CI95: u, N: n}, Effect: u, P: u, PHolm: u}
}

func DifferenceOf(a, b []float64) Difference {
	p := SignFlipTest(a, b)
	return Difference{Summary: MeanSDCI(Minus(a, b)), Effect: EffectSize(a, b), P: p, PHolm: p}
}

// Minus is a − b, pair by pair.
func Minus(a, b []float64) []float64 {
	differences := make([]float64, len(a))
	for i := range a {
		differences[i] = a[i] - b[i]
	}
	return differences
}

// Adjust fills in PHolm over the differences that are defined. Those that are apart, each by its
// place, are adjusted by themselves: a reference never competes, and whether a run has one moves no
// p of the methods that do.
func Adjust(differences []Difference, apart func(i int) bool) {
	for _, with := range []bool{false, true} {
		var family []Difference
		var places []int
		for i, d := range differences {
			if apart(i) == with {
				family, places = append(family, d), append(places, i)
			}
		}
		adjust(family, math.NaN())
		for k, i := range places {
			differences[i] = family[k]
		}
	}
}

// AdjustAll fills in PHolm over all differences of a claim that names them. One that is not defined
// counts with p = 1: what was not compared yet must not make the others easier.
func AdjustAll(differences []Difference) { adjust(differences, 1) }

func adjust(differences []Difference, missing float64) {
	p := make([]float64, len(differences))
	for i, d := range differences {
		if p[i] = missing; d.P.Defined() {
			p[i] = d.P.Number
		}
	}
	for i, adjusted := range Holm(p) {
		if differences[i].P.Defined() {
			differences[i].PHolm = Number(adjusted)
		}
	}
}
