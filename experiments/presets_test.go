package experiments

import (
	"testing"

	"secura/experiments/suite"
)

// TestTrialsShareGraphs holds that keys differ with preset and parameters but for coefficients, and
// with nothing else.
func TestTrialsShareGraphs(t *testing.T) {
	ewc := suite.MethodSpec{Preset: "ewc", Name: "ewc.t01", LearningRate: 1e-3, Params: map[string]any{"lambda": 10.}}
	same := suite.MethodSpec{Preset: "ewc", Name: "ewc.t02", LearningRate: 1e-2, Params: map[string]any{"lambda": 11}}
	if a, b := KnownPresets().GraphKey(ewc), KnownPresets().GraphKey(same); a != b {
		t.Errorf("the keys %s and %s of two learning rates and coefficients differ", a, b)
	}
	for _, other := range []suite.MethodSpec{{Preset: "ewc", Name: "ewc.t01", Params: map[string]any{"rank": 4}},
		{Preset: "ewc", Name: "ewc.t01", Params: map[string]any{"gamma": 0.5}}, {Preset: "ewc-separate", Name: "ewc.t01"}, {Preset: "seq", Name: "ewc.t01"}} {
		if KnownPresets().GraphKey(ewc) == KnownPresets().GraphKey(other) {
			t.Errorf("%v and %v have one key", ewc, other)
		}
	}
}
