package methods

import "testing"

func TestCURLoRAFoldsAtATasksEnd(t *testing.T) {
	change := func(p *CURLoRAParams) { p.Rank = 4 }
	s := open(t, CURLoRA, "fold", toySetting(1), change)
	keep := open(t, CURLoRA, "keep", toySetting(1), func(p *CURLoRAParams) { change(p); p.Fold = false })
	for _, s := range []*Session{s, keep} {
		if err := s.StartTask(); err != nil {
			t.Fatal(err)
		}
		steps(t, s, 1, 0, 0, toySteps, 0.2)
	}
	before, weights := snapshot(t, s), effective(t, s)
	for _, s := range []*Session{s, keep} {
		if err := s.EndTask(1, examplesOf(0)); err != nil {
			t.Fatal(err)
		}
	}
	d := distance(weights, effective(t, s))
	t.Logf("folding moves the effective weights by %.2g", d)
	if !(d <= 1e-6) {
		t.Errorf("folding moves the effective weights by %g", d)
	}
	for _, p := range s.projections {
		base, u := Name(p, "", baseTensor), Name(p, "", "U")
		if largest(before[u]) == 0 || largest(value(t, s, u)) != 0 {
			t.Errorf("%s was at most %g before the fold and is at most %g after it", u, largest(before[u]), largest(value(t, s, u)))
		}
		if d := apart(before[base], value(t, s, base)); !(d > 1e-3) {
			t.Errorf("the fold moves %s by %g", base, d)
		}
		if apart(before[base], value(t, keep, base)) != 0 || largest(value(t, keep, u)) == 0 {
			t.Errorf("%s was folded with fold: false", base)
		}
	}
	if distance(weights, effective(t, keep)) != 0 {
		t.Error("the end of a task moves the weights with fold: false")
	}
	// The next task goes on from the folded weight, with a fresh U.
	learn(t, s, 1, 1, 0.2)
	if d := distance(weights, effective(t, s)); !(d > 1e-3) {
		t.Errorf("the second task moves the weights by %g", d)
	}
}
