package experiments

import (
	"context"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/methods/backbone"
)

// TestTwoBackbonesInOneRunLeaveWhatTwoRunsLeave compares all bytes of all cells, whatever the order
// in which the worker changes backbones.
func TestTwoBackbonesInOneRunLeaveWhatTwoRunsLeave(t *testing.T) {
	y := newToy(t)
	y.suite.Tasks = y.suite.Tasks[:2]
	single := y.with(suite.MethodSpec{Preset: "seq"}, suite.MethodSpec{Preset: "secura"})
	both := single.RunOn(filepath.Join(y.dir, "backbone"), filepath.Join(y.dir, "other"))
	prepared, err := Prepare(t.Context(), both, y.store())
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, f := range prepared.Files {
		names[f.Path] = true
	}
	if !names["backbone/backbone/model.safetensors"] || !names["backbone/other/tokenizer.json"] || !names["next/train/train.parquet"] {
		t.Errorf("files %v", names)
	}
	w := y.open(t, both, t.TempDir())
	slices.SortStableFunc(w.cells, func(a, b suite.Cell) int { return strings.Compare(a.Method.Name, b.Method.Name) })
	for _, cell := range w.cells { // secura on both, then seq on both
		if err := w.RunCell(t.Context(), cell, nil); err != nil {
			t.Fatal(err)
		}
	}
	// The worker went from one backbone to the other three times, and evaluated each untouched
	// once.
	rows := 0
	for _, cell := range w.cells {
		timings, _, err := record.Read[record.Timing](w.run.Cell(cell.ID).Timing())
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range timings {
			if x.Phase == record.Eval && x.Index == 0 {
				rows++
			}
		}
	}
	if rows != 2 {
		t.Errorf("%d base rows were computed, expected one of each backbone", rows)
	}
	for _, name := range both.Backbones {
		alone := y.open(t, single.RunOn(name), t.TempDir())
		for _, cell := range alone.cells {
			if err := alone.RunCell(t.Context(), cell, nil); err != nil {
				t.Fatal(err)
			}
			id := cell.Method.Name + "." + filepath.Base(name) + "-s0-o0"
			got, want := outcome(t, w.run.Cell(id)), outcome(t, alone.run.Cell(cell.ID))
			got["records.jsonl"] = strings.ReplaceAll(got["records.jsonl"], `"cell":"`+id+`"`, `"cell":"`+cell.ID+`"`)
			sameOutcome(t, id, withoutSeal(got), withoutSeal(want))
			if !strings.Contains(got["records.jsonl"], `"backbone":"`+name+`"`) {
				t.Errorf("%s does not tell its backbone: %.300s", id, got["records.jsonl"])
			}
		}
	}
	// Each backbone's files are held to the manifest's, and parts of cells of both are executed
	// again.
	if err := rundir.WriteManifest(w.run, rundir.Manifest{Suite: encoded(t, both), Files: prepared.Files}); err != nil {
		t.Fatal(err)
	}
	open := WorkerOptions{Run: w.run, Store: y.store(), Backend: backbone.BackendOptions{Name: "go"}}
	again, err := OpenWorker(t.Context(), open)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	parts, err := again.Sample(t.Context(), again.cells, 3)
	if err != nil || len(parts) != 4 {
		t.Fatalf("parts %v (%v), expected one of each method on each backbone", parts, err)
	}
	for _, part := range parts {
		if wrong := again.CheckCell(t.Context(), part.Cell, true); len(wrong) > 0 {
			t.Error(wrong)
		}
		if _, err := again.Again(context.Background(), part, rundir.Run{Path: t.TempDir()}, 0, nil); err != nil {
			t.Error(err)
		}
	}
	open.Backbone = both.Backbones[1] + "," + both.Backbones[0] // the wrong way round
	swapped, err := OpenWorker(t.Context(), open)
	if err != nil {
		t.Fatal(err)
	}
	defer swapped.Close()
	if err := swapped.use(t.Context(), both.Backbones[0]); err == nil || !strings.Contains(err.Error(), "file backbone/backbone/model.safetensors has changed") {
		t.Errorf("%v, expected that the files are others", err)
	}
	missing := both.RunOn(both.Backbones[0], filepath.Join(y.dir, "none"))
	if _, err := Prepare(t.Context(), missing, y.store()); err == nil || !strings.Contains(err.Error(), "none: no such file") {
		t.Errorf("%v, expected that a backbone is missing", err)
	}
}

// withoutSeal leaves out the file of hashes over the others, of which one has the cell's id.
func withoutSeal(files map[string]string) map[string]string {
	for name := range files {
		if strings.HasPrefix(filepath.Base(name), "seal") {
			delete(files, name)
		}
	}
	return files
}

func encoded(t *testing.T, s suite.Suite) json.RawMessage {
	t.Helper()
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
