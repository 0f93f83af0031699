package metric

import (
	"cmp"
	"fmt"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// fewestRanked is how many pairs a rank correlation needs: of fewer it says next to nothing.
const fewestRanked = 4

// RankCorrelation is Spearman's, in [-1, 1]: the correlation of the ranks, equal numbers sharing
// the mean of theirs.
func RankCorrelation(a, b []float64) Value {
	if len(a) != len(b) || len(a) < fewestRanked {
		return Undefined(fmt.Sprintf("%d pairs, fewer than %d", min(len(a), len(b)), fewestRanked))
	}
	x := stat.Correlation(ranks(a), ranks(b), nil)
	if x != x {
		return Undefined("all numbers of one side are equal")
	}
	return Number(x)
}

// ranks are the ranks of numbers from 1.
func ranks(list []float64) []float64 {
	order := make([]int, len(list))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(list[i], list[j]) })
	out := make([]float64, len(list))
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && list[order[to]] == list[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			out[i] = float64(from+1+to) / 2
		}
		from = to
	}
	return out
}
