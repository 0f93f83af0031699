package suite

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestSuitesWithTasksOfTheirOwnLeaveLengthsToTheData, but for what they say themselves and what
// their tasks came with.
func TestSuitesWithTasksOfTheirOwnLeaveLengthsToTheData(t *testing.T) {
	const own = "tasks:\n  - {name: a, family: f, source: a, prompt: '{{.p}}', answer: x, scores: [exact], max_new_tokens: 1}\n"
	const rest = "methods: [seq]\n"
	dir := t.TempDir()
	cases := map[string]struct {
		text               string
		length, answers    int
		lengths, evaluated []int
	}{
		"extends":   {"extends: continual16\n" + own, 0, 0, nil, nil},
		"alone":     {own + rest, 0, 0, nil, nil},
		"its own":   {"extends: continual16\ntraining: {length: 128, answer_length: 16}\nevaluation: {lengths: [96]}\n" + own, 128, 16, []int{48}, []int{96}},
		"one":       {"extends: continual16\nevaluation: {lengths: [96]}\n" + own, 0, 0, nil, []int{96}},
		"built in":  {"extends: continual16\ntasks: [syllogisms]\n", 68, 28, []int{48}, []int{24, 50, 64}},
		"inherited": {"extends: continual16-real\ntasks: [gsm8k]\n", 512, 256, []int{64, 128, 256}, []int{128, 320, 640}},
		"further":   {"extends: its own.yaml\nseeds: 2\n", 128, 16, []int{48}, []int{96}},
	}
	for name, c := range cases {
		if err := os.WriteFile(filepath.Join(dir, name+".yaml"), []byte("name: x\n"+c.text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range cases {
		s, err := Load(filepath.Join(dir, name+".yaml"), Options{})
		if err != nil {
			t.Fatal(name, err)
		}
		g, e := s.Training, s.Evaluation
		if g.Length != c.length || g.AnswerLength != c.answers || !slices.Equal(g.Lengths, c.lengths) || !slices.Equal(e.Lengths, c.evaluated) {
			t.Errorf("%s: %d %v, answers %d, evaluated in %v", name, g.Length, g.Lengths, g.AnswerLength, e.Lengths)
		}
	}
	for _, name := range List() { // what they have is what they say
		if s, err := Load(name, Options{}); err != nil || s.LeavesLengths() && name != "benchmarks" {
			t.Errorf("%s leaves lengths to the data, or %v", name, err)
		}
	}
}
