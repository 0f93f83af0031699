package experiments

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"secura/experiments/rundir"
	"secura/experiments/stream"
	"secura/experiments/suite"
	"secura/experiments/tuning"
	"secura/methods"
	"secura/methods/backbone"
)

// TestATuningRefusesTheTestSplit plants reads of the test split, whose files are there, into
// everything that opens data, and sees each refused.
func TestATuningRefusesTheTestSplit(t *testing.T) {
	options := tuning.Options{Trials: 8, Seeds: 3, Examples: 16, Objective: "acc"}
	y := newToy(t)
	for _, task := range []string{"next", "same", "choose"} {
		data, err := os.ReadFile(filepath.Join(y.dir, task, "test.parquet"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(y.dir, task, "validation.parquet"), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	tuner, err := tuning.NewTuner(y.with(suite.MethodSpec{Preset: "seq"}), methods.Scale{}, options)
	if err != nil {
		t.Fatal(err)
	}
	sound := tuner.Suite()
	if prepared, err := Prepare(t.Context(), sound, y.store()); err != nil || slices.ContainsFunc(prepared.Files, func(f rundir.File) bool { return strings.Contains(f.Path, "/test/") }) {
		t.Fatalf("prepared %v, %v", prepared, err)
	}
	y.open(t, sound, t.TempDir())

	planted := sound
	planted.Evaluation.Split = "test"
	refused := func(what string, err error) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), "split test is refused: only train and validation may be read") {
			t.Errorf("%s: error %v, expected that the test split is refused", what, err)
		}
	}
	_, err = Prepare(t.Context(), planted, y.store())
	refused("Prepare", err)
	_, err = stream.LoadTests(t.Context(), planted, y.store(), openTexts(t, planted))
	refused("LoadTests", err)
	_, err = identifyTask(planted.Tasks[0], y.store(), "test")
	refused("prepareTask", err)
	_, err = planted.Tasks[0].Files(y.dir, "test")
	refused("Files", err)

	// A worker has the suite from the manifest, which carries the refusal.
	run := rundir.Run{Path: t.TempDir()}
	data, err := json.Marshal(planted)
	if err != nil {
		t.Fatal(err)
	}
	if err := rundir.WriteManifest(run, rundir.Manifest{Suite: data, Files: []rundir.File{}}); err != nil {
		t.Fatal(err)
	}
	_, err = OpenWorker(t.Context(), WorkerOptions{Run: run, Store: y.store(), Backend: backbone.BackendOptions{Name: "go"}})
	refused("OpenWorker", err)

	// The built-in tasks' rows are in the program.
	smoke, err := suite.Load("smoke", suite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	builtin, err := tuning.NewTuner(smoke, methods.Scale{}, options)
	if err != nil {
		t.Fatal(err)
	}
	planted = builtin.Suite()
	planted.Evaluation.Split = "test"
	_, err = Prepare(t.Context(), planted, y.store())
	refused("Prepare of built-in tasks", err)
	_, err = planted.Tasks[0].Read(y.dir, "test")
	refused("Load", err)
}
