package experiments

import (
	"strings"
	"testing"

	"secura/datasets/prepared"
	"secura/experiments/suite"
)

// TestMistakesOfMethodsAreToldBeforeTraining prepares a suite whose methods cannot be started on
// its backbone: each is told, all at once, and what a batch in parts asks of replayed rows is none.
func TestMistakesOfMethodsAreToldBeforeTraining(t *testing.T) {
	s, err := suite.Load("smoke", suite.Options{Presets: KnownPresets(), Set: []string{"training.accumulate=16"}})
	if err != nil {
		t.Fatal(err)
	}
	wrong := map[string]struct {
		preset string
		params map[string]any
		want   string
	}{
		"rank-0":      {"seq", map[string]any{"rank": 0}, "rank is 0"},
		"rank-above":  {"lora", map[string]any{"rank": 5000}, "LoRA's rank is 5000, expected at most "},
		"cur-above":   {"cur-lora", map[string]any{"rank": 5000}, "the rank is 5000, expected 1 to "},
		"cabr-above":  {"cabr", map[string]any{"rank": 5000}, "methods.cabr-above on backbone nano"},
		"lambda":      {"ewc", map[string]any{"lambda": -1}, "lambda -1 must be finite and not negative"},
		"examples":    {"ewc", map[string]any{"fisher_examples": 0}, "fisher_examples 0"},
		"buffer-5":    {"er", map[string]any{"buffer": 5}, "buffer 5 must lie in (0, 1]"},
		"buffer-none": {"er", map[string]any{"buffer": 1e-9}, "buffer 1e-09 of "},
		"ratio":       {"er", map[string]any{"replay_ratio": 0}, "replay_ratio 0"},
		"memory":      {"i-lora", map[string]any{"eval_with": "longest"}, "eval_with"},
		"choice":      {"cur-lora", map[string]any{"selection": "best"}, "best"},
		"merging":     {"secura", map[string]any{"merge_every": 0}, "merge_every"},
	}
	s.Methods = []suite.MethodSpec{{Preset: "er", Name: "er", Params: map[string]any{"buffer": 0.5}}, {Preset: "seq", Name: "seq"}}
	if _, err := Prepare(t.Context(), s, &prepared.Store{DataDir: "."}); err != nil {
		t.Fatalf("good methods: %v", err)
	}
	for name, m := range wrong {
		s.Methods = append(s.Methods, suite.MethodSpec{Preset: m.preset, Name: name, Params: m.params})
	}
	_, err = Prepare(t.Context(), s, &prepared.Store{DataDir: "."})
	if err == nil {
		t.Fatal("no mistake was told")
	}
	t.Log(err)
	lines := strings.Split(err.Error(), "\n")
	for name, m := range wrong {
		told := ""
		for _, line := range lines {
			if strings.Contains(line, "methods."+name+" on backbone nano: ") {
				told = line
			}
		}
		if !strings.Contains(told, m.want) {
			t.Errorf("%s: told %q, want %q", name, told, m.want)
		}
	}
	if strings.Contains(err.Error(), "methods.er ") || strings.Contains(err.Error(), "methods.seq ") {
		t.Errorf("a good method is told: %v", err)
	}
}
