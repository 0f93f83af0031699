package card

import (
	"math"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"secura/datasets"
	"secura/datasets/hub"
	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/reports/metric"
	"secura/reports/report"
)

// made is a report of one cell, which learned b and then a of two tasks.
func made() *report.Report {
	s := suite.Default()
	s.Name, s.Backbone = "pair|one", "org/base"
	s.Tasks = []datasets.Task{{Name: "a", Source: "a", Splits: datasets.Splits{Test: "validation_matched"}, Prompt: "Q: {{.q}}\nA:", Scores: []string{"exact"}}, {Name: "b", Source: "builtin:b", Prompt: "`x`|", Scores: []string{"edit_similarity", "exact"}}}
	m := suite.MethodSpec{Preset: "er", Name: "er-half", Params: map[string]any{"buffer": 0.5, "alpha": 2}, Reason: "half a buffer"}
	s.Methods = []suite.MethodSpec{m}
	s.Seeds = 3
	c := report.Cell{ID: "er-half-s1-o1", Method: m, Seed: 1, Order: 1, State: record.Done, Backbone: "org/base", Tasks: []string{"b", "a"},
		R: [][]float64{{0.1, 0.2}, {0.9, math.NaN()}, {0.6, 0.8}}, K: []float64{1, math.NaN(), 0.7}, Warnings: []report.Warning{{Text: "a warning"}},
		Metrics: map[string]metric.Value{}}
	for _, key := range metric.Keys {
		c.Metrics[key] = metric.Undefined("not here")
	}
	c.Metrics["acc"], c.Metrics["perplexity_drift"] = metric.Number(0.7), metric.Number(0.25)
	return &report.Report{Run: rundir.Run{Path: "runs/x"}, Suite: s, Cells: []report.Cell{c}, Manifest: rundir.Manifest{Plan: "0123456789abcdef", Backend: "go", Changes: []string{"continued with another processor"},
		Sources: []rundir.Source{{Backbone: "org/base", Name: "org/base", Revision: "fedcba9876543210", Licenses: []string{"other: gemma https://x.example/terms"}},
			{Tasks: []string{"a"}, Name: "org/a", Revision: "0123456789abcdef", Licenses: []string{"mit", "gfdl"}}}}}
}

func write(t *testing.T, r *report.Report, m Model) (metadata map[string]any, text string) {
	t.Helper()
	var out strings.Builder
	if err := Write(&out, r, m); err != nil {
		t.Fatal(err)
	}
	parts := strings.SplitN(out.String(), "---\n", 3)
	if len(parts) != 3 || parts[0] != "" {
		t.Fatalf("no metadata:\n%s", out.String())
	}
	if err := yaml.Unmarshal([]byte(parts[1]), &metadata); err != nil {
		t.Fatal(err)
	}
	return metadata, parts[2]
}

func has(t *testing.T, text string, wanted ...string) {
	t.Helper()
	for _, want := range wanted {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

func TestACardTellsWhatWasTrainedOnWhat(t *testing.T) {
	m := Model{Cell: "er-half-s1-o1", Format: "peft", Rank: 8, Tasks: 2, Doc: "Experience replay.", Source: "arXiv 1902.10486.", Rate: 3.9e-3}
	metadata, text := write(t, made(), m)
	for key, want := range map[string]any{"base_model": "org/base", "base_model_relation": "adapter", "library_name": "peft", "pipeline_tag": "text-generation",
		"license": "other", "license_name": "gemma", "license_link": "https://x.example/terms"} {
		if metadata[key] != want {
			t.Errorf("%s is %v, want %v", key, metadata[key], want)
		}
	}
	index := metadata["model-index"].([]any)[0].(map[string]any)["results"].([]any)
	if len(index) != 2 || index[0].(map[string]any)["metrics"].([]any)[0].(map[string]any)["value"] != 0.6 {
		t.Errorf("results %v", index)
	}
	if set := index[1].(map[string]any)["dataset"].(map[string]any); set["type"] != "org/a" || set["revision"] != "0123456789abcdef" || set["split"] != "validation_matched" {
		t.Errorf("data set %v", set)
	}
	has(t, text, "# er-half on pair\\|one, seed 1", "An adapter of rank 8 for peft", "PeftModel.from_pretrained", "license: other: gemma",
		"| 1 | b | b, made by secura | apache-2.0 | `'x'\\|` |", "| 2 | a | org/a at 01234567 | mit, gfdl | `Q: {{.q}}\\nA:` |", "there `\\n` is a line break",
		"learning rate 0.0039", "alpha 2, buffer 0.5", "why these: half a buffer", "| after T1 b ", "| **after T2 a**", "| 90.0 |    · |     · |", "| acc ", "| 0.2500 |",
		"The run has 3 of this method", "- a warning", "plan: 0123456789abcdef", "- changed on the way: continued with another processor", "runner verify RUN -cells er-half-s1-o1")
	if strings.Contains(text, "| bwt") {
		t.Error("a metric that is undefined is printed")
	}
	first := strings.Index(text, "| 1 | b ")
	if second := strings.Index(text, "| 2 | a "); first < 0 || second < first {
		t.Error("the tasks do not stand in the order of learning")
	}
}

func TestACardOfAnIntermediateModel(t *testing.T) {
	r := made()
	r.Cells[0].State, r.Cells[0].Reason = record.Running, ""
	r.Manifest.Sources = nil
	metadata, text := write(t, r, Model{Cell: "er-half-s1-o1", Format: "merged", Tasks: 1})
	if metadata["library_name"] != "transformers" || metadata["base_model"] != nil || metadata["base_model_relation"] != nil || metadata["license"] != nil || metadata["datasets"] != nil {
		t.Errorf("metadata %v", metadata)
	}
	has(t, text, "after it learned one task", "The cell was not done", "license: not known", "| **after T1 b**", "| 1 | b |")
	if strings.Contains(text, "| 2 | a |") {
		t.Error("a task that was not learned yet is told")
	}
}

func TestACardOfJointTrainingAndOfTasksAlone(t *testing.T) {
	r := made()
	r.Cells[0].Method.Preset, r.Cells[0].R, r.Cells[0].K = suite.Joint, [][]float64{{0.1, 0.2}, nil, {0.6, 0.8}}, nil
	_, text := write(t, r, Model{Cell: "er-half-s1-o1", Format: "merged", Tasks: 1})
	has(t, text, "after it learned 2 tasks at once", "| **after all tasks**")
	r = made()
	r.Suite.Stream = suite.Separate
	_, text = write(t, r, Model{Cell: "er-half-s1-o1", Format: "merged", Tasks: 2})
	has(t, text, "after it learned the task a, alone", "| 1 | a |")
	if err := Write(&strings.Builder{}, r, Model{Cell: "none"}); err == nil || !strings.Contains(err.Error(), "runs/x has no cell none") {
		t.Errorf("%v", err)
	}
}

// TestALicenseMakesAHeader holds what a header begins and ends with.
func TestALicenseMakesAHeader(t *testing.T) {
	for _, licenses := range [][]string{{"mit"}, {"other: gemma https://x.example"}, nil} {
		m := hub.ModelMetadata{Library: "peft"}
		m.SetLicenses(licenses)
		if header, err := m.Header(); err != nil || !strings.HasPrefix(header, "---\nlibrary_name: peft\n") || !strings.HasSuffix(header, "\n---\n") {
			t.Errorf("%q, %v", header, err)
		}
	}
}
