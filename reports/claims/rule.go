package claims

import (
	"fmt"
	"math"

	"secura/reports/metric"
	"secura/reports/report"
)

// Verdict is what a run says of a claim.
//
// Everything is judged by 95% Student-t intervals over seeds; where two methods are compared, over
// the differences of paired seeds.
//
//   - "above a bar" is supported if the whole interval lies above the bar, not
//     supported if the whole interval lies at or below it. Where the bar is known
//     only to lie between two numbers, it must lie above or below both.
//   - "ahead of a method" is supported if the mean difference is positive and the
//     p of the two-sided sign-flip test, adjusted after Holm over all comparisons
//     that the claim names, is below 0.05; one that was not made counts with p = 1.
//     It is not supported if the mean difference is negative with such a p, or if
//     the whole interval of the difference lies at or below 0, which is widened
//     after Bonferroni to as many comparisons.
//   - "ahead by x" is supported if "ahead" is and the whole interval lies at or
//     above x, not supported if "ahead" is not or the whole interval lies below x.
//   - a claim of several parts is supported if all of them are, not supported if
//     one is not. A claim that does not say which of several scores it is made of
//     is supported if one is, each judged by its own interval; not supported if
//     none is.
//
// In any other case it cannot be decided with so many seeds; a single seed has no interval. A cell
// that diverged is never averaged away: its claim cannot be decided either. What the run has no
// finished cell for is not measured.
type Verdict string

// The verdicts.
const (
	Supported    Verdict = "supported"
	NotSupported Verdict = "not supported"
	Undecided    Verdict = "cannot be decided"
	NotMeasured  Verdict = "not measured"
)

// rule is what Verdict's comment says, for the foot of a report.
var rule = []string{
	"Intervals are 95% Student-t intervals over seeds; two methods are compared by the differences of paired seeds. All seeds are asked the same questions: with others the numbers would be others, and no interval counts that.",
	"Above a bar: supported if the whole interval lies above it, not supported if the whole interval lies at or below it. " +
		"Of items known before, some were guessed right: the share of them that is right where the bar is kept lies between two numbers, the ends of the bar, and the interval must lie above or below both.",
	fmt.Sprintf("Ahead: supported if the mean difference is positive with p (Holm) < %g, the sign-flip test's p adjusted over all comparisons that the claim names; "+
		"not supported if it is negative with such a p, or if the whole interval of the difference, widened after Bonferroni to as many comparisons, lies at or below 0.", report.Level),
	"Ahead by x: supported if ahead and the whole interval lies at or above x; not supported if not ahead, or if the whole interval lies below x.",
	"All of several: supported if each is, not supported if one is not.",
	"Any of several, as of the released measure's five scores: supported if one is, not supported if none is. Each is judged by its own 95% interval, which favours the claim.",
	"In any other case it cannot be decided with so many seeds. A cell that diverged is never averaged away. Not measured: the run has no finished cell for it.",
}

// judgement is a verdict and what a reader must be told of it, or empty.
type judgement struct {
	verdict Verdict
	why     string
}

// judgeLevel judges "above the bar".
func judgeLevel(s metric.Summary, bar float64) judgement {
	if j, missing := judgeMissing(s); missing {
		return j
	}
	switch low, high, ok := s.Interval(); {
	case !ok:
		return judgement{Undecided, noInterval(s.N)}
	case low > bar:
		return judgement{verdict: Supported}
	case high <= bar:
		return judgement{verdict: NotSupported}
	}
	return judgement{Undecided, fmt.Sprintf("cannot be decided with %d seeds: %s", s.N, bySpread(s, bar))}
}

// judge judges "above the bar".
func (b bar) judge(s metric.Summary) judgement {
	switch {
	case !s.Mean.Defined() || s.Mean.Number <= b.least:
		return judgeLevel(s, b.least)
	case s.Mean.Number > b.most:
		return judgeLevel(s, b.most)
	}
	return judgement{Undecided, "cannot be decided by these items: the mean lies between the ends of the bar"}
}

// noInterval says why so few seeds decide nothing.
func noInterval(seeds int) string {
	if seeds == 1 {
		return "cannot be decided with one seed, which has no interval: at least 2 are needed"
	}
	return fmt.Sprintf("cannot be decided with %d equal values, which have no interval: at least %d are needed", seeds, metric.TellingSeeds)
}

