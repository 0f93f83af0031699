package metric

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestStatisticsEqualTheReferenceCases(t *testing.T) {
	g := readGolden(t)
	for _, s := range g.Seeds {
		got := MeanSDCI(s.A)
		near(t, "mean", got.Mean, s.Mean)
		near(t, "sd", got.SD, s.SD)
		near(t, "ci95", got.CI95, s.CI95)
		near(t, "p", SignFlipTest(s.A, s.B), s.SignP)
		if got.N != len(s.A) {
			t.Errorf("n = %d", got.N)
		}
	}
	for i, p := range Holm(g.Holm.P) {
		near(t, "Holm", Number(p), g.Holm.Adjusted[i])
	}
}

// reference is what testdata/statistics.py makes with scipy. A nil number is undefined.
type reference struct {
	Pairs []struct {
		Name                string
		A, B                []float64
		Summary, Difference struct{ Mean, SD, CI95 *float64 }
		P, Effect           *float64
	}
	Metrics []struct {
		Name   string
		R      [][]float64
		K      []float64
		Joint  []float64
		Expect map[string]*float64
	}
	Holm      []struct{ P, Adjusted []float64 }
	Bootstrap []struct {
		Name      string
		Scores    []float64
		Drawn     [][]int
		Low, High float64
	}
}

func readReference(t *testing.T) reference {
	t.Helper()
	data, err := os.ReadFile("testdata/statistics.json")
	if err != nil {
		t.Fatal(err)
	}
	var r reference
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	if n := len(r.Pairs) + len(r.Metrics) + len(r.Bootstrap) + len(r.Holm); len(r.Pairs) < 20 || n < 35 {
		t.Fatalf("the reference holds %d pairs and %d cases", len(r.Pairs), n)
	}
	return r
}

// alike compares with a reference that may be undefined; the tolerance is a share of it.
func alike(t *testing.T, what string, got Value, want *float64) {
	t.Helper()
	switch {
	case want == nil && got.Defined():
		t.Errorf("%s = %v, want it undefined", what, got.Number)
	case want != nil && (!got.Defined() || !(math.Abs(got.Number-*want) <= tolerance*math.Abs(*want)+1e-15)):
		t.Errorf("%s = %+v, want %v", what, got, *want)
	}
}

// telling is SciPy's half-width, but none of few values that are equal.
func telling(s Summary, half *float64) *float64 {
	if half != nil && *half == 0 && s.N < TellingSeeds {
		return nil
	}
	return half
}

func TestStatisticsEqualSciPys(t *testing.T) {
	r := readReference(t)
	for _, c := range r.Pairs {
		own, difference := MeanSDCI(c.A), MeanSDCI(Minus(c.A, c.B))
		alike(t, c.Name+": mean", own.Mean, c.Summary.Mean)
		alike(t, c.Name+": sd", own.SD, c.Summary.SD)
		alike(t, c.Name+": ci95", own.CI95, telling(own, c.Summary.CI95))
		alike(t, c.Name+": difference", difference.Mean, c.Difference.Mean)
		alike(t, c.Name+": ci95 of the difference", difference.CI95, telling(difference, c.Difference.CI95))
		alike(t, c.Name+": p", SignFlipTest(c.A, c.B), c.P)
		alike(t, c.Name+": effect", EffectSize(c.A, c.B), c.Effect)
	}
	for _, h := range r.Holm {
		for i, p := range Holm(h.P) {
			near(t, "Holm", Number(p), h.Adjusted[i])
		}
	}
}

func TestMetricsEqualNumPys(t *testing.T) {
	for _, c := range readReference(t).Metrics {
		values := Compute(Matrix{R: c.R, K: c.K, Joint: c.Joint})
		for _, key := range Keys[:len(Keys)-1] {
			alike(t, c.Name+": "+key, values[key], c.Expect[key])
		}
	}
}

func TestBootstrapIntervalsEqualSciPys(t *testing.T) {
	for _, c := range readReference(t).Bootstrap {
		var all []int
		for _, drawn := range c.Drawn {
			all = append(all, drawn...)
		}
		next := 0
		s := &Strata{sizes: []int{len(c.Scores)}, draw: func(int) int { next++; return all[next-1] }}
		var means []float64
		s.Resample(len(c.Drawn), func(counts [][]float64) { means = append(means, WeightedMean(c.Scores, counts[0])) })
		got := PercentileInterval(means)
		near(t, c.Name+": low", Number(got.Low), c.Low)
		near(t, c.Name+": high", Number(got.High), c.High)
	}
}

