package experiments

import (
	"testing"

	"secura/datasets"
)

// TestATaskIsScoredByItsAnswers: the best of several right answers counts, options of equal text are one answer, and a
// chosen option is scored by its class too.
func TestATaskIsScoredByItsAnswers(t *testing.T) {
	written := taskData{task: datasets.Task{Name: "w"}, examples: []datasets.Example{{Answer: " Paris", Golds: []string{"Paris", "Paris, France"}}, {Answer: " Rome"}}}
	predictions := []prediction{{text: "paris, france", option: -1}, {text: "Milan", option: -1}}
	for name, want := range map[string]float64{"exact": 0.5, "squad_f1": 0.5} {
		if total, each, err := scoreTask(name, written, predictions); err != nil || total != want || each[0] != 1 {
			t.Errorf("%s: %g %v, %v", name, total, each, err)
		}
	}
	options := []string{" same", "same", " other"}
	chosen := taskData{task: datasets.Task{Name: "c", OptionsColumn: "o"}, examples: []datasets.Example{
		{Options: options, Gold: 1, Answer: "same"}, {Options: options, Gold: 2, Answer: " other"}, {Options: options, Gold: 2, Answer: " other"}}}
	picks := []prediction{{option: 0, sums: []float64{0, 0, 0}}, {option: 2}, {option: 1}}
	if total, each, err := scoreTask("accuracy", chosen, picks); err != nil || total != 2.0/3 || each[0] != 1 || each[2] != 0 {
		t.Errorf("%g %v, %v", total, each, err)
	}
	// F1 of "same" is 2/3 (one right of two said, one there), and of "other" 2/3.
	if total, _, err := scoreTask("macro_f1", chosen, picks); err != nil || total < 0.66 || total > 0.67 {
		t.Errorf("%g, %v", total, err)
	}
}
