package methods

import (
	"slices"
	"testing"

	"secura/methods/adapter"
)

// openPreset starts a preset of the SECURA family on the toy, without clipping and weight decay.
func openPreset(t *testing.T, m Method, key string, change func(p *SecuraParams)) *Session {
	setting := toySetting(1)
	setting.Clip, setting.WeightDecay = 0, 0
	return open(t, m, "preset/"+key, setting, func(p *SecuraParams) {
		p.Rank, p.Inner = 3, 5
		if change != nil {
			change(p)
		}
	})
}

func expectParams(t *testing.T, m Method, change func(p *SecuraParams)) {
	t.Helper()
	want := SecuraParams{Sizes: "width", Selection: "inverse-top", Init: "released", MagNorm: true, Scale: 6, Space: "weight", Normalise: "max",
		Form: "sum", Edge: 1.2, Share: 0.9, Decay: 0.99, Merge: "M1", MergeEvery: 1, MergePrecision: "float32", Former: "held"}
	if change != nil {
		change(&want)
	}
	if m.Params != want {
		t.Errorf("%s has %+v, want %+v", m.Name, m.Params, want)
	}
	if found, ok := Find(m.Name); !ok || found.LearningRate != 1e-3 {
		t.Errorf("%s: found %v, learning rate %g", m.Name, ok, found.LearningRate)
	}
}

// weightsOf are the base weights of the adapted projections.
func weightsOf(t *testing.T, s *Session) map[string][]float32 {
	return tensorsOf(t, s, baseTensor)
}

// tensorsOf are the tensors of one name of all adapted projections.
func tensorsOf(t *testing.T, s *Session, tensor string) map[string][]float32 {
	all := map[string][]float32{}
	for _, p := range s.projections {
		all[Name(p, "", tensor)] = value(t, s, Name(p, "", tensor))
	}
	return all
}

func TestPresetSecura(t *testing.T) {
	expectParams(t, Secura, nil)
	s := openPreset(t, Secura, "secura", nil)
	a, w := tensorsOf(t, s, "A"), weightsOf(t, s)
	losses := steps(t, s, 1, 0, 0, 4, securaRate)
	if !(losses[3] < losses[0]) || distance(w, weightsOf(t, s)) == 0 || distance(a, tensorsOf(t, s, "A")) != 0 || s.hooks.EvalForward {
		t.Errorf("losses %v; W moved by %g, A by %g", losses, distance(w, weightsOf(t, s)), distance(a, tensorsOf(t, s, "A")))
	}
}

func TestPresetSecuraM2(t *testing.T) {
	expectParams(t, SecuraM2, func(p *SecuraParams) { p.Merge = "M2" })
	one, two := openPreset(t, Secura, "secura", nil), openPreset(t, SecuraM2, "m2", nil)
	w := weightsOf(t, two)
	a, b := steps(t, one, 1, 0, 0, 6, securaRate), steps(t, two, 1, 0, 0, 6, securaRate)
	for i := range a {
		if d := a[i] - b[i]; !(d <= 1e-4 && d >= -1e-4) {
			t.Errorf("step %d: the loss of M1 is %g, of M2 %g", i+1, a[i], b[i])
		}
	}
	if d := distance(effective(t, one), effective(t, two)); !(d <= 1e-4) {
		t.Errorf("the effective weights of M1 and M2 are %g apart", d)
	}
	if !(a[5] < a[0]) || distance(w, weightsOf(t, two)) != 0 {
		t.Errorf("the loss went from %g to %g; W moved by %g", a[0], a[5], distance(w, weightsOf(t, two)))
	}
}

func TestPresetCABR(t *testing.T) {
	expectParams(t, CABR, func(p *SecuraParams) { p.MagNorm, p.Merge = false, "none" })
	s := openPreset(t, CABR, "cabr", nil)
	if s.find(Name(s.projections[0], "", "A")).value.Size() != 15 || len(s.Trained()) != 2*len(s.projections) {
		t.Errorf("trained are %v", s.Trained())
	}
	steps(t, s, 1, 0, 0, 1, securaRate)
	if err := s.resetOptimizer(); err != nil {
		t.Fatal(err)
	}
	steps(t, s, 1, 0, 1, 1, securaRate) // from B ≠ 0
	for name, g := range gradients(t, s) {
		if largest(g) == 0 {
			t.Errorf("%s has no gradient from B ≠ 0", name)
		}
	}
	for _, p := range s.projections {
		if largest(value(t, s, Name(p, "", "B"))) == 0 {
			t.Errorf("B of %v was merged", p)
		}
	}
}

func TestPresetSecuraK(t *testing.T) {
	expectParams(t, SecuraK, func(p *SecuraParams) { p.MergeEvery = 10 })
	s := openPreset(t, SecuraK, "k", nil)
	a, w := tensorsOf(t, s, "A"), weightsOf(t, s)
	steps(t, s, 1, 0, 0, 9, securaRate)
	if distance(a, tensorsOf(t, s, "A")) == 0 || distance(w, weightsOf(t, s)) != 0 {
		t.Error("between merges A is trained and W stays")
	}
	steps(t, s, 1, 0, 9, 1, securaRate)
	if distance(w, weightsOf(t, s)) == 0 || largest(value(t, s, Name(s.projections[0], "", "B"))) != 0 {
		t.Error("the tenth step does not merge")
	}
}

