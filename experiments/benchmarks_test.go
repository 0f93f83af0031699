package experiments

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"secura/datasets"
	"secura/datasets/convert"
	"secura/datasets/prepared"
)

// harnessTask is what lm-evaluation-harness makes of rows (testdata/harness_prompts.py).
type harnessTask struct {
	Rows []json.RawMessage
	Made []struct {
		Prompt, Answer string
		Options        []string
		Gold           int
	}
}

func readHarnessPrompts(t *testing.T) (tasks map[string]harnessTask) {
	t.Helper()
	content, err := os.ReadFile("testdata/harness_prompts.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, &tasks); err != nil {
		t.Fatal(err)
	}
	return tasks
}

// sourceSplits are the splits of its source that a task reads.
func sourceSplits(task datasets.Task) (names []string) {
	for name, text := range map[string]string{"train": task.Splits.Train, "validation": task.Splits.Validation, "test": task.Splits.Test} {
		if text == "" {
			text = name
		}
		text, _, _ = strings.Cut(text, "[")
		if !slices.Contains(names, text) {
			names = append(names, text)
		}
	}
	return names
}

// writeHarnessRows writes the rows again and again as the splits of a task's source.
func writeHarnessRows(t *testing.T, task datasets.Task, rows []json.RawMessage, dir string) {
	t.Helper()
	for _, split := range sourceSplits(task) {
		if _, err := os.Stat(filepath.Join(dir, task.Source, split+".parquet")); err == nil {
			continue // of another task
		}
		var lines strings.Builder
		for i := range 24 {
			lines.Write(append(slices.Clone(rows[i%len(rows)]), '\n'))
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

var lettered = regexp.MustCompile(`(?m)^\(([A-D])\) (.*)$`)

// unordered are a prompt with its lettered options sorted, and the option of a letter's number.
func unordered(prompt string, gold int) (text, right string) {
	options := lettered.FindAllStringSubmatch(prompt, -1)
	var list []string
	for _, o := range options {
		list = append(list, o[2])
	}
	right = list[gold]
	slices.Sort(list)
	return lettered.ReplaceAllString(prompt, "") + strings.Join(list, "|"), right
}

// TestBenchmarksHaveTheHarnessPrompts reads made-up rows with the hub's columns by the suite
// benchmarks: prompts, options and right answers are those that the harness makes of them, but for
// what the suite says.
func TestBenchmarksHaveTheHarnessPrompts(t *testing.T) {
	s := loadSuite(t, "benchmarks")
	want := readHarnessPrompts(t)
	dir := t.TempDir()
	for i, task := range s.Tasks {
		name := task.Name
		if strings.HasPrefix(name, "anli") {
			name = "anli_r1"
		}
		harness, ok := want[name]
		if !ok {
			t.Errorf("no rows for %s", name)
			continue
		}
		writeHarnessRows(t, task, harness.Rows, dir)
		for _, split := range []string{"train", "validation", "test"} {
			set, err := task.Read(dir, split)
			if err != nil {
				t.Error(err)
				continue
			}
			for _, e := range set.Examples {
				made := harness.Made[e.ID%len(harness.Made)]
				prompt, gold := e.Prompt, e.Gold
				if name == "gpqa" {
					text, right := unordered(prompt, gold)
					harnessText, harnessRight := unordered(made.Prompt, made.Gold)
					if text != harnessText || right != harnessRight {
						t.Errorf("%s: %q with %q, expected %q with %q", name, text, right, harnessText, harnessRight)
					}
					continue
				}
				if name == "multirc" { // see the suite
					gold = 1 - gold
				}
				if prompt != made.Prompt || made.Options == nil && e.Answer != made.Answer || made.Options != nil && (!slices.Equal(e.Options, made.Options) || gold != made.Gold) {
					t.Errorf("%s, %s row %d: %q, options %q, right %d, answer %q;\nthe harness has %+v", name, split, e.ID, prompt, e.Options, gold, e.Answer, made)
				}
			}
		}
		s.Tasks[i].Limits = datasets.Limits{}
	}
	s.Backbone, s.Knowledge, s.Evaluation.MaxTokens = "nano", nil, 1<<40
	p, err := Prepare(t.Context(), s, &prepared.Store{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if p.Suite.LeavesLengths() {
		t.Error("lengths are left to the data")
	}
}
