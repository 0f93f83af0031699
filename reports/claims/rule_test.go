package claims

import (
	"math"
	"slices"
	"strings"
	"testing"

	"secura/reports/metric"
	"secura/reports/report"
)

func TestLevelsAreJudgedByTheWholeInterval(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   Verdict
	}{
		{[]float64{0.72, 0.73, 0.74}, Supported},
		{[]float64{0.68, 0.67, 0.66}, NotSupported},
		{[]float64{0.70, 0.70, 0.70, 0.70, 0.70, 0.70}, NotSupported}, // at the bar is not above it
		{[]float64{0.72, 0.72}, Undecided},                            // few seeds may agree by chance
		{[]float64{0.72, 0.72, 0.72, 0.72, 0.72}, Undecided},
		{[]float64{0.72, 0.72, 0.72, 0.72, 0.72, 0.72}, Supported},
		{[]float64{0.72, 0.76, 0.69}, Undecided},
		{[]float64{0.99}, Undecided},
		{nil, NotMeasured},
	} {
		if got := judgeLevel(metric.MeanSDCI(c.values), 0.7); got.verdict != c.want {
			t.Errorf("%v: %s (%s), want %s", c.values, got.verdict, got.why, c.want)
		}
	}
}

// Of 800 items 45.6% are right, of which a quarter is right by a guess: of what is kept by 70% the
// items tell from 56.6 to 86.4. Where 41% of the others come out right, what is forgotten does so
// too: to 89.3.
func TestItemsThatMayHaveBeenGuessedDecideLess(t *testing.T) {
	least, most := report.ItemsKept(0.7, 0.45625, 0.25, 0)
	if math.Abs(least-0.5664) > 1e-4 || math.Abs(most-0.8643) > 1e-4 {
		t.Errorf("from %v to %v", least, most)
	}
	if least, most := report.ItemsKept(0.7, 0.45625, 0.25, 0.41); math.Abs(least-0.5664) > 1e-4 || math.Abs(most-0.8933) > 1e-4 {
		t.Errorf("with others that are gained from %v to %v", least, most)
	}
	if all, again := report.ItemsKept(1, 0.45625, 0.25, 0.41); math.Abs(all-0.7021) > 1e-4 || again != 1 {
		t.Errorf("of all that is known from %v to %v", all, again)
	}
	if least, most := report.ItemsKept(0.7, 0.9, 0, 0); math.Abs(least-0.7) > 1e-12 || math.Abs(most-0.7) > 1e-12 {
		t.Errorf("without guesses from %v to %v, want 0.7", least, most)
	}
	near := func(x float64) metric.Summary { return metric.MeanSDCI([]float64{x - 0.005, x, x + 0.005}) }
	known, quarter, unknown := metric.Number(0.45625), metric.Number(0.25), metric.Undefined("no examples.parquet")
	b, err := itemsBar(known, quarter, unknown)
	if err != nil || b.String() != "56.6 to 86.4" {
		t.Fatalf("the bar is %s, %v", b, err)
	}
	for _, c := range []struct {
		kept float64
		want Verdict
		why  string
	}{
		{0.9, Supported, ""}, {0.5, NotSupported, ""}, {0.86, Undecided, "between the ends of the bar"}, {0.6, Undecided, "between the ends of the bar"},
		{0.87, Undecided, "with 3 seeds: with this mean and spread about"}, {0.56, Undecided, "with 3 seeds"},
	} {
		if got := b.judge(near(c.kept)); got.verdict != c.want || !strings.Contains(got.why, c.why) {
			t.Errorf("%v kept: %+v, want %s, %q", c.kept, got, c.want, c.why)
		}
	}
	if b, err := itemsBar(known, quarter, metric.Number(0.41)); err != nil || b.String() != "56.6 to 89.3" {
		t.Errorf("with others that are gained the bar is %s, %v", b, err)
	}
	for want, values := range map[string][2]metric.Value{
		"no more than a guess": {metric.Number(0.2), quarter}, "no examples.parquet": {known, unknown}, "not measured yet": {metric.Undefined("not measured yet"), quarter},
	} {
		if b, err := itemsBar(values[0], values[1], unknown); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the bar is %s, %v", want, b, err)
		}
	}
	written, err := itemsBar(metric.Number(0.9), metric.Number(0), metric.Number(0))
	if got := written.judge(near(0.72)); err != nil || got.verdict != Supported || written.String() != "70.0" {
		t.Errorf("written answers: %+v above %s, %v", got, written, err)
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
		{"behind, with too many rivals for p", eight(-0.1), 50, NotSupported, "interval of the difference, widened to 50 comparisons, lies at or below 0"},
		{"ahead, with too many rivals for p", eight(0.1), 50, Undecided, "can fall below 0.05 only from 11 on"},
		{"ahead but for one seed", scattered, 5, Undecided, "its interval lies above 0, but p (Holm) is not below 0.05"},
		{"about level", []float64{-0.1, 0.1, -0.2, 0.1, -0.1, 0.2, 0.1, -0.2}, 5, Undecided, "not positive, but its interval reaches above 0"},
		{"behind with three", []float64{-0.1, -0.2, 0.05}, 5, Undecided, "with 3 paired seeds: the difference is not positive"},
		{"behind with three, too near for five rivals", []float64{-0.1, -0.12, -0.14}, 5, NotSupported, "widened to 5 comparisons"},
		{"behind with three by an interval that is wider for five", []float64{-0.1, -0.2, -0.15}, 5, Undecided, "lies at or below 0, but not where it is widened to 5 comparisons"},
		{"behind with three, one rival", []float64{-0.1, -0.2, -0.15}, 1, NotSupported, "interval of the difference"},
		{"five equal seeds", []float64{-0.1, -0.1, -0.1, -0.1, -0.1}, 1, Undecided, "p (Holm) can fall below 0.05 only from 6 on"},
		{"slightly ahead", []float64{0.3, -0.1, 0.2, -0.2, 0.1, 0.1, -0.1, 0.1}, 5, Undecided, "with this mean and spread about "},
	} {
		all := slices.Repeat([]metric.Difference{metric.DifferenceOf(c.ours, make([]float64, len(c.ours)))}, c.comparisons)
		metric.AdjustAll(all)
		if got := judgeAhead(all, 0); got.verdict != c.want || !strings.Contains(got.why, c.why) || c.why == "" && got.why != "" {
			t.Errorf("%s: %s (%s), want %s (%s)", c.what, got.verdict, got.why, c.want, c.why)
		}
	}
}

