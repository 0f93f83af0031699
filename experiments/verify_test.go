package experiments

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"secura/experiments/engine"
	"secura/experiments/machine"
	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/standing"
	"secura/experiments/suite"
	"secura/methods/backbone"
)

// TestAnUntouchedRunVerifies executes samples of several methods and a whole cell again, of
// streams, of tasks that are learned alone and where only the last checkpoint was kept.
func TestAnUntouchedRunVerifies(t *testing.T) {
	y := newToy(t)
	for name, change := range map[string]func(*suite.Suite){
		"stream":        func(s *suite.Suite) { s.Evaluation.EverySteps = 2 },
		"learned alone": func(s *suite.Suite) { s.Stream, s.Evaluation.Every = suite.Separate, suite.EveryFinal },
		"last kept":     func(s *suite.Suite) { s.Evaluation.KeepCheckpoints = "last" },
	} {
		t.Run(name, func(t *testing.T) {
			st := y.with(suite.MethodSpec{Preset: "er", Params: map[string]any{"buffer": 0.2}}, suite.MethodSpec{Preset: "joint"}, suite.MethodSpec{Preset: "frozen"})
			if change(&st); st.Stream == suite.Separate {
				st.Methods = st.Methods[:1]
			}
			w := y.open(t, st, t.TempDir())
			for _, cell := range w.cells {
				mustRun(t, w, cell)
				if wrong := w.CheckCell(t.Context(), cell, true); wrong != nil {
					t.Errorf("an untouched cell: %v", wrong)
				}
			}
			from := map[int]bool{}
			for seed := range uint64(6) {
				parts, err := w.Sample(t.Context(), w.cells, seed)
				if err != nil || len(parts) != len(st.Methods) {
					t.Fatal(parts, err)
				}
				from[parts[0].From] = true
				for _, part := range parts {
					if _, err := w.Again(context.Background(), part, rundir.Run{Path: t.TempDir()}, 0, nil); err != nil {
						t.Error(err)
					}
				}
			}
			if kept := st.Evaluation.KeepCheckpoints == "all"; (len(from) > 1) != kept {
				t.Errorf("samples start at %v", from)
			}
			steps := map[[2]int]bool{}
			tell := func(p engine.Progress) { steps[[2]int{p.TaskIndex, p.Step}] = true }
			if _, err := w.Again(context.Background(), Whole(w.cells[0]), rundir.Run{Path: t.TempDir()}, 0, tell); err != nil {
				t.Error(err)
			}
			if !steps[[2]int{len(w.cells[0].Tasks), st.Training.Steps}] {
				t.Errorf("the last step was not told of: %v", steps)
			}
		})
	}
}