func TestOneSeedHasAMeanButNoSpread(t *testing.T) {
	s := MeanSDCI([]float64{0.5})
	near(t, "mean", s.Mean, 0.5)
	if s.SD.Undefined != "a single value" || s.CI95.Undefined != "a single value" || s.N != 1 {
		t.Errorf("%+v", s)
	}
	if s := MeanSDCI(nil); s.Mean.Undefined != "no values" || s.N != 0 {
		t.Errorf("%+v", s)
	}
	if s := MeanSDCI([]float64{0.5, 0.5}); s.CI95.Undefined != "2 equal values: no interval" || s.SD.Number != 0 || !s.SD.Defined() {
		t.Errorf("%+v", s)
	}
	if s := MeanSDCI(slices.Repeat([]float64{0.5}, TellingSeeds)); !s.CI95.Defined() || s.CI95.Number != 0 {
		t.Errorf("%+v", s)
	}
	if s := MeanSDCI([]float64{1, math.NaN()}); s.Mean.Undefined != "value 2 of 2 is not finite" {
		t.Errorf("%+v", s)
	}
}

func TestSignFlipTestAtItsLimits(t *testing.T) {
	ones := func(n int) ([]float64, []float64) {
		a, b := make([]float64, n), make([]float64, n)
		for i := range a {
			a[i], b[i] = 0.1*float64(i)+0.3, 0.1*float64(i)
		}
		return a, b
	}
	for _, n := range []int{1, 2, 6, 20} {
		a, b := ones(n)
		near(t, "p of equal differences", SignFlipTest(a, b), math.Ldexp(1, 1-n))
		near(t, "p of no difference", SignFlipTest(a, a), 1)
	}
	a, b := ones(21)
	near(t, "drawn p", SignFlipTest(a, b), 1.0/100_001)
	near(t, "drawn p of no difference", SignFlipTest(a, a), 1)
	for _, v := range []Value{SignFlipTest(nil, nil), SignFlipTest(a, b[:3]), SignFlipTest([]float64{1}, []float64{math.NaN()})} {
		if v.Defined() {
			t.Errorf("p = %v without pairs", v.Number)
		}
	}
}

func TestDrawnFlipsAgreeWithExactOnes(t *testing.T) {
	// A 21st pair without a difference changes no sum, so p stays.
	var a []float64
	for i := range 20 {
		a = append(a, math.Sin(float64(i*i))+0.25)
	}
	zero := make([]float64, 21)
	exact, drawn := SignFlipTest(a, zero[:20]), SignFlipTest(append(a, 0), zero)
	if exact.Number < 0.01 || math.Abs(exact.Number-drawn.Number) > 0.006 {
		t.Errorf("exact %v, drawn %v", exact.Number, drawn.Number)
	}
	if again := SignFlipTest(append(a, 0), zero); again != drawn {
		t.Errorf("second time %v, first %v", again, drawn)
	}
}

func TestSignFlipTestIgnoresOrderOfPairsAndSides(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 9).Draw(t, "n")
		hundredths := rapid.Custom(func(t *rapid.T) float64 { return float64(rapid.IntRange(0, 100).Draw(t, "x")) / 100 })
		a, b := rapid.SliceOfN(hundredths, n, n).Draw(t, "a"), rapid.SliceOfN(hundredths, n, n).Draw(t, "b")
		p := SignFlipTest(a, b).Number
		if q := SignFlipTest(b, a).Number; p != q || p < math.Ldexp(1, 1-n) || p > 1 {
			t.Fatalf("p = %v, swapped %v", p, q)
		}
		a[0], a[n-1], b[0], b[n-1] = a[n-1], a[0], b[n-1], b[0]
		if q := SignFlipTest(a, b).Number; p != q {
			t.Fatalf("p = %v, reordered %v", p, q)
		}
	})
}

func TestHolmIsMonotoneAndSkipsWhatWasNotCompared(t *testing.T) {
	got := Holm([]float64{0.5, math.NaN(), 0.01})
	near(t, "largest", Number(got[0]), 0.5)
	near(t, "smallest", Number(got[2]), 0.02)
	if !math.IsNaN(got[1]) {
		t.Errorf("no comparison has p %v", got[1])
	}
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SliceOf(rapid.Float64Range(0, 1)).Draw(t, "p")
		adjusted := Holm(p)
		for i := range p {
			for j := range p {
				if p[i] < p[j] && adjusted[i] > adjusted[j] || adjusted[i] < p[i] || adjusted[i] > 1 {
					t.Fatalf("%v becomes %v", p, adjusted)
				}
			}
		}
	})
}

func TestSeedsNeeded(t *testing.T) {
	for m, want := range map[int]int{0: 0, 1: 6, 2: 7, 5: 8, 10: 9} {
		if got := SeedsNeeded(m); got != want {
			t.Errorf("%d comparisons need %d seeds, want %d", m, got, want)
		}
	}
}