// A rival with six pairs among four with eight can be beaten: Holm multiplies its p by one, where
// the others have smaller ones.
func TestPairsOfOthersCount(t *testing.T) {
	of := func(n int) metric.Difference {
		values := make([]float64, n)
		for i := range values {
			values[i] = 0.1 + 0.01*float64(i%3)
		}
		return metric.DifferenceOf(values, make([]float64, n))
	}
	all := []metric.Difference{of(8), of(8), of(6), of(8), of(8)}
	metric.AdjustAll(all)
	if got := judgeAhead(all, 2); got.verdict != Supported {
		t.Errorf("six pairs among eight: %+v, p (Holm) %v", got, all[2].PHolm)
	}
	all = []metric.Difference{of(8), metric.NoDifference("not in this run", 0), of(6), of(8), of(8)}
	metric.AdjustAll(all)
	if got := judgeAhead(all, 2); got.verdict != Undecided || !strings.Contains(got.why, "only from 8 on") {
		t.Errorf("six pairs beside a rival that is missing: %+v, p (Holm) %v", got, all[2].PHolm)
	}
}

func TestAheadByIsJudgedByTheInterval(t *testing.T) {
	const x = 0.0359
	for _, c := range []struct {
		what  string
		about float64
		step  float64
		want  Verdict
	}{
		{"by more", 0.06, 0.001, Supported},
		{"by less", 0.0204, 0.0001, NotSupported},
		{"ahead, by more or by less", 0.03, 0.01, Undecided},
		{"behind", -0.06, 0.001, NotSupported},
	} {
		var values []float64
		for i := range 8 {
			values = append(values, c.about+c.step*float64(i%3))
		}
		all := []metric.Difference{metric.DifferenceOf(values, make([]float64, len(values)))}
		metric.AdjustAll(all)
		if got := judgeAheadBy(all, 0, x); got.verdict != c.want {
			t.Errorf("%s: %+v, want %s", c.what, got, c.want)
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
