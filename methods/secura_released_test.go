package methods

import (
	"math"
	"slices"
	"testing"

	"secura/methods/adapter"
)

// withoutBias is the ablation of a released preset.
func withoutBias(p *SecuraParams) { p.Bias = false }

// aIsUntrained fails if A had a gradient in a step.
func aIsUntrained(t *testing.T, s *Session, step int) {
	t.Helper()
	for _, p := range s.projections {
		for m, moment := range s.find(Name(p, "", "A")).moments {
			if largest(floats(t, moment)) != 0 {
				t.Fatalf("step %d: moment %d of A's gradient of %v is not 0", step, m+1, p)
			}
		}
	}
}

// As published the bias is trained and S-MagNorm amplifies from the second step on; A has no
// gradient.
func TestPresetSecuraReleasedM1(t *testing.T) {
	expectParams(t, SecuraReleasedM1, func(p *SecuraParams) {
		p.Bias, p.Space, p.Normalise, p.Restraint, p.MergePrecision = true, "activation", "none", true, "bf16"
	})
	s := openPreset(t, SecuraReleasedM1, "released", nil)
	w := weightsOf(t, s)
	var losses []float64
	for i := range 6 {
		losses = append(losses, steps(t, s, 1, 0, i, 1, securaRate)...)
		aIsUntrained(t, s, i+1)
	}
	if s.LearnsWeights() || distance(w, weightsOf(t, s)) == 0 || !(losses[5] < losses[1]) {
		t.Errorf("losses %v; W moved by %g; evaluated by weights: %v", losses, distance(w, weightsOf(t, s)), s.LearnsWeights())
	}
	for _, p := range s.projections {
		if largest(value(t, s, Name(p, "", "bias"))) == 0 || largest(value(t, s, Name(p, "", "B"))) != 0 {
			t.Errorf("the bias of %v is 0, or B is not after the merge", p)
		}
	}
	if !s.find(Name(s.projections[0], "", "bias")).decayed {
		t.Error("the bias is not decayed")
	}
}

// Without the bias S is 2, and but for the rounding of merges M1 trains as SECURA is specified.
func TestReleasedM1WithoutBiasIsSecura(t *testing.T) {
	s := openPreset(t, SecuraReleasedM1, "no bias", func(p *SecuraParams) { p.Bias, p.MergePrecision = false, "float32" })
	specified := openPreset(t, Secura, "secura", nil)
	a := tensorsOf(t, s, "A")
	losses, want := steps(t, s, 1, 0, 0, 6, securaRate), steps(t, specified, 1, 0, 0, 6, securaRate)
	if distance(a, tensorsOf(t, s, "A")) != 0 {
		t.Error("A moved without weight decay")
	}
	for i := range losses {
		if d := losses[i] - want[i]; !(d <= 1e-4 && d >= -1e-4) {
			t.Errorf("step %d: the loss is %g, as specified %g", i+1, losses[i], want[i])
		}
	}
	if !(losses[5] < losses[0]) || !s.LearnsWeights() {
		t.Errorf("losses %v", losses)
	}
}

// Merges keep eight bits of the update.
func TestReleasedM1RoundsItsMerges(t *testing.T) {
	s := openPreset(t, SecuraReleasedM1, "no bias, bf16", withoutBias)
	exact := openPreset(t, SecuraReleasedM1, "no bias", func(p *SecuraParams) { p.Bias, p.MergePrecision = false, "float32" })
	w := weightsOf(t, s)
	steps(t, s, 1, 0, 0, 1, securaRate)
	steps(t, exact, 1, 0, 0, 1, securaRate)
	rounded, whole := weightsOf(t, s), weightsOf(t, exact)
	for name := range w {
		for i := range w[name] {
			update, kept := float64(whole[name][i])-float64(w[name][i]), float64(rounded[name][i])-float64(w[name][i])
			if !(math.Abs(kept-update) <= math.Abs(update)/256+4e-7*math.Abs(float64(w[name][i]))) {
				t.Fatalf("%s[%d]: the merge keeps %g of %g", name, i, kept, update)
			}
		}
	}
	if d := distance(rounded, whole); d == 0 {
		t.Error("rounding changes nothing")
	}
}

// As published M2 learns by its bias alone, the weight stays; without the bias its loss is constant
// to all digits.
func TestPresetSecuraReleasedM2(t *testing.T) {
	expectParams(t, SecuraReleasedM2, func(p *SecuraParams) {
		p.Bias, p.Space, p.Normalise, p.Restraint, p.Merge, p.Former = true, "activation", "none", true, "M2-released", "updated"
	})
	for _, bias := range []bool{true, false} {
		s := openPreset(t, SecuraReleasedM2, map[bool]string{true: "released", false: "no bias"}[bias], func(p *SecuraParams) { p.Bias = bias })
		before := effective(t, s)
		fixed := rowsOf(0, 0)
		var losses []float64
		for range 30 {
			result, err := s.Step(toyBatch(0, fixed, nil), securaRate/10)
			if err != nil {
				t.Fatal(err)
			}
			losses = append(losses, result.Loss)
			if result.GradientNorm == 0 {
				t.Fatal("B has no gradient: the optimiser does nothing")
			}
		}
		aIsUntrained(t, s, 30)
		if bias && !(losses[29] < losses[1]-0.1) || !bias && slices.Max(losses) != slices.Min(losses) {
			t.Errorf("bias %v: the losses of one batch are %v", bias, losses)
		}
		for _, p := range s.projections {
			if largest(value(t, s, Name(p, "", "B_long"))) == 0 {
				t.Errorf("the sum of %v is 0", p)
			}
		}
		if len(differing(before, effective(t, s))) > 0 || s.LearnsWeights() == bias {
			t.Errorf("bias %v: an effective weight moved, or it is evaluated by weights: %v", bias, s.LearnsWeights())
		}
	}
}

