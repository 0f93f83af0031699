package experiments

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"secura/experiments/suite"
)

// TestARepetitionPenaltyIsTold: transformers applies what the file asks for to greedy answers, this
// program does not. Options alone are not written.
func TestARepetitionPenaltyIsTold(t *testing.T) {
	y := newToy(t)
	s := y.with(suite.MethodSpec{Preset: "frozen"})
	for _, c := range []struct {
		file string
		told bool
	}{{`{"repetition_penalty": 1.1}`, true}, {`{"repetition_penalty": 1.0}`, false}, {`{}`, false}} {
		if err := os.WriteFile(filepath.Join(s.Backbone, "generation_config.json"), []byte(c.file), 0o644); err != nil {
			t.Fatal(err)
		}
		told := func(texts []string) bool {
			return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, "repetition_penalty: 1.1, which is not applied") })
		}
		p, err := Prepare(t.Context(), s, y.store())
		if err != nil || told(p.Warnings) != c.told {
			t.Errorf("%s: %v, %v", c.file, p, err)
		}
		for _, choice := range []bool{false, true} {
			eval := s
			if choice {
				eval.Tasks, eval.Knowledge = slices.Clone(s.Tasks[1:2]), nil
			}
			var texts []string
			evalToy(t, y, eval, func(o *EvalOptions) { o.Warn = func(text string) { texts = append(texts, text) } })
			if told(texts) != (c.told && !choice) {
				t.Errorf("%s, options alone %v: %q", c.file, choice, texts)
			}
		}
	}
}
