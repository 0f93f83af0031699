package datasets

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// goldenExample is what a task reader must make of a row, written by hand.
type goldenExample struct {
	Question, Context, Passage, Article, Source, Target, Gold string
	Options                                                   []string
	GoldIndex                                                 int `json:"gold_index"`
}

// layouts are tasks over the layouts of well-known data sets.
var layouts = map[string]struct {
	task           Task
	prompt, answer func(goldenExample) string
}{
	"gsm8k_main.parquet": {
		Task{Prompt: "Question: {{.question}}\nAnswer:", Answer: ` {{after "#### " .answer}}`},
		func(e goldenExample) string { return "Question: " + e.Question + "\nAnswer:" },
		func(e goldenExample) string { return " " + e.Gold }},
	"ai2_arc.parquet": {
		Task{Prompt: "{{.question}}", OptionsColumn: "choices.text", Gold: "{{position .choices.label .answerKey}}"},
		func(e goldenExample) string { return e.Question },
		func(e goldenExample) string { return e.Options[e.GoldIndex] }},
	"logiqa.parquet": {
		Task{Prompt: "{{.context}}\nQuestion: {{.query}}\nAnswer:", OptionsColumn: "options", Option: " {{.}}", Gold: "{{.correct_option}}"},
		func(e goldenExample) string { return e.Context + "\nQuestion: " + e.Question + "\nAnswer:" },
		func(e goldenExample) string { return " " + e.Options[e.GoldIndex] }},
	"boolq.parquet": {
		Task{Prompt: "{{.passage}}\n{{.question}}?", Answer: "{{if .answer}}yes{{else}}no{{end}}"},
		func(e goldenExample) string { return e.Passage + "\n" + e.Question + "?" },
		func(e goldenExample) string { return e.Gold }},
	"wmt_de_en.parquet": {
		Task{Prompt: "English: {{.translation.en}}\nGerman:", Answer: " {{.translation.de}}"},
		func(e goldenExample) string { return "English: " + e.Source + "\nGerman:" },
		func(e goldenExample) string { return " " + e.Gold }},
	"cnn_dailymail.parquet": {
		Task{Prompt: "{{.article}}", Answer: "{{.highlights}}"},
		func(e goldenExample) string { return e.Article },
		func(e goldenExample) string { return e.Gold }},
}

func TestExamplesAreThoseOfTheLayouts(t *testing.T) {
	content, err := os.ReadFile("testdata/parquet/examples.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden map[string]struct{ Examples []*goldenExample }
	if err := json.Unmarshal(content, &golden); err != nil {
		t.Fatal(err)
	}
	for file, layout := range layouts {
		task := layout.task
		task.Name, task.Source = "golden", file
		examples, err := task.Load("testdata/parquet", "train")
		want := golden[file].Examples
		if err != nil || len(examples) != len(want) || len(want) == 0 {
			t.Errorf("%s: %d examples, %v; want %d", file, len(examples), err, len(want))
			continue
		}
		for i, got := range examples {
			e := *want[i]
			if got.Task != "golden" || got.ID != i || got.Prompt != layout.prompt(e) || got.Answer != layout.answer(e) || len(got.Options) != len(e.Options) || got.Gold != e.GoldIndex {
				t.Errorf("%s: row %d: %+v, want %+v", file, i, got, e)
			}
			for j, option := range got.Options {
				if strings.TrimPrefix(option, " ") != e.Options[j] {
					t.Errorf("%s: row %d: option %d is %q, want %q", file, i, j, option, e.Options[j])
				}
			}
		}
	}
}

func TestLimitsAndSeveralFiles(t *testing.T) {
	content, err := os.ReadFile("testdata/parquet/gsm8k_main.parquet")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range []string{"train-00000-of-00002.parquet", "train-00001-of-00002.parquet"} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	task := layouts["gsm8k_main.parquet"].task
	task.Name, task.Source = "sums", "."
	all, err := task.Load(dir, "train")
	if err != nil || len(all) != 12 {
		t.Fatal(len(all), err)
	}
	if all[6].ID != 6 || all[6].Prompt != all[0].Prompt {
		t.Error(all[6])
	}
	task.Limits.Train = 8
	some, err := task.Read(dir, "train")
	if err != nil || len(some.Examples) != 8 || some.Bounded != 4 || !slices.IsSortedFunc(some.Examples, func(a, b Example) int { return a.ID - b.ID }) {
		t.Error(len(some.Examples), err)
	}
	for _, e := range some.Examples {
		if e.Prompt != all[e.ID].Prompt || e.Answer != all[e.ID].Answer {
			t.Errorf("%+v, want %+v", e, all[e.ID])
		}
	}
	if _, err := task.Load(dir, "test"); err == nil || !strings.Contains(err.Error(), "no file of split test") {
		t.Error(err)
	}
}

func TestErrorsNameTaskFileRowAndColumn(t *testing.T) {
	good := Task{Name: "sums", Source: "gsm8k_main.parquet", Prompt: "{{.question}}", Answer: "{{.answer}}"}
	for name, c := range map[string]struct {
		change func(*Task)
		want   []string
	}{
		"template":       {func(t *Task) { t.Answer = "{{.answer" }, []string{"task sums", "parse answer"}},
		"column":         {func(t *Task) { t.Prompt = "{{.questions}}" }, []string{"task sums", "gsm8k_main.parquet", `did you mean "question"`}},
		"separator":      {func(t *Task) { t.Answer = `{{after "@@" .answer}}` }, []string{"task sums", "gsm8k_main.parquet", "row 1", "answer", ".answer", `"@@"`}},
		"options":        {func(t *Task) { t.Answer, t.OptionsColumn, t.Gold = "", "answer", "0" }, []string{"row 1", "options_column answer", "not a list"}},
		"no rows":        {func(t *Task) { t.Source, t.Prompt, t.Answer = "empty_split.parquet", "{{.question}}", "{{.answer}}" }, []string{"task sums", "empty_split.parquet", "no rows"}},
		"no column":      {func(t *Task) { t.Prompt, t.Answer = "a", "b" }, []string{"task sums", "no template names a column"}},
		"unknown source": {func(t *Task) { t.Source = "builtin:nothing_here" }, []string{"task sums", "nothing_here"}},
		"null":           {func(t *Task) { t.Source, t.Prompt, t.Answer = "reviews_pandas.parquet", "{{.text}}", "{{.label}}" }, []string{"reviews_pandas.parquet", "row 5", "{{.text}} is null"}},
	} {
		task := good
		c.change(&task)
		_, err := task.Load("testdata/parquet", "train")
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q is not in %v", name, want, err)
			}
		}
	}
}
