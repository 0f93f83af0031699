package datasets

import (
	"strings"
	"testing"
)

func TestAllMistakesOfATaskComeAtOnce(t *testing.T) {
	good := Task{Name: "a", Source: "builtin:a", Prompt: "{{.p}}", Answer: "a", Scores: []string{"exact", "bleu"}, MaxNewTokens: 4}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	choice := Task{Name: "a", Source: "x/{split}.parquet", Prompt: "{{.p}}", OptionsColumn: "options", Gold: "{{.gold}}", Scores: []string{"accuracy"}}
	if err := choice.Validate(); err != nil {
		t.Fatal(err)
	}
	err := Task{Name: "A b", Source: "builtin:", OptionsColumn: "o", Answer: "x", MaxNewTokens: 3,
		Scores: []string{"exact", "acuracy", "exact"}, Limits: Limits{Train: -1}}.Validate()
	for _, want := range []string{"name must", "source is", "prompt is", "gold is", "answer stands beside options_column", "max_new_tokens", `did you mean "accuracy"`, "twice", "does not fit", "limits"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in %v", want, err)
		}
	}
	err = Task{Name: "a", Source: "x", Prompt: "{{.p}}", Option: "o"}.Validate()
	for _, want := range []string{"answer is missing", "need options_column", "max_new_tokens must", "scores is missing"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in %v", want, err)
		}
	}
	err = Task{Name: "a", Source: "builtin:a", Prompt: "{{.p}}", Answer: "a", Scores: []string{"sari", "macro_f1"}, MaxNewTokens: 1, Shots: -1, Stop: []string{""},
		Splits: Splits{Train: "test[:90%]", Test: "test[80%:]"}}.Validate()
	for _, want := range []string{"original is missing", "shots is -1, must not", "stop has an empty", "for a built-in task", "train and test share rows"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in %v", want, err)
		}
	}
	// Templates are parsed before any file is read.
	err = Task{Name: "a", Source: "x", Prompt: "{{.p", Answer: "{{if .a}}", Where: "{{.w}", Scores: []string{"exact"}, MaxNewTokens: 1}.Validate()
	for _, want := range []string{`task "a": parse prompt: template: prompt:1: unclosed action`, `task "a": parse answer: `, `task "a": parse where: `} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in %v", want, err)
		}
	}
	if err := (Texts{Source: "x", Split: "test", Text: "{{.p", Rows: 1}).Validate(); err == nil || !strings.Contains(err.Error(), "held_out: parse text: ") {
		t.Error(err)
	}
	choice.AnswersColumn, choice.Scores = "golds", []string{"accuracy", "macro_f1"}
	if err := choice.Validate(); err == nil || strings.Contains(err.Error(), "does not fit") || !strings.Contains(err.Error(), "answers_column") {
		t.Error(err)
	}
	if (Limits{Train: 1, Validation: 2, Test: 3}).For("validation") != 2 || (Limits{Train: 1, Validation: 2, Test: 3}).For("test") != 3 || (Limits{Train: 1, Validation: 2, Test: 3}).For("x") != 0 {
		t.Error("limits by split")
	}
}
