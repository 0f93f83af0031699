package experiments

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"secura/experiments/pretrained"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/methods"
	"secura/methods/backbone"
)

// TestExportNeedsNoData runs a cell of every method, removes all data, moves the backbone, and
// exports: the files are those that an export had beside the data. A backbone that is another one
// is refused.
func TestExportNeedsNoData(t *testing.T) {
	y := newToy(t)
	var specs []suite.MethodSpec
	for _, m := range methods.All {
		if spec := (suite.MethodSpec{Preset: m.Name}); m.Kind != methods.Untrained {
			switch {
			case slices.Contains([]string{"er", "er-ball", "der++", "i-lora"}, m.Name):
				spec.Params = map[string]any{"buffer": 0.1} // of 24 examples
			case strings.HasPrefix(m.Name, "cur-lora"):
				spec.Params = map[string]any{"rank": 4} // of weights [8, 16]
			}
			specs = append(specs, spec)
		}
	}
	s := y.with(specs...)
	s.Tasks, s.Training.Steps, s.Evaluation.TestExamples, s.Evaluation.KnowledgeExamples = s.Tasks[:1], 2, 2, 2
	w := y.open(t, s, t.TempDir())
	manifest, err := rundir.ReadManifest(w.run)
	if err != nil {
		t.Fatal(err)
	}
	if manifest.Files, err = identify(s, "", y.store()); err != nil {
		t.Fatal(err)
	}
	if err := rundir.WriteManifest(w.run, manifest); err != nil {
		t.Fatal(err)
	}
	export := func(cell, place string) (map[string]string, error) {
		dir := filepath.Join(t.TempDir(), "out")
		_, err := Export(t.Context(), ExportOptions{Cell: cell, Dir: dir, Format: "auto",
			WorkerOptions: WorkerOptions{Run: w.run, Backbone: place, Backend: backbone.BackendOptions{Name: "go"}}})
		if err != nil {
			return nil, err
		}
		return outcome(t, rundir.Cell{Path: dir}), nil
	}
	beside := map[string]map[string]string{}
	for _, c := range w.cells {
		mustRun(t, w, c)
		files, err := export(c.ID, "")
		if own := err != nil && strings.Contains(err.Error(), "forward pass of its own"); err != nil && !own {
			t.Fatal(err)
		}
		beside[c.ID] = files
	}
	for _, task := range append(s.TaskNames(), "battery") {
		if err := os.RemoveAll(filepath.Join(y.dir, task)); err != nil {
			t.Fatal(err)
		}
	}
	moved := filepath.Join(t.TempDir(), "moved")
	if err := os.Rename(s.Backbone, moved); err != nil {
		t.Fatal(err)
	}
	exported := 0
	for _, c := range w.cells {
		if beside[c.ID] == nil {
			continue
		}
		exported++
		files, err := export(c.ID, moved)
		if err != nil {
			t.Fatal(err)
		}
		sameOutcome(t, c.ID, files, beside[c.ID])
	}
	if exported < 12 {
		t.Errorf("%d methods were exported", exported)
	}
	_, err = export("seq-s0-o0", "")
	if err == nil || !strings.Contains(err.Error(), s.Backbone+": no such file or folder") {
		t.Error(err)
	}
	if _, err = export("seq-s0-o0", pretrained.Nano); err == nil || !strings.Contains(err.Error(), "config.json has changed") {
		t.Error(err)
	}
}
