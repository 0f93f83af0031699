package evaluation

import (
	"testing"

	"secura/datasets"
	"secura/experiments/stream"
)

// TestATaskIsScoredByItsAnswers: the best of several right answers counts, options of equal text
// are one answer, and a chosen option is scored by its class too.
func TestATaskIsScoredByItsAnswers(t *testing.T) {
	written := stream.Task{Task: datasets.Task{Name: "w"}, Examples: []datasets.Example{{Answer: " Paris", Golds: []string{"Paris", "Paris, France"}}, {Answer: " Rome"}}}
	predictions := []Prediction{{Text: "paris, france", Option: -1}, {Text: "Milan", Option: -1}}
	for name, want := range map[string]float64{"exact": 0.5, "squad_f1": 0.5} {
		if total, each, err := scoreTask(name, written, predictions); err != nil || total != want || each[0] != 1 {
			t.Errorf("%s: %g %v, %v", name, total, each, err)
		}
	}
	options := []string{" same", "same", " other"}
	chosen := stream.Task{Task: datasets.Task{Name: "c", OptionsColumn: "o"}, Examples: []datasets.Example{
		{Options: options, Gold: 1, Answer: "same"}, {Options: options, Gold: 2, Answer: " other"}, {Options: options, Gold: 2, Answer: " other"}}}
	picks := []Prediction{{Option: 0, Sums: []float64{0, 0, 0}}, {Option: 2}, {Option: 1}}
	if total, each, err := scoreTask("accuracy", chosen, picks); err != nil || total != 2.0/3 || each[0] != 1 || each[2] != 0 {
		t.Errorf("%g %v, %v", total, each, err)
	}
	// F1 of "same" is 2/3 (one right of two said, one there), and of "other" 2/3.
	if total, _, err := scoreTask("macro_f1", chosen, picks); err != nil || total < 0.66 || total > 0.67 {
		t.Errorf("%g, %v", total, err)
	}
}
