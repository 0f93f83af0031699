package methods

import (
	"math"
	"testing"
)

func openEWC(t *testing.T, key string, change func(p *EWCParams)) *Session {
	setting := toySetting(1)
	setting.Clip = 0 // gradients as they are
	return open(t, EWC, key, setting, func(p *EWCParams) {
		p.Lambda, p.FisherExamples = 1e4, toyExamples
		if change != nil {
			change(p)
		}
	})
}

func TestEWCPenaltyHoldsTheWeights(t *testing.T) {
	after := map[string]map[string][]float32{}
	drift := map[string]float64{}
	for _, key := range []string{"off", "on"} {
		s := openEWC(t, key, func(p *EWCParams) { p.Lambda = map[string]float64{"off": 0, "on": 1e4}[key] })
		learn(t, s, 1, 0, toyRate) // F = 0: the penalty is not felt
		anchored := effective(t, s)
		if key == "off" {
			after["first task"] = snapshot(t, s)
		} else if len(differing(after["first task"], snapshot(t, s))) > 0 {
			t.Error("the penalty changes the first task")
		}
		if err := s.StartTask(); err != nil {
			t.Fatal(err)
		}
		steps(t, s, 1, 1, 0, 4, toyRate)
		after[key] = effective(t, s)
		drift[key] = distance(anchored, after[key])
	}
	t.Logf("drift from the anchor: without %.3g, with the penalty %.3g", drift["off"], drift["on"])
	if d := distance(after["off"], after["on"]); !(d > 1e-3) {
		t.Errorf("the penalty moves the effective weights by %g", d)
	}
	if !(drift["on"] < drift["off"]) {
		t.Errorf("with the penalty the weights are %g from the anchor, without %g", drift["on"], drift["off"])
	}
}

// A batch that predicts nothing leaves the penalty alone: its value and gradient are those of the
// formula.
func TestEWCPenaltyAloneHasTheFormulasValueAndGradient(t *testing.T) {
	s := openEWC(t, "on", nil)
	learn(t, s, 1, 0, toyRate)
	if err := s.StartTask(); err != nil {
		t.Fatal(err)
	}
	if r, err := s.Step(emptyBatch(toyRows), 0); err != nil || r.Loss != 0 || r.GradientNorm != 0 {
		t.Fatalf("at the anchor: %+v, %v", r, err)
	}
	steps(t, s, 1, 1, 0, 2, toyRate)
	if err := s.resetOptimizer(); err != nil {
		t.Fatal(err)
	}
	penalty, want := 0.0, map[string][]float32{}
	for _, tensor := range s.Trained() {
		p, name := tensor.Projection, Name(tensor.Projection, "", tensor.Tensor)
		theta, anchor, fisher := value(t, s, name), value(t, s, Name(p, anchorCopy, tensor.Tensor)), value(t, s, Name(p, fisherCopy, tensor.Tensor))
		if largest(fisher) == 0 || apart(theta, anchor) == 0 {
			t.Fatalf("%s: the Fisher information is at most %g, the drift %g", name, largest(fisher), apart(theta, anchor))
		}
		for i := range theta {
			d := float64(theta[i]) - float64(anchor[i])
			penalty += 1e4 / 2 * float64(fisher[i]) * d * d
			want[name] = append(want[name], float32(1e4*float64(fisher[i])*d))
		}
	}
	r, err := s.Step(emptyBatch(toyRows), 0)
	if err != nil {
		t.Fatal(err)
	}
	if !(math.Abs(r.Loss-penalty) <= 1e-5*penalty) || penalty == 0 {
		t.Errorf("the penalty is %g, want %g", r.Loss, penalty)
	}
	for name, g := range gradients(t, s) {
		if d := apart(g, want[name]); !(d <= 1e-5*largest(want[name])) || largest(g) == 0 {
			t.Errorf("the penalty's gradient by %s is at most %g and %g from %g", name, largest(g), d, largest(want[name]))
		}
	}
}

func TestEWCAccumulatesFisherInformation(t *testing.T) {
	for key, gamma := range map[string]float64{"on": 1, "fading": 0.25} {
		s := openEWC(t, key, func(p *EWCParams) { p.Gamma = gamma })
		learn(t, s, 1, 0, toyRate)
		first, anchor := map[string][]float32{}, map[string][]float32{}
		for _, tensor := range s.Trained() {
			name := Name(tensor.Projection, fisherCopy, tensor.Tensor)
			first[name] = value(t, s, name)
			anchor[name] = value(t, s, Name(tensor.Projection, anchorCopy, tensor.Tensor))
			if d := apart(anchor[name], value(t, s, Name(tensor.Projection, "", tensor.Tensor))); d != 0 {
				t.Errorf("the anchor of %s is %g from the value", name, d)
			}
		}
		if err := s.StartTask(); err != nil {
			t.Fatal(err)
		}
		steps(t, s, 1, 1, 0, 2, toyRate)
		end := &TaskEnd{Index: 2, session: s, batches: examplesOf(1)}
		fresh, err := end.SquaredGradients(toyExamples)
		if err != nil {
			t.Fatal(err)
		}
		defer release(fresh)
		if err := s.EndTask(2, examplesOf(1)); err != nil {
			t.Fatal(err)
		}
		for i, tensor := range s.Trained() {
			name := Name(tensor.Projection, fisherCopy, tensor.Tensor)
			want := floats(t, fresh[i])
			for j := range want {
				want[j] += float32(gamma) * first[name][j]
			}
			if d := apart(value(t, s, name), want); !(d <= 1e-6*largest(want)) {
				t.Errorf("gamma %g: %s is %g from γF + F_new", gamma, name, d)
			}
			if d := apart(value(t, s, Name(tensor.Projection, anchorCopy, tensor.Tensor)), anchor[name]); d == 0 {
				t.Errorf("the anchor of %s stayed where the first task left it", name)
			}
		}
	}
}