// rewrite changes the first occurrence of a text in a file.
func rewrite(t *testing.T, path, old, new string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), old) {
		t.Fatalf("%s has no %q", path, old)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(data), old, new, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestTamperingIsFound changes one thing after the other of a finished cell, some with a new seal
// over them: the files' hashes, the scores' own computation, or the execution again tell of it.
func TestTamperingIsFound(t *testing.T) {
	y := newToy(t)
	w := y.open(t, y.with(suite.MethodSpec{Preset: "seq"}), t.TempDir())
	cell := w.cells[0]
	folder := mustRun(t, w, cell)
	want := outcome(t, folder)
	boundary := func(change func(e *record.Event)) func(t *testing.T) {
		return func(t *testing.T) {
			events, _, err := record.ReadEvents(folder.Records())
			if err != nil {
				t.Fatal(err)
			}
			os.Remove(folder.Records())
			out, err := record.OpenWriter(folder.Records())
			if err != nil {
				t.Fatal(err)
			}
			defer out.Close()
			for _, e := range events {
				if e.Kind == record.Boundary && e.Index == 2 {
					change(&e)
				}
				if err := out.Append(e); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	predictions := func(change func(rows []record.Prediction)) func(t *testing.T) {
		return func(t *testing.T) {
			path := folder.Predictions(2)
			rows, err := record.ReadPredictions(path)
			if err != nil {
				t.Fatal(err)
			}
			change(rows)
			data, err := record.EncodePredictions(rows)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, data, 0o644); err != nil {
				t.Fatal(err)
			}
			boundary(func(e *record.Event) { e.Predictions = rundir.HashBytes(path, data).SHA256 })(t)
		}
	}
	for name, c := range map[string]struct {
		tamper func(t *testing.T)
		// found is said by the files alone, sealed where a new seal covers the change, again by
		// executing it again.
		found, sealed, again string
	}{
		"a score": {boundary(func(e *record.Event) { e.Scores[0].Scores[0].Value = 0.9375 }), "records.jsonl has changed",
			"boundary 2: scores[0].scores[0].value is 0.9375", "scores[0].scores[0].value is 0.9375"},
		"the knowledge": {boundary(func(e *record.Event) { *e.Knowledge = 0.97 }), "records.jsonl has changed", "knowledge is 0.97", "knowledge is 0.97"},
		"a measure": {boundary(func(e *record.Event) { e.Measures[0].Value = 7 }), "records.jsonl has changed", "",
			"measures[0].value is 7, expected"},
		"a loss": {func(t *testing.T) { rewrite(t, folder.Steps(), `"step":2,"loss":`, `"step":2,"loss":1`) }, "steps.jsonl has changed", "", "steps.jsonl:2: loss is 1"},
		"a line of records": {func(t *testing.T) {
			lines := strings.SplitAfter(want["records.jsonl"], "\n")
			os.WriteFile(folder.Records(), []byte(strings.Join(append(lines[:3:3], lines[4:]...), "")), 0o644)
		}, "records.jsonl has changed", "", "records.jsonl:4: "},
		"a torn record": {func(t *testing.T) { os.Truncate(folder.Records(), int64(len(want["records.jsonl"])-3)) }, "records.jsonl has changed", "the last line is cut", "records.jsonl:"},
		"a prediction's bytes": {func(t *testing.T) {
			data := []byte(want["predictions/02.parquet"])
			data[len(data)/2] ^= 1
			os.WriteFile(folder.Predictions(2), data, 0o644)
		}, "predictions/02.parquet has changed", "its record says", "predictions/02.parquet has sha256"},
		"a prediction's correctness": {predictions(func(rows []record.Prediction) { rows[0].Correct, rows[0].Score = !rows[0].Correct, 1-rows[0].Score }),
			"predictions/02.parquet has changed", "not those of their predictions", "predictions"},
		"a gold answer": {predictions(func(rows []record.Prediction) { rows[0].Gold = rows[0].Gold + "x" }), "predictions/02.parquet has changed",
			"its rows are not those of the data", "predictions"},
		"a prediction's text": {predictions(func(rows []record.Prediction) { rows[0].Prediction += " quite" }), "predictions/02.parquet has changed", "", "predictions"},
		"an option's score": {predictions(func(rows []record.Prediction) {
			for i := range rows {
				for k := range rows[i].OptionScores {
					rows[i].OptionScores[k] -= 1
				}
			}
		}), "predictions/02.parquet has changed", "not those of their predictions", "predictions"},
		"a prediction file": {func(t *testing.T) { os.Remove(folder.Predictions(1)) }, "predictions/01.parquet is missing", "no such file", "no such file"},
		"one prediction file too many": {func(t *testing.T) { os.WriteFile(folder.Predictions(9), nil, 0o644) },
			"predictions/09.parquet was not there", "", ""},
		"a checkpoint": {func(t *testing.T) {
			os.Truncate(filepath.Join(folder.Checkpoint(1), "variables.safetensors"), 100)
		}, "variables.safetensors is not the one that was written", "variables.safetensors is not", ""},
		"a checkpoint's index": {func(t *testing.T) {
			rewrite(t, filepath.Join(folder.Checkpoint(1), "complete.json"), `"sha256": "`, `"sha256": "0`)
		}, "checkpoint/01/complete.json has changed", "is not the one that was written", "checkpoint/01/complete.json has sha256"},
	} {
		t.Run(name, func(t *testing.T) {
			defer restore(t, folder, want)
			c.tamper(t)
			check := func(what, expected string) {
				t.Helper()
				wrong := fmt.Sprint(w.CheckCell(t.Context(), cell, true))
				if (wrong == "[]") != (expected == "") || !strings.Contains(wrong, expected) {
					t.Errorf("%s: %s, expected %q", what, wrong, expected)
				}
			}
			check("the files", c.found)
			if err := rundir.WriteSeal(folder); err != nil {
				t.Fatal(err)
			}
			check("under a new seal", c.sealed)
			_, err := w.Again(context.Background(), Whole(cell), rundir.Run{Path: t.TempDir()}, 0, nil)
			if (err == nil) != (c.again == "") || err != nil && !strings.Contains(err.Error(), c.again) {
				t.Errorf("executed again: %v, expected %q", err, c.again)
			}
		})
	}
}

// restore gives a cell the files back that it had.
func restore(t *testing.T, folder rundir.Cell, files map[string]string) {
	t.Helper()
	if err := os.RemoveAll(folder.Path); err != nil {
		t.Fatal(err)
	}
	for name, data := range files {
		if err := rundir.WriteBytes(filepath.Join(folder.Path, name), []byte(data)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestACellNamesTheProcessorsThatComputedIt: one that went on from a checkpoint has those before
// too, one that began anew has not.
func TestACellNamesTheProcessorsThatComputedIt(t *testing.T) {
	y := newToy(t)
	w := y.open(t, y.with(suite.MethodSpec{Preset: "seq"}), t.TempDir())
	folder := mustRun(t, w, w.cells[0])
	read := func() []string {
		at, err := standing.Read(folder)
		if err != nil {
			t.Fatal(err)
		}
		return at.Status.Processors
	}
	if got, want := read(), []string{machine.Processor()}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for _, keeps := range []bool{true, false} {
		if err := rundir.WriteJSON(folder.Status(), record.Status{State: record.Cancelled, Processors: []string{"another"}}); err != nil {
			t.Fatal(err)
		}
		want := []string{machine.Processor()}
		if keeps {
			want = append([]string{"another"}, want...)
		} else if err := os.RemoveAll(folder.Checkpoints()); err != nil {
			t.Fatal(err)
		}
		mustRun(t, w, w.cells[0])
		if got := read(); !slices.Equal(got, want) {
			t.Errorf("with checkpoints %v: %q, want %q", keeps, got, want)
		}
	}
}

// TestAnotherProcessorIsHeldToItsScores: with a tolerance, scores are compared and what steps have
// in common; scores after the first task are told where they are apart.
func TestAnotherProcessorIsHeldToItsScores(t *testing.T) {
	y := newToy(t)
	w := y.open(t, y.with(suite.MethodSpec{Preset: "seq"}), t.TempDir())
	folder := mustRun(t, w, w.cells[0])
	again := func() (string, error) {
		return w.Again(context.Background(), Whole(w.cells[0]), rundir.Run{Path: t.TempDir()}, 1e-4, nil)
	}
	alter := func(index int, alter func(*record.Event)) {
		t.Helper()
		events, _, err := record.ReadEvents(folder.Records())
		if err != nil {
			t.Fatal(err)
		}
		var lines []byte
		for _, e := range events {
			if e.Kind == record.Boundary && e.Index == index {
				alter(&e)
			}
			line, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			lines = append(append(lines, line...), '\n')
		}
		if err := os.WriteFile(folder.Records(), lines, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	rewrite(t, folder.Steps(), `"step":2,"loss":`, `"step":2,"loss":1`)
	alter(1, func(e *record.Event) { e.Scores[0].Scores[0].Value += 0.00001 })
	if drift, err := again(); err != nil || drift != "" {
		t.Error(drift, err)
	}
	steps, err := os.ReadFile(folder.Steps())
	if err != nil {
		t.Fatal(err)
	}
	for says, change := range map[string][2]string{
		"step 1 of task .* has loss 1":                          {`"step":1,"loss":`, `"step":1,"loss":1`},
		"step 2 of task .* has learning rate .*, expected":      {`"learning_rate":0.`, `"learning_rate":0.9`},
		"step 1 of task .* has .* tokens .*on record is step 1": {`"tokens":`, `"tokens":1`},
	} {
		rewrite(t, folder.Steps(), change[0], change[1])
		if _, err := again(); err == nil || !regexp.MustCompile(says).MatchString(err.Error()) {
			t.Errorf("%s: %v", says, err)
		}
		if err := os.WriteFile(folder.Steps(), steps, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	alter(2, func(e *record.Event) { e.Scores[1].Scores[0].Value += 0.25 })
	if drift, err := again(); err != nil || !regexp.MustCompile(`^\w+ after task 2 was [\d.]+, is [\d.]+$`).MatchString(drift) {
		t.Errorf("a later score that is apart: %q, %v", drift, err)
	}
	// A cell that goes further on record than it does again.
	records, err := os.ReadFile(folder.Records())
	if err != nil {
		t.Fatal(err)
	}
	alter(2, func(e *record.Event) { e.Index = 9 })
	if _, err := again(); err == nil || !strings.Contains(err.Error(), "boundary 9 was not reached") {
		t.Errorf("a boundary that is not reached again: %v", err)
	}
	if err := os.WriteFile(folder.Records(), records, 0o644); err != nil {
		t.Fatal(err)
	}
	alter(2, func(e *record.Event) { e.Scores = e.Scores[:1] })
	if _, err := again(); err == nil || !strings.Contains(err.Error(), "boundary 2: scores") {
		t.Errorf("a later score that is gone: %v", err)
	}
	alter(1, func(e *record.Event) { e.Scores[0].Scores[0].Value += 0.001 })
	if _, err := again(); err == nil || !strings.Contains(err.Error(), "boundary 1: scores[0].scores[0].value is") {
		t.Errorf("a score of the first task that is apart: %v", err)
	}
}

// TestFilesThatChangedUnderneathAreRefused: a worker does not open a run whose data or backbone are
// other ones.
func TestFilesThatChangedUnderneathAreRefused(t *testing.T) {
	y := newToy(t)
	s := y.with(suite.MethodSpec{Preset: "frozen"})
	w := y.open(t, s, t.TempDir())
	manifest, err := rundir.ReadManifest(w.run)
	if err != nil {
		t.Fatal(err)
	}
	if manifest.Files, err = identify(s, "", y.store()); err != nil {
		t.Fatal(err)
	}
	if manifest.Plan, err = s.Hash(); err != nil {
		t.Fatal(err)
	}
	if err := WriteExamples(w.run, w.data); err != nil {
		t.Fatal(err)
	}
	wrong := func() string { return fmt.Sprint(CheckFiles(t.Context(), w.run, manifest, s, y.store(), "")) }
	if got := wrong(); got != "[]" {
		t.Errorf("untouched files: %s", got)
	}
	for path, expected := range map[string]string{
		"next/test.parquet":          "file next/test/test.parquet has changed",
		"backbone/model.safetensors": "file backbone/model.safetensors has changed",
	} {
		path = filepath.Join(y.dir, path)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		changed := append([]byte(nil), data...)
		changed[len(changed)/2] ^= 1
		os.WriteFile(path, changed, 0o644)
		if err := rundir.WriteManifest(w.run, manifest); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenWorker(t.Context(), WorkerOptions{Run: w.run, Store: y.store(), Backend: backbone.BackendOptions{Name: "go"}}); err == nil || !strings.Contains(err.Error(), expected) {
			t.Errorf("OpenWorker: %v, expected %q", err, expected)
		}
		if got := wrong(); !strings.Contains(got, expected) {
			t.Errorf("%s, expected %q", got, expected)
		}
		os.WriteFile(path, data, 0o644)
	}
	manifest.Plan = "x"
	if got := wrong(); !strings.Contains(got, "its plan x") {
		t.Error(got)
	}
	os.WriteFile(w.run.Examples(), nil, 0o644)
	if got := wrong(); !strings.Contains(got, "texts of the examples") {
		t.Error(got)
	}
}

// TestACellOfOtherSettingsIsNotTaken: neither one whose status names other parameters, nor one from
// before it did, whose steps have another learning rate. A cell that starts anew has none.
func TestACellOfOtherSettingsIsNotTaken(t *testing.T) {
	y := newToy(t)
	ewc := suite.MethodSpec{Preset: "ewc", LearningRate: 0.01, Reason: "test", Params: map[string]any{"fisher_examples": 6, "lambda": 100}}
	s := y.with(ewc, suite.MethodSpec{Preset: "joint"}, suite.MethodSpec{Preset: "frozen"})
	w := y.open(t, s, t.TempDir())
	for _, cell := range w.cells {
		mustRun(t, w, cell)
		if other, err := OtherSettings(s, cell, w.run.Cell(cell.ID)); err != nil || other != "" {
			t.Errorf("%s with its own settings: %q, %v", cell.ID, other, err)
		}
	}
	cell, folder := w.cells[0], w.run.Cell(w.cells[0].ID)
	told := func(change func(*suite.MethodSpec)) string {
		t.Helper()
		changed := cell
		changed.Method.Params = maps.Clone(cell.Method.Params)
		change(&changed.Method)
		other, err := OtherSettings(s, changed, folder)
		if err != nil {
			t.Fatal(err)
		}
		return other
	}
	lambda := func(m *suite.MethodSpec) { m.Params["lambda"] = 1000 }
	rate := func(m *suite.MethodSpec) { m.LearningRate = 0.02 }
	if got := told(lambda); got != "lambda was 100, is 1000" {
		t.Error(got)
	}
	if got := told(rate); got != "learning_rate was 0.01, is 0.02" {
		t.Error(got)
	}
	at, err := standing.Read(folder)
	if err != nil {
		t.Fatal(err)
	}
	at.Status.Settings = nil
	if err := rundir.WriteJSON(folder.Status(), at.Status); err != nil {
		t.Fatal(err)
	}
	if got := told(rate); !regexp.MustCompile(`^the learning rate of step 2 of task \w+ was 0\.\d+, is 0\.\d+$`).MatchString(got) {
		t.Error(got)
	}
	rewrite(t, folder.Steps(), `"learning_rate":0.01,`, `"learning_rate":0.02,`)
	if wrong := fmt.Sprint(w.CheckCell(t.Context(), cell, true)); !strings.Contains(wrong, "computed with other settings than the run's: the learning rate of step") {
		t.Error(wrong)
	}
	at.Status.State = record.Cancelled
	if err := errors.Join(os.RemoveAll(folder.Checkpoints()), rundir.WriteJSON(folder.Status(), at.Status)); err != nil {
		t.Fatal(err)
	}
	if got := told(lambda) + told(rate); got != "" {
		t.Errorf("a cell that starts anew: %s", got)
	}
}
