package experiments

import (
	"context"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"secura/datasets"
	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/methods/backbone"
)

// A run that was begun before suites could have several backbones goes on: its plan has the hash and the cells it had.
func TestASingleBackboneIsPlannedAsEver(t *testing.T) {
	suite := Suite{Name: "pinned", Backbone: "nano", Backend: "go", Stream: Sequential, Tasks: []datasets.Task{{Name: "a"}}, Methods: []MethodSpec{{Preset: "seq", Name: "seq"}}, Seeds: 2, Orders: 1}
	for meant, want := range map[string]string{
		"":            "0e91599f37935c02f5e503206a903273ac258c269258cdc9758d95f1036f7699",
		"nano Qwen/Q": "f49c650638f5f53af39683459bc29b0e6bc391ea3238dd36fb116cd2fe2e2ea6", // as the suite paper was with -backbone
	} {
		suite.Backbones = strings.Fields(meant)
		if len(suite.Backbones) == 0 {
			suite.Backbones = nil
		}
		cells, hash, err := Plan(suite)
		if err != nil || hash != want {
			t.Errorf("hash %s (%v), expected %s", hash, err, want)
		}
		if len(cells) != 2 || cells[1].ID != "seq-s1-o0" || cells[1].Backbone != "nano" {
			t.Errorf("cells %+v", cells)
		}
	}
}

func TestBackbonesOfASuite(t *testing.T) {
	const good = "tasks: [directions]\nmethods: [seq]\n"
	for _, c := range []struct {
		text, backbone, backbones string
		set                       []string
	}{
		{text: good, backbone: "nano"},
		{text: good + "backbones: [models/a]\n", backbone: "models/a"},
		{text: good + "backbones: [nano, models/a]\n", backbones: "nano models/a"},
		{text: "extends: continual16\nbackbones: [nano, models/a]\n", backbones: "nano models/a"},
		{text: good + "backbones: [nano, models/a]\n", set: []string{"backbone=b"}, backbone: "b", backbones: "nano models/a"},
		{text: good + "backbone: b\n", set: []string{"backbones=[nano, models/a]"}, backbones: "nano models/a"},
		{text: good + "backbones: [nano, models/a]\n", set: []string{"backbones.1=b"}, backbones: "nano b"},
	} {
		suite, err := load(t, c.text, c.set...)
		if err != nil || suite.Backbone != c.backbone || strings.Join(suite.Backbones, " ") != c.backbones {
			t.Errorf("%q %v: backbone %q, backbones %q (%v)", c.text, c.set, suite.Backbone, suite.Backbones, err)
		}
	}
	suite, err := load(t, good+"backbones: [nano, models/a]\n")
	if err != nil {
		t.Fatal(err)
	}
	if err := suite.CheckSingle(); err == nil || !strings.Contains(err.Error(), "suite mine has 2 backbones") {
		t.Errorf("%v, expected that it has several", err)
	}
	if one := suite.RunOn("models/a"); one.CheckSingle() != nil || !slices.Equal(one.BackboneNames(), []string{"models/a"}) {
		t.Errorf("the backbones are %v", one.BackboneNames())
	}
	for at, want := range map[string]string{"": "nano models/a", "x,y": "x y", "x": `"x" names 1 places of backbones`} {
		places, err := suite.places(at)
		if got := strings.Join(places, " "); err != nil && !strings.Contains(err.Error(), want) || err == nil && got != want {
			t.Errorf("%q: places %q (%v), expected %q", at, got, err, want)
		}
	}
}

