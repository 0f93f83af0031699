package methods

import (
	"math"
	"testing"
)

const securaRate = 0.2

// openSecura starts SECURA on the toy without clipping and weight decay.
func openSecura(t *testing.T, key string, change func(p *SecuraParams)) *Session {
	setting := toySetting(1)
	setting.Clip, setting.WeightDecay = 0, 0
	return open(t, Secura, key, setting, func(p *SecuraParams) {
		p.Rank, p.Inner = 3, 5
		change(p)
	})
}

func every(n int) func(*SecuraParams) { return func(p *SecuraParams) { p.MergeEvery = n } }
func plain(n int) func(*SecuraParams) {
	return func(p *SecuraParams) { p.MergeEvery, p.MagNorm = n, false }
}
func second(n int) func(*SecuraParams) {
	return func(p *SecuraParams) { p.MergeEvery, p.Merge = n, "M2" }
}

// With a merge after each step B is 0 in every forward pass: S-MagNorm halves the gradient, which
// AdamW cancels, and A gets none.
func TestSECURAWithAMergeAfterEachStep(t *testing.T) {
	with, without := openSecura(t, "1", every(1)), openSecura(t, "1/plain", plain(1))
	base := map[string][]float32{}
	for _, p := range with.projections {
		base[Name(p, "", baseTensor)] = value(t, with, Name(p, "", baseTensor))
	}
	a, b := steps(t, with, 1, 0, 0, 1, securaRate), steps(t, without, 1, 0, 0, 1, securaRate)
	g, plainGradients := gradients(t, with), gradients(t, without)
	for _, p := range with.projections {
		if largest(g[Name(p, "", "A")]) != 0 || largest(plainGradients[Name(p, "", "A")]) != 0 {
			t.Errorf("A of %v has a gradient", p)
		}
		half, whole := g[Name(p, "", "B")], plainGradients[Name(p, "", "B")]
		if largest(whole) == 0 {
			t.Errorf("B of %v has no gradient", p)
		}
		for i := range half {
			if !(math.Abs(float64(2*half[i]-whole[i])) <= 1e-5*largest(whole)) {
				t.Fatalf("the gradient by B of %v is %g, want half of %g", p, half[i], whole[i])
			}
		}
	}
	a = append(a, steps(t, with, 1, 0, 1, toySteps, securaRate)...)
	b = append(b, steps(t, without, 1, 0, 1, toySteps, securaRate)...)
	worst := 0.0
	for i := range a {
		worst = max(worst, math.Abs(a[i]-b[i]))
	}
	t.Logf("losses %.5g … %.5g, with and without S-MagNorm at most %.2g apart", a[0], a[toySteps], worst)
	if !(worst <= 1e-4) || !(a[toySteps] < a[0]-0.1) {
		t.Errorf("S-MagNorm moves the losses by %g, which go from %g to %g", worst, a[0], a[toySteps])
	}
	for name, before := range base {
		if apart(before, value(t, with, name)) == 0 {
			t.Errorf("%s did not move", name)
		}
	}
	for _, p := range with.projections {
		if b := largest(value(t, with, Name(p, "", "B"))); b != 0 {
			t.Errorf("B of %v is at most %g after the merge", p, b)
		}
	}
}

// The weight moves in every step, not at the task's end.
func TestSECURAWritesTheWeightInEachStep(t *testing.T) {
	s := openSecura(t, "1", every(1))
	name := Name(s.projections[0], "", baseTensor)
	last := value(t, s, name)
	for i := range 3 {
		steps(t, s, 1, 0, i, 1, securaRate)
		now := value(t, s, name)
		if apart(last, now) == 0 {
			t.Errorf("step %d left %s", i+1, name)
		}
		last = now
	}
}

