package experiments

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"secura/datasets/convert"
	"secura/datasets/prepared"
	"secura/experiments/suite"
)

// madeUp are columns of the public sets as their suites' comments list them: of each a value for
// row i. A label is one of so many.
var madeUp = map[string]map[string]any{
	"dbpedia": {"title": "t", "content": " a place", "label": 14},
	"amazon":  {"title": "good", "content": "it works", "label": 5},
	"yahoo":   {"question_title": "why", "question_content": "so", "best_answer": "because", "topic": 10},
	"ag":      {"text": "news", "label": 4},
	"yelp":    {"text": "food", "label": 5},
	"imdb":    {"text": "a film", "label": 2},
	"mnli":    {"premise": "p", "hypothesis": "h", "label": 3},
	"qqp":     {"question1": "a?", "question2": "b?", "label": 2},
	"rte":     {"sentence1": "a", "sentence2": "b", "label": 2},
	"sst-2":   {"sentence": "fine ", "label": 2},
	"cb":      {"premise": "p", "hypothesis": "h", "label": 3},
	"copa":    {"premise": "p", "choice1": "a", "choice2": "b", "question": "cause", "label": 2},
	"wic":     {"word": "bank", "sentence1": "a", "sentence2": "b", "label": 2},
	"boolq":   {"question": "is it", "passage": "it is", "label": 2},
	"multirc": {"paragraph": "p", "question": "q", "answer": "a", "label": 2},

	"C-STANCE":    {"prompt": "判断立场", "answer": "A. 支持"},
	"FOMC":        {"prompt": "What is the monetary policy stance?", "answer": "B"},
	"MeetingBank": {"prompt": "Write a summary", "answer": "a bill passed"},
	"Py150":       {"prompt": "<s> import os <EOL>", "answer": "def f ( x ) :"},
	"ScienceQA":   {"prompt": "Choose an answer", "answer": "C. because it is warm"},
	"NumGLUE-cm":  {"prompt": "How many?", "answer": "12"},
	"NumGLUE-ds":  {"prompt": "How many?", "answer": "3"},
	"20Minuten":   {"prompt": "Ein langer Absatz", "answer": "Ein Absatz"},
}

// writeMadeUp writes the files that a suite's tasks read, made up, below a folder.
func writeMadeUp(t *testing.T, s suite.Suite, dir string) {
	t.Helper()
	for _, task := range s.Tasks {
		columns, ok := madeUp[task.Source]
		if !ok {
			t.Fatalf("task %s has a source that is not made up, %s", task.Name, task.Source)
		}
		splits := []string{"train", "test"}
		switch {
		case strings.HasPrefix(task.Splits.Test, "validation"):
			splits[1] = task.Splits.Test
		case task.Splits.Validation == "eval":
			splits = append(splits, "eval")
		}
		for _, split := range splits {
			var lines strings.Builder
			for i := range 24 {
				row := map[string]any{}
				for name, value := range columns {
					switch value := value.(type) {
					case int:
						row[name] = i % value
						if i == 0 && task.Where != "" {
							row[name] = -1
						}
					case string:
						row[name] = value
						if name != "answer" && name != "question" {
							row[name] = fmt.Sprintf("%s %s %d", value, split, i)
						}
					}
				}
				line, err := json.Marshal(row)
				if err != nil {
					t.Fatal(err)
				}
				lines.Write(append(line, '\n'))
			}
			path := filepath.Join(t.TempDir(), split+".jsonl")
			if err := os.WriteFile(path, []byte(lines.String()), 0o644); err != nil {
				t.Fatal(err)
			}
			if _, err := (convert.Source{Path: path}).Write(filepath.Join(dir, task.Source)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestTheSuitesOfThePublicBenchmarksFitTheirLayouts validates the suites on made-up files with the
// columns that they say; the backbone is nano.
func TestTheSuitesOfThePublicBenchmarksFitTheirLayouts(t *testing.T) {
	for name, want := range map[string]struct{ tasks, orders int }{"olora-standard": {4, 3}, "olora-long": {15, 3}, "trace": {8, 1}} {
		t.Run(name, func(t *testing.T) {
			s, err := suite.Load(name, suite.Options{Presets: KnownPresets(), Set: []string{"backbone=nano", "knowledge=[]",
				"training.length=64", "training.answer_length=32", "training.lengths=[]", "evaluation.lengths=[64, 256]"}})
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			writeMadeUp(t, s, dir)
			if _, err := Prepare(t.Context(), s, &prepared.Store{DataDir: dir}); err != nil {
				t.Error(err)
			}
			if len(s.Tasks) != want.tasks || s.Orders != want.orders {
				t.Errorf("%d tasks in %d orders", len(s.Tasks), s.Orders)
			}
			for _, task := range s.Tasks {
				for _, split := range []string{"train", "validation", "test"} {
					if split == "validation" && task.Splits.Validation == "" {
						continue
					}
					set, err := task.Read(dir, split)
					if err != nil || task.Where != "" && split == "test" && set.LeftOut != 1 {
						t.Errorf("%s, %s: %d left out, %v", task.Name, split, set.LeftOut, err)
					}
				}
			}
			seen := map[string]bool{}
			cells, err := suite.Plan(s)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range cells {
				seen[fmt.Sprint(c.Tasks)] = true
				if slices.Contains(c.Tasks, -1) {
					t.Errorf("order %d is %v", c.Order, c.Tasks)
				}
			}
			if len(seen) != s.Orders {
				t.Errorf("%d different orders", len(seen))
			}
		})
	}
}
