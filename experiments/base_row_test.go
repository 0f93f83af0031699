package experiments

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
)

// keeping starts a worker that keeps base rows, on a run of a toy's suite whose files are those
// given.
func keeping(t *testing.T, y toy, s suite.Suite, folder string, files ...rundir.File) *Worker {
	t.Helper()
	w := y.open(t, s, folder)
	w.keep, w.files = true, files
	return w
}

// evaluatedBase says whether a cell's worker evaluated the untouched backbone.
func evaluatedBase(t *testing.T, w *Worker, cell suite.Cell) bool {
	t.Helper()
	if err := w.RunCell(t.Context(), cell, nil); err != nil {
		t.Fatal(err)
	}
	timings, _, err := record.Read[record.Timing](w.run.Cell(cell.ID).Timing())
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(timings, func(x record.Timing) bool { return x.Phase == record.Eval && x.Index == 0 })
}

func keptRows(t *testing.T, folder string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "base_rows", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func TestALaterWorkerTakesTheBaseRow(t *testing.T) {
	y := newToy(t)
	y.suite.Evaluation.TeacherForced, y.suite.Evaluation.KL = true, true // a row with all that it can have
	s := y.with(suite.MethodSpec{Preset: "seq"}, suite.MethodSpec{Preset: "er"}, suite.MethodSpec{Preset: "ewc"})
	folder, file := t.TempDir(), rundir.File{Path: "backbone/model.safetensors", SHA256: "1"}
	first := keeping(t, y, s, folder, file)
	if !evaluatedBase(t, first, first.cells[0]) {
		t.Error("the first worker took a row")
	}
	later := keeping(t, y, s, folder, file)
	if evaluatedBase(t, later, later.cells[1]) {
		t.Error("the second worker evaluated the backbone again")
	}
	if a, b := first.untouched[s.Backbone], later.untouched[s.Backbone]; !reflect.DeepEqual(a, b) {
		t.Errorf("the row %+v is not %+v after it was kept", b, a)
	}
	alone := y.open(t, s, t.TempDir())
	if !evaluatedBase(t, alone, alone.cells[1]) {
		t.Error("a worker that keeps no rows took one")
	}
	sameOutcome(t, "with a row that was kept", outcome(t, later.run.Cell(later.cells[1].ID)), outcome(t, alone.run.Cell(alone.cells[1].ID)))
	if rows := keptRows(t, folder); len(rows) != 1 {
		t.Fatalf("rows %v", rows)
	}

	// A file that was cut or changed holds no row, and is written again.
	path := keptRows(t, folder)[0]
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(whole), `"Tokens": `, `"Tokens": 1`, 1) // a digit more
	for what, content := range map[string]string{"cut": string(whole[:len(whole)/2]), "changed": changed, "empty": ""} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		w := keeping(t, y, s, folder, file)
		if err := os.RemoveAll(w.run.Cell(w.cells[2].ID).Path); err != nil {
			t.Fatal(err)
		}
		if !evaluatedBase(t, w, w.cells[2]) {
			t.Errorf("%s: the row was taken", what)
		}
		if again, err := os.ReadFile(path); err != nil || string(again) != string(whole) {
			t.Errorf("%s: not written again (%v)", what, err)
		}
	}
}

// Whatever the row depends on names it.
func TestABaseRowIsThatOfItsSettings(t *testing.T) {
	y := newToy(t)
	s, folder := y.with(suite.MethodSpec{Preset: "seq"}), t.TempDir()
	file := rundir.File{Path: "backbone/model.safetensors", SHA256: "1"}
	path := func(change func(w *Worker)) string {
		w := keeping(t, y, s, folder, file)
		change(w)
		path, err := w.keptRowPath()
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	same := path(func(*Worker) {})
	for what, change := range map[string]func(w *Worker){
		"methods": func(w *Worker) { w.planned.Methods = []suite.MethodSpec{{Name: "er", Preset: "er"}} },
		"seeds":   func(w *Worker) { w.planned.Seeds = 8 },
	} {
		if path(change) != same {
			t.Errorf("%s: another row", what)
		}
	}
	for what, change := range map[string]func(w *Worker){
		"evaluation": func(w *Worker) { w.planned.Evaluation.KnowledgeExamples = 3 },
		"tasks":      func(w *Worker) { w.planned.Tasks = w.planned.Tasks[:2] },
		"files":      func(w *Worker) { w.files = []rundir.File{{Path: file.Path, SHA256: "2"}} },
		"backend":    func(w *Worker) { w.backendInfo.PluginSHA256 = "3" },
		"flags":      func(w *Worker) { w.backendInfo.Flags = "--xla_cpu_max_isa=AVX512" },
		"backbone":   func(w *Worker) { w.suite.Backbone = "another" },
	} {
		if got := path(change); got == same || got == "" {
			t.Errorf("%s: the same row", what)
		}
	}
	for what, change := range map[string]func(w *Worker){
		"verify":                           func(w *Worker) { w.keep = false },
		"a manifest that was made by hand": func(w *Worker) { w.files = nil },
	} {
		if got := path(change); got != "" {
			t.Errorf("%s: a row is kept at %s", what, got)
		}
	}
}
