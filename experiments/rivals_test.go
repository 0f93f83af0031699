package experiments

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"secura/experiments/record"
	"secura/experiments/suite"
	"secura/methods"
)

// Suite rivals has the paper's methods and all beyond it that are no form of one of these, beside
// references and what some of them are made of. Each but the references has what a tuning chose by
// continual16's budget.
func TestRivalsHasEveryMethodBeyondThePaper(t *testing.T) {
	s, main := loadSuite(t, "rivals"), loadSuite(t, "continual16")
	want := []string{methods.Frozen.Name, methods.JointTraining.Name, methods.SeqFull.Name, "secura-width", "er-full"}
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
		budget := fmt.Sprintf("the best of %d trials (%d tasks, %s split, %d seeds)", main.Tuning.Trials, len(main.Tasks), main.Tuning.Split, main.Tuning.Seeds)
		reference := m.Preset == methods.Frozen.Name || m.Preset == methods.JointTraining.Name
		if !reference && !(strings.HasPrefix(m.Reason, record.TunedReason) && strings.Contains(m.Reason, budget)) {
			t.Errorf("%s has the rate %g, for the reason %q; expected one that was %s", m.Name, m.LearningRate, m.Reason, budget)
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
	if d := cmp.Diff(main.Tuning, s.Tuning); d != "" {
		t.Errorf("the suite was tuned otherwise: %s", d)
	}
}
