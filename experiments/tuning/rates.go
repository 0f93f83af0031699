package tuning

import (
	"math"
	"strconv"

	"secura/experiments/record"
)

// rates are n learning rates from least to largest, evenly spaced in their logarithms; a single one lies in the middle.
func rates(least, largest float64, n int) []float64 {
	if n == 1 {
		return []float64{twoDigits(math.Sqrt(least * largest))}
	}
	list := make([]float64, n)
	for i := range list {
		list[i] = twoDigits(least * math.Pow(largest/least, float64(i)/float64(n-1)))
	}
	return list
}

// twoDigits rounds to two significant digits, which a suite file is read with.
func twoDigits(x float64) float64 {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(x, 'e', 1, 64), 64)
	if err != nil {
		panic(err) // cannot be: it was just formatted
	}
	return rounded
}

// finer are n further learning rates around the best of a first stage's ascending ones: between it and its neighbours,
// beginning half-way (in logarithms) on the side whose neighbour scored higher, then half-way on the other, then at
// quarters, and so on. At the edge of the grid there is the one side only. A neighbour without a score is the lower
// one, and so is the larger of equals. There are two rates or more.
func finer(trials []record.Trial, best, n int) []float64 {
	if n == 0 {
		return nil
	}
	rate := func(i int) float64 { return trials[i].LearningRate }
	var sides []float64 // neighbours, the better one first
	if best > 0 {
		sides = append(sides, rate(best-1))
	}
	if best+1 < len(trials) {
		sides = append(sides, rate(best+1))
	}
	if len(sides) == 2 && scoreOf(trials[best+1]) > scoreOf(trials[best-1]) {
		sides[0], sides[1] = sides[1], sides[0]
	}
	seen := map[float64]bool{}
	for i := range trials {
		seen[rate(i)] = true
	}
	var list []float64
	for k := 1; len(list) < n; k++ {
		for _, side := range sides {
			r := rate(best) * math.Pow(side/rate(best), halves(k))
			if short := twoDigits(r); !seen[short] {
				r = short // two digits as long as they tell the rates apart
			}
			if len(list) < n && !seen[r] {
				seen[r] = true
				list = append(list, r)
			}
		}
	}
	return list
}

// scoreOf is a trial's score, −∞ where it has none.
func scoreOf(t record.Trial) float64 {
	if t.Score == nil {
		return math.Inf(-1)
	}
	return *t.Score
}

// halves is the k-th number of 1/2, 1/4, 3/4, 1/8, 5/8, 3/8, 7/8, …: van der Corput's sequence of base 2.
func halves(k int) float64 {
	x, digit := 0.0, 0.5
	for ; k > 0; k /= 2 {
		x += digit * float64(k%2)
		digit /= 2
	}
	return x
}
