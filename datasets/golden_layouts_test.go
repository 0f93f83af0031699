package datasets

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// TestEveryGoldenFileMapsToItsExamples reads each file of the shared goldens by a task of a few
// lines; the expected prompt pieces and answers were written by hand. A row that is no example is
// an error that names it.
func TestEveryGoldenFileMapsToItsExamples(t *testing.T) {
	const dir = "../../shared/golden/parquet"
	content, err := os.ReadFile(dir + "/expected.json")
	if err != nil {
		t.Skip("the shared goldens are not here:", err)
	}
	var golden struct {
		Files map[string]struct{ Examples []map[string]any }
	}
	if err := json.Unmarshal(content, &golden); err != nil {
		t.Fatal(err)
	}
	tasks := map[string]Task{
		"gsm8k_main.parquet":     {Prompt: "{{.question}}", Answer: `{{after "#### " .answer}}`},
		"cnn_dailymail.parquet":  {Prompt: "{{.article}}", Answer: "{{.highlights}}"},
		"logiqa.parquet":         {Prompt: "{{.context}}\n{{.query}}", OptionsColumn: "options", Gold: "{{.correct_option}}"},
		"wmt_de_en.parquet":      {Prompt: "{{.translation.en}}", Answer: "{{.translation.de}}"},
		"ai2_arc.parquet":        {Prompt: "{{.question}}", OptionsColumn: "choices.text", Gold: "{{position .choices.label .answerKey}}"},
		"mmlu.parquet":           {Prompt: "{{.question}}", OptionsColumn: "choices", Gold: "{{.answer}}"},
		"boolq.parquet":          {Prompt: "{{.passage}}\n{{.question}}", Options: []string{"no", "yes"}, Gold: "{{if .answer}}1{{else}}0{{end}}"},
		"commonsense_qa.parquet": {Prompt: "{{.question}}", OptionsColumn: "choices.text", Gold: "{{.answerKey}}", GoldLabels: strings.Split("ABCDE", "")},
		"bbh.parquet":            {Prompt: "{{.input}}", Answer: "{{.target}}"},
		"ag_news_like.parquet":   {Prompt: "{{.text}}", ClassLabel: "label"},
		"reviews_pandas.parquet": {Prompt: "{{.text}}", Answer: "{{.label}}"},
		"chat_messages.parquet": {Prompt: `{{range .messages}}{{if ne .role "assistant"}}{{.content}}{{"\n"}}{{end}}{{end}}`,
			Answer: "{{(last .messages).content}}"},
		"odd_types.parquet":   {Prompt: "{{.input}}", Answer: "{{.target}}"},
		"empty_split.parquet": {Prompt: "{{.question}}", Answer: "{{.answer}}"},
	}
	for file, want := range golden.Files {
		task, known := tasks[file]
		if !known {
			if want.Examples != nil {
				t.Errorf("%s has examples, and no task here", file)
			}
			continue
		}
		task.Name, task.Source = "golden", file
		n := 0
		for _, e := range want.Examples {
			if e != nil && e["gold"] != "" && e["gold"] != nil {
				n++
			}
		}
		if n < len(want.Examples) || n == 0 {
			if _, err := task.Load(dir, "train"); err == nil || !strings.Contains(err.Error(), file) || n > 0 && (!strings.Contains(err.Error(), "row ") || !strings.Contains(err.Error(), "`where`")) {
				t.Errorf("%s: %v", file, err)
			}
			if n == 0 {
				continue
			}
			task.Where = map[string]string{"commonsense_qa.parquet": `{{ne .answerKey ""}}`, "reviews_pandas.parquet": "{{not (or (null .text) (null .label))}}",
				"chat_messages.parquet": "{{gt (len .messages) 0}}"}[file]
		}
		set, err := task.Read(dir, "train")
		if err != nil || len(set.Examples) != n || set.Rows != len(want.Examples) || set.LeftOut != len(want.Examples)-n {
			t.Errorf("%s: %d examples of %d rows, %d left out, want %d: %v", file, len(set.Examples), set.Rows, set.LeftOut, n, err)
			continue
		}
		for _, got := range set.Examples {
			compareExample(t, file, got, want.Examples[got.ID])
		}
	}
}

// compareExample holds an example against the pieces that were written down.
func compareExample(t *testing.T, file string, got Example, want map[string]any) {
	t.Helper()
	for _, key := range []string{"context", "passage", "question", "article", "source", "text"} {
		if piece, ok := want[key].(string); ok && !strings.Contains(got.Prompt, piece) {
			t.Errorf("%s: row %d: the prompt %q lacks %q", file, got.ID+1, got.Prompt, piece)
		}
	}
	if gold, _ := want["gold"].(string); got.Options == nil && got.Answer != gold {
		t.Errorf("%s: row %d: the answer is %q, want %q", file, got.ID+1, got.Answer, gold)
	}
	if got.Options == nil {
		return
	}
	if gold, ok := want["gold_index"].(float64); ok && got.Gold != int(gold) {
		t.Errorf("%s: row %d: option %d is right, want %v", file, got.ID+1, got.Gold, gold)
	}
	if gold, ok := want["gold_bool"].(bool); ok && gold != (got.Answer == "yes") {
		t.Errorf("%s: row %d: the answer is %q, want %v", file, got.ID+1, got.Answer, gold)
	}
	options, _ := want["options"].([]any)
	if classes, ok := want["classes"].([]any); ok {
		options = classes
	}
	for i, option := range options {
		if len(got.Options) != len(options) || got.Options[i] != option {
			t.Errorf("%s: row %d: the options are %q, want %v", file, got.ID+1, got.Options, options)
			break
		}
	}
}

func TestADrawOfASplitIsSeeded(t *testing.T) {
	task := layouts["gsm8k_main.parquet"].task
	task.Name, task.Source = "sums", "gsm8k_main.parquet"
	ids := func(seed int) (list []int) {
		task.Limits = Limits{Train: 3, Seed: seed}
		examples, err := task.Load("testdata/parquet", "train")
		if err != nil || len(examples) != 3 {
			t.Fatal(len(examples), err)
		}
		for _, e := range examples {
			list = append(list, e.ID)
		}
		return list
	}
	drawn := map[[3]int]bool{}
	for seed := 1; seed < 12; seed++ {
		list := ids(seed)
		if again := ids(seed); [3]int(again) != [3]int(list) || list[0] >= list[1] || list[1] >= list[2] {
			t.Errorf("seed %d: %v, then %v", seed, list, again)
		}
		drawn[[3]int(list)] = true
	}
	if len(drawn) < 3 {
		t.Errorf("all seeds draw %v", drawn)
	}
}

func TestClassNamesThatAreNotThereAreAnError(t *testing.T) {
	for column, want := range map[string]string{
		"answer": "gsm8k_main.parquet: class_label answer",
		"anwser": `gsm8k_main.parquet: unknown column "anwser"; did you mean "answer"?`,
	} {
		if _, err := ClassNames("testdata/parquet/gsm8k_main.parquet", column); err == nil || !strings.Contains(err.Error(), want) {
			t.Error(err)
		}
	}
}