// From B ≠ 0 on S-MagNorm acts.
func TestMagNormActsBetweenMerges(t *testing.T) {
	with, without := openSecura(t, "4", every(4)), openSecura(t, "4/plain", plain(4))
	for _, s := range []*Session{with, without} {
		steps(t, s, 1, 0, 0, 1, securaRate)
	}
	// From one state on, so that nothing but S-MagNorm differs.
	share(t, with, without)
	p := with.projections[0]
	if largest(value(t, with, Name(p, "", "B"))) == 0 {
		t.Fatal("B is 0 after a step without a merge")
	}
	if d := distance(effective(t, with), effective(t, without)); !(d > 1e-3) {
		t.Errorf("S-MagNorm moves the effective weights by %g", d)
	}
	for _, s := range []*Session{with, without} {
		if err := s.resetOptimizer(); err != nil {
			t.Fatal(err)
		}
		steps(t, s, 1, 0, 1, 1, securaRate)
	}
	a, b := gradients(t, with), gradients(t, without)
	for name := range a {
		if largest(a[name]) == 0 || !(apart(a[name], b[name]) > 1e-3*largest(b[name])) {
			t.Errorf("the gradient by %s is at most %g, without S-MagNorm %g", name, largest(a[name]), largest(b[name]))
		}
	}
	if d := apart(value(t, with, Name(p, "", "B")), value(t, without, Name(p, "", "B"))); d == 0 {
		t.Error("S-MagNorm changes no step")
	}
}

func TestSECURAMergesEveryFewSteps(t *testing.T) {
	s := openSecura(t, "4", every(4))
	p := s.projections[1]
	base, b := Name(p, "", baseTensor), Name(p, "", "B")
	last := value(t, s, base)
	merged := func(step int, want bool) {
		t.Helper()
		now := value(t, s, base)
		if got := apart(last, now) > 0; got != want {
			t.Errorf("after step %d the weight moved: %v", step, got)
		}
		if zero := largest(value(t, s, b)) == 0; zero != want {
			t.Errorf("after step %d B is 0: %v", step, zero)
		}
		last = now
	}
	for i := 1; i <= 9; i++ {
		steps(t, s, 1, 0, i-1, 1, securaRate)
		merged(i, i%4 == 0)
	}
	if err := s.EndTask(1, examplesOf(0)); err != nil {
		t.Fatal(err)
	}
	merged(9, true) // at the task's end; then the count starts again
	for i := 10; i <= 13; i++ {
		steps(t, s, 1, 1, i-10, 1, securaRate)
		merged(i, i == 13)
	}
}

// Merging into a sum beside the weight is the same function, up to rounding.
func TestSECURAMergingIntoASumEqualsMergingIntoTheWeight(t *testing.T) {
	for n, keys := range map[int][2]string{1: {"1", "1/M2"}, 4: {"4", "4/M2"}} {
		first, sum := openSecura(t, keys[0], every(n)), openSecura(t, keys[1], second(n))
		a, b := steps(t, first, 1, 0, 0, 6, securaRate), steps(t, sum, 1, 0, 0, 6, securaRate)
		worst := 0.0
		for i := range a {
			worst = max(worst, math.Abs(a[i]-b[i]))
		}
		for _, s := range []*Session{first, sum} {
			if err := s.EndTask(1, examplesOf(0)); err != nil {
				t.Fatal(err)
			}
		}
		d := distance(effective(t, first), effective(t, sum))
		t.Logf("merging every %d steps: losses %.2g, weights %.2g apart", n, worst, d)
		if !(d <= 1e-4) || !(worst <= 1e-4) {
			t.Errorf("merging every %d steps: the losses are %g and the weights %g apart", n, worst, d)
		}
		for _, p := range sum.projections {
			base := value(t, sum, Name(p, "", baseTensor))
			if apart(base, floats(t, toy.Model.Weights[p.WeightName()])) != 0 {
				t.Errorf("M2 writes the weight of %v", p)
			}
			if largest(value(t, sum, Name(p, "", "AB_long"))) == 0 {
				t.Errorf("M2's sum of %v is 0", p)
			}
		}
	}
}

func TestSECURAWithoutMerging(t *testing.T) {
	s := openSecura(t, "none", func(p *SecuraParams) { p.Merge = "none" })
	learn(t, s, 1, 0, securaRate)
	for _, p := range s.projections {
		if apart(value(t, s, Name(p, "", baseTensor)), floats(t, toy.Model.Weights[p.WeightName()])) != 0 {
			t.Errorf("the weight of %v was written", p)
		}
		if largest(value(t, s, Name(p, "", "B"))) == 0 {
			t.Errorf("B of %v is 0", p)
		}
	}
}