// What is trained is what is kept: the merge changes no effective weight.
func TestPresetSecuraNormed(t *testing.T) {
	expectParams(t, SecuraNormed, func(p *SecuraParams) { p.MergeEvery, p.Form, p.Merge = 10, "step", "fused" })
	normed, k := openPreset(t, SecuraNormed, "normed", nil), openPreset(t, SecuraK, "k", nil)
	for _, s := range []*Session{normed, k} {
		steps(t, s, 1, 0, 0, 7, securaRate)
		before, w := effective(t, s), weightsOf(t, s)
		if err := s.EndTask(1, examplesOf(0)); err != nil {
			t.Fatal(err)
		}
		if distance(w, weightsOf(t, s)) == 0 || largest(value(t, s, Name(s.projections[0], "", "B"))) != 0 {
			t.Errorf("%s does not merge at the task's end", s.method.Name)
		}
		d := distance(before, effective(t, s))
		if s == normed && d != 0 || s == k && !(d > 1e-3) {
			t.Errorf("%s: the merge moves the effective weights by %g", s.method.Name, d)
		}
	}
	losses := steps(t, normed, 1, 0, 7, 2*toySteps, securaRate)
	if !(losses[len(losses)-1] < losses[0]) {
		t.Errorf("losses %v", losses)
	}
}

// Every switch of the family changes what is learned, from B ≠ 0 on.
func TestEverySwitchOfSECURAActs(t *testing.T) {
	activation := func(p *SecuraParams) { p.Space = adapter.SpaceActivation }
	restrained := func(p *SecuraParams) { p.Restraint, p.Edge, p.Share = true, 1.96, 0.5 }
	for _, c := range []struct {
		name         string
		base, change func(p *SecuraParams)
	}{
		{"rank", nil, func(p *SecuraParams) { p.Rank = 2 }},
		{"inner", nil, func(p *SecuraParams) { p.Inner = 6 }},
		{"selection inverse-sample", nil, func(p *SecuraParams) { p.Selection = "inverse-sample" }},
		{"selection inverse-sample-offset", nil, func(p *SecuraParams) { p.Selection = "inverse-sample-offset" }},
		{"init", nil, func(p *SecuraParams) { p.Init = "principal" }},
		{"bias", nil, func(p *SecuraParams) { p.Bias = true }},
		{"magnorm", nil, func(p *SecuraParams) { p.MagNorm = false }},
		{"scale", nil, func(p *SecuraParams) { p.Scale = 3 }},
		{"space", nil, activation},
		{"normalise", nil, func(p *SecuraParams) { p.Normalise = "none" }},
		{"normalise of outputs", activation, func(p *SecuraParams) { p.Normalise = "none" }},
		{"form", nil, func(p *SecuraParams) { p.Form = "step" }},
		{"restraint", nil, restrained},
		{"restraint of outputs", activation, restrained},
		{"edge", restrained, func(p *SecuraParams) { p.Edge = 1 }},
		{"share", func(p *SecuraParams) { p.Restraint, p.Edge, p.Share = true, 1.5, 0 }, func(p *SecuraParams) { p.Share = 0.9 }},
		{"decay", restrained, func(p *SecuraParams) { p.Decay = 0.9 }},
		{"merge none", nil, func(p *SecuraParams) { p.Merge = "none" }},
		{"merge M2-released", nil, func(p *SecuraParams) { p.Merge = "M2-released" }},
		{"merge fused", func(p *SecuraParams) { p.Form = "step" }, func(p *SecuraParams) { p.Merge = "fused" }},
		{"merge_every", nil, func(p *SecuraParams) { p.MergeEvery = 2 }},
		{"former", func(p *SecuraParams) { p.Merge = "M2" }, func(p *SecuraParams) { p.Former = "base" }},
		{"former updated", nil, func(p *SecuraParams) { p.Former = "updated" }},
		{"merge_precision", nil, func(p *SecuraParams) { p.MergePrecision = "bf16" }},
		{"merge_precision of the weight", func(p *SecuraParams) { p.MergePrecision = "bf16" }, func(p *SecuraParams) { p.MergePrecision = "bf16-weight" }},
	} {
		losses := func(key string, changes ...func(p *SecuraParams)) []float64 {
			s := openPreset(t, Secura, key, func(p *SecuraParams) {
				p.MergeEvery = 3
				for _, change := range changes {
					if change != nil {
						change(p)
					}
				}
			})
			return steps(t, s, 1, 0, 0, 6, securaRate)
		}
		before, after := losses("switch/"+c.name+"/off", c.base), losses("switch/"+c.name+"/on", c.base, c.change)
		if slices.Equal(before, after) {
			t.Errorf("%s changes no loss: %v", c.name, before)
		}
	}
}
