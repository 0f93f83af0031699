package experiments

import (
	"fmt"
	"slices"
	"testing"

	"secura/experiments/suite"
	"secura/methods"
)

// Suite rivals has the paper's methods and all beyond it that are no form of one of these, beside
// both references; their settings are the presets', to be tuned by one budget.
func TestRivalsHasEveryMethodBeyondThePaper(t *testing.T) {
	load := func(name string) suite.Suite {
		s, err := suite.Load(name, suite.Options{Presets: KnownPresets()})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s, main := load("rivals"), load("continual16")
	want := []string{methods.Frozen.Name, methods.JointTraining.Name}
	for _, g := range methods.Groups {
		for _, m := range g.Methods {
			form := m.Name == methods.EWCSeparate.Name || m.Name == methods.CURLoRAPaper.Name
			if (g.Name == "The paper's methods" || g.Name == "Beyond the paper") && !form {
				want = append(want, m.Name)
			}
		}
	}
	var have []string
	for _, m := range s.Methods {
		have = append(have, m.Name)
		if m.LearningRate != 0 || m.Reason != "" {
			t.Errorf("%s has the rate %g, for the reason %q; a tuning of the suite chooses it", m.Name, m.LearningRate, m.Reason)
		}
	}
	slices.Sort(have)
	slices.Sort(want)
	if !slices.Equal(have, want) {
		t.Errorf("the suite's methods are %v, expected %v", have, want)
	}
	if got, want := fmt.Sprint(s.TaskNames(), s.Knowledge, s.Training, s.Seeds, s.Evaluation.Every), fmt.Sprint(main.TaskNames(), main.Knowledge, main.Training, 8, suite.EveryFinal); got != want {
		t.Errorf("the stream is %s\nexpected %s", got, want)
	}
	if err := checkMethods(s, openTexts(t, s).Config, 7900); err != nil {
		t.Errorf("a method does not start on %s: %v", s.Backbone, err)
	}
	if s.Tuning.Trials != 0 {
		t.Errorf("the suite says that it was tuned: %+v", s.Tuning)
	}
}