// A has a gradient from the second step on.
func TestPresetCABRReleased(t *testing.T) {
	expectParams(t, CABRReleased, func(p *SecuraParams) { p.Bias, p.MagNorm, p.Merge = true, false, "none" })
	s := openPreset(t, CABRReleased, "released", nil)
	w := weightsOf(t, s)
	first := steps(t, s, 1, 0, 0, 1, securaRate)
	for name, g := range gradients(t, s) {
		if isA := name[len(name)-1] == 'A'; isA != (largest(g) == 0) {
			t.Errorf("in the first step the gradient by %s is at most %g", name, largest(g))
		}
	}
	if err := s.resetOptimizer(); err != nil {
		t.Fatal(err)
	}
	losses := append(first, steps(t, s, 1, 0, 1, 1, securaRate)...)
	for name, g := range gradients(t, s) {
		if largest(g) == 0 {
			t.Errorf("in the second step %s has no gradient", name)
		}
	}
	losses = append(losses, steps(t, s, 1, 0, 2, 4, securaRate)...)
	if s.LearnsWeights() || distance(w, weightsOf(t, s)) != 0 || !(losses[5] < losses[0]) {
		t.Errorf("losses %v; W moved by %g", losses, distance(w, weightsOf(t, s)))
	}
}

// What is evaluated is the forward pass with its bias and gain, restraint included.
func TestReleasedForwardPassesAreEvaluatedAsTheyAre(t *testing.T) {
	restrained := func(p *SecuraParams) { p.Edge, p.Share, p.Decay = 1.6, 0.1, 0.5 }
	for name, m := range map[string]Method{"m1": SecuraReleasedM1, "m2": SecuraReleasedM2, "cabr": CABRReleased, "m1 restrained": SecuraReleasedM1} {
		t.Run(name, func(t *testing.T) {
			change := map[string]func(p *SecuraParams){"m1 restrained": restrained}[name]
			s := openPreset(t, m, "evaluated "+name, change)
			steps(t, s, 1, 0, 0, 3, securaRate)
			b := toyBatch(0, rowsOf(0, 0), nil)
			lossOf := func() float64 {
				f, err := s.Function()
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				return meanLoss(scores(t, f, "score", b), b)
			}
			got := lossOf()
			if name == "m1 restrained" { // with the last step's draws
				if err := s.Set(Name(s.projections[0], "", adapter.DrawsTensor), adapter.Draws(16, stream(9, "other"))); err != nil {
					t.Fatal(err)
				}
				if got == lossOf() {
					t.Error("in evaluation restraint does not act")
				}
				return
			}
			result, err := s.Step(b, securaRate)
			if err != nil {
				t.Fatal(err)
			}
			if !(math.Abs(got-result.Loss) <= 1e-5) {
				t.Errorf("the loss is %g in training and %g in evaluation", result.Loss, got)
			}
		})
	}
}

// Restraint's draws follow the cell's seed and the step, go on after a checkpoint, and act.
func TestRestraintIsDrawnAnewInEachStep(t *testing.T) {
	start := func(seed uint64) *Session {
		setting := toySetting(seed)
		return open(t, SecuraReleasedM1, "restraint", setting, func(p *SecuraParams) {
			p.Rank, p.Inner, p.MergeEvery, p.Edge, p.Share, p.Decay = 3, 5, 5, 2, 0.5, 0.7
		})
	}
	s, again, other := start(1), start(1), start(2)
	a, b, c := steps(t, s, 1, 0, 0, 4, securaRate), steps(t, again, 1, 0, 0, 3, securaRate), steps(t, other, 1, 0, 0, 4, securaRate)
	if !slices.Equal(a[:3], b) {
		t.Errorf("losses %v and %v", a[:3], b)
	}
	if slices.Equal(a, c) {
		t.Errorf("another seed: losses %v and %v", a, c)
	}
	first := tensorsOf(t, again, adapter.DrawsTensor)
	dir := t.TempDir()
	if err := again.Save(dir); err != nil {
		t.Fatal(err)
	}
	resumed := start(1)
	if err := resumed.Load(dir); err != nil {
		t.Fatal(err)
	}
	if len(differing(first, tensorsOf(t, resumed, adapter.DrawsTensor))) > 0 {
		t.Error("the draws are not in the checkpoint")
	}
	steps(t, resumed, 1, 0, 3, 1, securaRate)
	if names := differing(tensorsOf(t, s, adapter.DrawsTensor), tensorsOf(t, resumed, adapter.DrawsTensor)); len(names) > 0 {
		t.Errorf("behind a checkpoint other values are drawn: %v", names)
	}
	if distance(first, tensorsOf(t, resumed, adapter.DrawsTensor)) == 0 {
		t.Error("two steps have the same draws")
	}
	for _, raw := range []string{`{}`, `{"steps": -1}`, `7`} {
		if err := new(stepCount).UnmarshalJSON([]byte(raw)); err == nil {
			t.Errorf("the count %s was read", raw)
		}
	}
}