// Cells of one backbone come together: a worker that takes them in this order opens each backbone once.
func TestCellsOfABackboneComeTogether(t *testing.T) {
	suite, err := LoadSuite("smoke", Options{Set: []string{"seeds=2", "backbones=[ORG/Big-1.5B, nano]"}})
	if err != nil {
		t.Fatal(err)
	}
	cells, _, err := Plan(suite)
	if err != nil {
		t.Fatal(err)
	}
	methods := len(suite.Methods)
	if n := len(cells); n != 2*2*methods || cells[0].ID != suite.Methods[0].Name+".big-1_5b-s0-o0" || cells[n-1].ID != suite.Methods[methods-1].Name+".nano-s1-o0" {
		t.Fatalf("%d cells from %s to %s", n, cells[0].ID, cells[n-1].ID)
	}
	if a, b := cells[0], cells[2*methods]; a.PairingKey != b.PairingKey || a.Backbone == b.Backbone {
		t.Errorf("cells %+v and %+v draw other numbers, or have one backbone", a, b)
	}
	for what, sorted := range map[string][]Cell{"longest first": LongestFirst(cells), "shard 0": Shard(cells, 0, 4), "shard 2": Shard(cells, 2, 4)} {
		changes := 0
		for i := 1; i < len(sorted); i++ {
			switch {
			case sorted[i].Backbone != sorted[i-1].Backbone:
				changes++
			case what == "longest first" && cost(sorted[i]) > cost(sorted[i-1]):
				t.Errorf("%s: %s is before %s, which takes longer", what, sorted[i-1].ID, sorted[i].ID)
			}
		}
		if len(sorted) != len(cells) || changes != 1 {
			t.Errorf("%s: %d cells, and the backbone changes %d times", what, len(sorted), changes)
		}
	}
}

// TestTwoBackbonesInOneRunLeaveWhatTwoRunsLeave compares all bytes of all cells, whatever the order in which the worker
// changes backbones.
func TestTwoBackbonesInOneRunLeaveWhatTwoRunsLeave(t *testing.T) {
	y := newToy(t)
	y.suite.Tasks = y.suite.Tasks[:2]
	single := y.with(MethodSpec{Preset: "seq"}, MethodSpec{Preset: "secura"})
	both := single.RunOn(filepath.Join(y.dir, "backbone"), filepath.Join(y.dir, "other"))
	files, err := Prepare(both, y.dir)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, f := range files {
		names[f.Path] = true
	}
	if !names["backbone/backbone/model.safetensors"] || !names["backbone/other/tokenizer.json"] || !names["next/train/train.parquet"] {
		t.Errorf("files %v", names)
	}
	w := y.open(t, both, t.TempDir())
	slices.SortStableFunc(w.cells, func(a, b Cell) int { return strings.Compare(a.Method.Name, b.Method.Name) })
	for _, cell := range w.cells { // secura on both, then seq on both
		if err := w.RunCell(t.Context(), cell, nil); err != nil {
			t.Fatal(err)
		}
	}
	// The worker went from one backbone to the other three times, and evaluated each untouched once.
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
	// Each backbone's files are held to the manifest's, and parts of cells of both are executed again.
	if err := rundir.WriteManifest(w.run, rundir.Manifest{Suite: encoded(t, both), Files: files}); err != nil {
		t.Fatal(err)
	}
	open := WorkerOptions{Run: w.run, DataDir: y.dir, Backend: backbone.BackendOptions{Name: "go"}}
	again, err := OpenWorker(t.Context(), open)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	parts, err := again.Sample(again.cells, 3)
	if err != nil || len(parts) != 4 {
		t.Fatalf("parts %v (%v), expected one of each method on each backbone", parts, err)
	}
	for _, part := range parts {
		if wrong := again.CheckCell(part.Cell, true); len(wrong) > 0 {
			t.Error(wrong)
		}
		if err := again.Again(context.Background(), part, rundir.Run{Path: t.TempDir()}, 0); err != nil {
			t.Error(err)
		}
	}
	open.Backbone = both.Backbones[1] + "," + both.Backbones[0] // the wrong way round
	swapped, err := OpenWorker(t.Context(), open)
	if err != nil {
		t.Fatal(err)
	}
	defer swapped.Close()
	if err := swapped.use(both.Backbones[0]); err == nil || !strings.Contains(err.Error(), "file backbone/backbone/model.safetensors has changed") {
		t.Errorf("%v, expected that the files are others", err)
	}
	missing := both.RunOn(both.Backbones[0], filepath.Join(y.dir, "none"))
	if _, err := Prepare(missing, y.dir); err == nil || !strings.Contains(err.Error(), "none: no such file") {
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

func encoded(t *testing.T, suite Suite) json.RawMessage {
	t.Helper()
	data, err := json.Marshal(suite)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
