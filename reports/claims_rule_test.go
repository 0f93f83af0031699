package reports

import (
	"strings"
	"testing"

	"secura/reports/metric"
)

func TestLevelsAreJudgedByTheWholeInterval(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   Verdict
	}{
		{[]float64{0.72, 0.73, 0.74}, Supported},
		{[]float64{0.68, 0.67, 0.66}, NotSupported},
		{[]float64{0.70, 0.70}, NotSupported}, // at the bar is not above it
		{[]float64{0.72, 0.76, 0.69}, Undecided},
		{[]float64{0.99}, Undecided},
		{nil, NotMeasured},
	} {
		if got := judgeLevel(metric.MeanSDCI(c.values), 0.7); got.verdict != c.want {
			t.Errorf("%v: %s (%s), want %s", c.values, got.verdict, got.why, c.want)
		}
	}
}

func TestAheadIsJudgedByTheAdjustedTest(t *testing.T) {
	eight := func(x float64) []float64 { return []float64{x, x + .01, x, x + .01, x, x + .02, x, x + .01} }
	scattered := []float64{0.2, 0.1, -0.01, 0.2, 0.1, 0.2, 0.1, 0.2}
	for _, c := range []struct {
		what        string
		ours        []float64
		comparisons int
		want        Verdict
		why         string
	}{
		{"clearly ahead", eight(0.1), 5, Supported, ""},
		{"clearly behind", eight(-0.1), 5, NotSupported, ""},
		{"behind, with too many rivals for p", eight(-0.1), 50, NotSupported, "interval of the difference lies at or below 0"},
		{"ahead, with too many rivals for p", eight(0.1), 50, Undecided, "can fall below 0.05 only from 11 on"},
		{"ahead but for one seed", scattered, 5, Undecided, "its interval lies above 0, but p (Holm) is not below 0.05"},
		{"about level", []float64{-0.1, 0.1, -0.2, 0.1, -0.1, 0.2, 0.1, -0.2}, 5, Undecided, "not positive, but its interval reaches above 0"},
		{"slightly ahead", []float64{0.3, -0.1, 0.2, -0.2, 0.1, 0.1, -0.1, 0.1}, 5, Undecided, "with this mean and spread about "},
	} {
		d := metric.DifferenceOf(c.ours, make([]float64, len(c.ours)))
		d.PHolm = metric.Number(min(1, float64(c.comparisons)*d.P.Number))
		if got := judgeAhead(d, c.comparisons); got.verdict != c.want || !strings.Contains(got.why, c.why) || c.why == "" && got.why != "" {
			t.Errorf("%s: %s (%s), want %s (%s)", c.what, got.verdict, got.why, c.want, c.why)
		}
	}
}

func TestAClaimOfPartsNeedsAllOfThem(t *testing.T) {
	of := func(verdicts ...Verdict) (parts []judgement) {
		for _, v := range verdicts {
			parts = append(parts, judgement{verdict: v})
		}
		return parts
	}
	for _, c := range []struct {
		parts []judgement
		want  Verdict
	}{
		{of(Supported, Supported), Supported},
		{of(Supported, NotMeasured), Undecided},
		{of(Supported, Undecided), Undecided},
		{of(Undecided, NotSupported, NotMeasured), NotSupported},
		{of(NotMeasured, NotMeasured), NotMeasured},
	} {
		if got := judgeAll(c.parts).verdict; got != c.want {
			t.Errorf("%v: %s, want %s", c.parts, got, c.want)
		}
	}
}
