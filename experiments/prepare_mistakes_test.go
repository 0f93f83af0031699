package experiments

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"secura/datasets"
	"secura/datasets/prepared"
	"secura/experiments/suite"
)

// TestPrepareNamesEveryMistakeAtOnce breaks a method's parameter, the backbone and two tasks'
// files.
func TestPrepareNamesEveryMistakeAtOnce(t *testing.T) {
	s, err := suite.Load("olora-standard", suite.Options{Presets: KnownPresets(), Set: []string{"backbone=nano", "knowledge=[]"}})
	if err != nil {
		t.Fatal(err)
	}
	s.Backbone = "no-such-backbone"
	s.Methods[0].Params = map[string]any{"no_such_parameter": 1}
	_, err = Prepare(t.Context(), s, &prepared.Store{DataDir: t.TempDir()})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"no_such_parameter", "no-such-backbone", s.Tasks[0].Name, s.Tasks[1].Name} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not named in: %v", want, err)
		}
	}
}

// TestLongerRowsAreSuggested cuts training examples, and looks for the lengths that would not.
func TestLongerRowsAreSuggested(t *testing.T) {
	y := newToy(t)
	s := y.with(suite.MethodSpec{Preset: "seq"})
	whole, err := Prepare(t.Context(), s, y.store())
	if err != nil {
		t.Fatal(err)
	}
	s.Training.Length, s.Training.AnswerLength, s.Training.Lengths = 4, 3, nil
	cut, err := Prepare(t.Context(), s, y.store())
	if err != nil {
		t.Fatal(err)
	}
	const want = "would fit all training examples"
	if strings.Contains(strings.Join(whole.Warnings, "\n"), want) || !strings.Contains(strings.Join(cut.Warnings, "\n"), want) {
		t.Errorf("warnings of whole rows %q, of cut ones %q", whole.Warnings, cut.Warnings)
	}
}

// TestRowsThatAnotherTaskLearnsAreTold: two tasks carve one split, each the other's part for tests.
func TestRowsThatAnotherTaskLearnsAreTold(t *testing.T) {
	y := newToy(t)
	s := y.with(suite.MethodSpec{Preset: "seq"})
	one := s.Tasks[0]
	other := one
	one.Splits = datasets.Splits{Train: "train[:50%]", Test: "train[50%:]"}
	other.Name, other.Splits = "other", datasets.Splits{Train: "train[50%:]", Test: "train[:50%]"}
	s.Tasks = []datasets.Task{one, other}
	p, err := Prepare(t.Context(), s, y.store())
	if err != nil {
		t.Fatal(err)
	}
	told := func(task, by string) bool {
		return slices.ContainsFunc(p.Warnings, func(text string) bool {
			return strings.HasPrefix(text, "task "+task+": ") && strings.HasSuffix(text, " evaluated examples stand in the training of task "+by+", with their answers")
		})
	}
	if !told(one.Name, "other") || !told("other", one.Name) {
		t.Errorf("%q", p.Warnings)
	}
}

// TestOneFileForTrainingAndTestsIsRefused, unless `splits` carve it.
func TestOneFileForTrainingAndTestsIsRefused(t *testing.T) {
	y := newToy(t)
	s := y.with(suite.MethodSpec{Preset: "seq"})
	task := s.Tasks[0]
	task.Source = filepath.Join(task.Source, "train.parquet")
	s.Tasks = []datasets.Task{task}
	if _, err := Prepare(t.Context(), s, y.store()); err == nil || !strings.Contains(err.Error(), "task "+task.Name+": train and test are the same rows of ") {
		t.Error(err)
	}
	s.Tasks[0].Splits = datasets.Splits{Train: "train[:60%]", Test: "test[60%:]"}
	if _, err := Prepare(t.Context(), s, y.store()); err != nil {
		t.Error(err)
	}
	s.Tasks[0].Splits.Test = "test[:60%]"
	if _, err := Prepare(t.Context(), s, y.store()); err == nil {
		t.Error("shares that meet are taken")
	}
}
