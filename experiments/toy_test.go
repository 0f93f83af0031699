package experiments

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"secura/datasets"
	"secura/datasets/prepared"
	"secura/experiments/pretrained"
	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/experiments/toyrun"
	"secura/methods/backbone"
)

// toy is a run small enough for the pure-Go backend: three tasks in files, a battery, and a random
// backbone of width 16.
type toy struct {
	dir   string
	suite suite.Suite
}

func newToy(t *testing.T) toy {
	t.Helper()
	y := toy{dir: t.TempDir()}
	if err := toyrun.Write(y.dir); err != nil {
		t.Fatal(err)
	}
	task := func(name string) datasets.Task {
		return datasets.Task{Name: name, Family: "toy", Source: name, Prompt: "{{.question}}:", Answer: " {{.answer}}", Scores: []string{"exact"}, MaxNewTokens: 3}
	}
	choose := datasets.Task{Name: "choose", Family: "toy", Source: "choose", Prompt: "{{.question}}:", OptionsColumn: "options", Option: " {{.}}",
		Gold: "{{.gold}}", Scores: []string{"accuracy"}}
	y.suite = suite.Default()
	y.suite.Name, y.suite.Backbone = "toy", filepath.Join(y.dir, "backbone")
	y.suite.Tasks = []datasets.Task{task("next"), choose, task("same")}
	y.suite.Knowledge = []datasets.Task{task("battery")}
	y.suite.Methods = []suite.MethodSpec{{Name: "seq", Preset: "seq"}}
	y.suite.Training.Steps, y.suite.Training.Batch, y.suite.Training.Length, y.suite.Training.AnswerLength = 4, 4, 16, 8
	y.suite.Evaluation.Lengths, y.suite.Evaluation.Batch = []int{8, 16}, 4
	return y
}

// store has the toy's examples, in a folder beside them.
func (y toy) store() *prepared.Store {
	return &prepared.Store{DataDir: y.dir, Folder: filepath.Join(y.dir, "prepared")}
}

// loadSuite loads an embedded suite.
func loadSuite(t *testing.T, name string) suite.Suite {
	t.Helper()
	s, err := suite.Load(name, suite.Options{Presets: KnownPresets()})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// openTexts opens the texts of a suite's backbone.
func openTexts(t *testing.T, s suite.Suite) *pretrained.Backbone {
	t.Helper()
	b, err := pretrained.OpenTexts(s.Backbone, backboneOptions(s))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// with is the toy's suite with these methods.
func (y toy) with(methods ...suite.MethodSpec) suite.Suite {
	s := y.suite
	s.Methods = nil
	for _, m := range methods {
		if m.Name == "" {
			m.Name = m.Preset
		}
		s.Methods = append(s.Methods, m)
	}
	return s
}

// open starts a worker on a fresh or an old run folder.
func (y toy) open(t *testing.T, s suite.Suite, folder string) *Worker {
	t.Helper()
	run := rundir.Run{Path: folder}
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if err := rundir.WriteManifest(run, rundir.Manifest{Suite: data, Files: []rundir.File{}}); err != nil {
		t.Fatal(err)
	}
	w, err := OpenWorker(context.Background(), WorkerOptions{Run: run, Store: y.store(), Backend: backbone.BackendOptions{Name: "go"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

// boundariesOf reads what a cell recorded at its boundaries.
func boundariesOf(t *testing.T, folder rundir.Cell) []record.Event {
	t.Helper()
	events, _, err := record.ReadEvents(folder.Records())
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(events, func(e record.Event) bool { return e.Kind != record.Boundary })
}

// outcome is the content of every file of a cell that equal runs write alike.
func outcome(t *testing.T, folder rundir.Cell) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(folder.Path, func(path string, entry os.DirEntry, err error) error {
		name := filepath.Base(path)
		if entry != nil && entry.IsDir() && path == folder.Claims() {
			return filepath.SkipDir
		}
		if err != nil || entry.IsDir() || name == "status.json" || name == "timing.jsonl" || name == "lock" {
			return err
		}
		data, err := os.ReadFile(path)
		relative, _ := filepath.Rel(folder.Path, path)
		files[relative] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func sameOutcome(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	var differ []string
	for name := range want {
		if got[name] != want[name] {
			differ = append(differ, name)
		}
	}
	if len(got) != len(want) || len(differ) > 0 {
		slices.Sort(differ)
		t.Fatalf("%s: %d files, expected %d; these differ: %v", what, len(got), len(want), differ)
	}
}