// judgeAhead judges "ahead" by the i-th of the differences that a claim names.
func judgeAhead(all []metric.Difference, i int) judgement {
	d := all[i]
	if j, missing := judgeMissing(d.Summary); missing {
		return j
	}
	low, high, ok := d.Interval()
	_, highest, _ := d.IntervalOf(len(all))
	mean, p := d.Mean.Number, d.PHolm.Number
	switch {
	case mean > 0 && p < report.Level:
		return judgement{verdict: Supported}
	case mean < 0 && p < report.Level:
		return judgement{verdict: NotSupported}
	case ok && highest <= 0:
		return judgement{NotSupported, fmt.Sprintf("the whole interval of the difference, widened to %d comparisons, lies at or below 0, though p (Holm) is not below %g", len(all), report.Level)}
	}
	why := fmt.Sprintf("cannot be decided with %d paired seeds: ", d.N)
	if d.N == 1 {
		why = "cannot be decided with one seed: "
	}
	switch {
	case ok && high <= 0:
		why += fmt.Sprintf("its interval lies at or below 0, but not where it is widened to %d comparisons", len(all))
	case ok && mean <= 0:
		why += "the difference is not positive, but its interval reaches above 0"
	case leastHolm(all, i) >= report.Level:
		why += fmt.Sprintf("p (Holm) can fall below %g only from %d on", report.Level, metric.SeedsNeeded(len(all)))
	case ok && low > 0:
		why += fmt.Sprintf("its interval lies above 0, but p (Holm) is not below %g", report.Level)
	default:
		why += "its interval reaches below 0; " + needed(max(seedsFor(mean, d.SD.Number, len(all)), metric.SeedsNeeded(len(all))))
	}
	return judgement{Undecided, why}
}

// leastHolm is the least p (Holm) that the i-th of some differences can have with its pairs of
// seeds and those of the others, of which one that was not made counts with p = 1.
func leastHolm(all []metric.Difference, i int) float64 {
	least := make([]float64, len(all))
	for k, d := range all {
		least[k] = 1
		if d.P.Defined() {
			least[k] = math.Ldexp(1, 1-d.N)
		}
	}
	return metric.Holm(least)[i]
}

// judgeAheadBy judges "ahead by x" by the i-th of the differences that a claim names.
func judgeAheadBy(all []metric.Difference, i int, x float64) judgement {
	ahead := judgeAhead(all, i)
	low, high, ok := all[i].Interval()
	switch {
	case ok && high < x && ahead.verdict != NotSupported && ahead.verdict != NotMeasured:
		return judgement{NotSupported, fmt.Sprintf("the whole interval of the difference lies below %s%%", signed(x))}
	case ahead.verdict == Supported && !(ok && low >= x):
		return judgement{Undecided, fmt.Sprintf("cannot be decided with %d paired seeds: it is ahead, but its interval reaches below %s%%", all[i].N, signed(x))}
	}
	return ahead
}

// judgeAll judges a claim of several parts, of which a missing one leaves it undecided.
func judgeAll(parts []judgement) judgement {
	count := map[Verdict]int{}
	for _, p := range parts {
		count[p.verdict]++
	}
	switch {
	case count[NotMeasured] == len(parts):
		return judgement{verdict: NotMeasured}
	case count[NotSupported] > 0:
		return judgement{verdict: NotSupported}
	case count[Supported] == len(parts):
		return judgement{verdict: Supported}
	}
	return judgement{Undecided, fmt.Sprintf("of %d, %d supported, %d cannot be decided, %d not measured",
		len(parts), count[Supported], count[Undecided], count[NotMeasured])}
}

// judgeMissing judges a number that is undefined: seeds that count but lack it leave the claim
// undecided, without any seed it was not measured.
func judgeMissing(s metric.Summary) (judgement, bool) {
	switch {
	case s.Mean.Defined():
		return judgement{}, false
	case s.N > 0:
		return judgement{Undecided, "cannot be decided: " + s.Mean.Undefined}, true
	}
	return judgement{NotMeasured, s.Mean.Undefined}, true
}

// mostSeeds bounds the search for a number of seeds.
const mostSeeds = 1000

// bySpread says how many seeds would put the interval on one side of the bar.
func bySpread(s metric.Summary, bar float64) string {
	return needed(seedsFor(s.Mean.Number-bar, s.SD.Number, 1))
}

// needed says how many seeds are.
func needed(seeds int) string {
	if seeds > mostSeeds {
		return fmt.Sprintf("with this mean and spread more than %d are needed", mostSeeds)
	}
	return fmt.Sprintf("with this mean and spread about %d are needed", seeds)
}

// seedsFor is the smallest number n of seeds at which a mean so far from a bar, one of so many
// comparisons, has its interval on one side, t(n-1)·sd/√n < |distance|; more than mostSeeds if
// there is none up to there.
func seedsFor(distance, sd float64, comparisons int) int {
	for n := 2; n <= mostSeeds; n++ {
		if metric.StudentTOf(comparisons, n-1)*sd/math.Sqrt(float64(n)) < math.Abs(distance) {
			return n
		}
	}
	return mostSeeds + 1
}

// signed prints points of 100 with their sign and two decimals, as the paper does.
func signed(x float64) string { return fmt.Sprintf("%+.2f", 100*x) }
