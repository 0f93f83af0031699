package experiments

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/google/go-cmp/cmp"

	"secura/experiments/record"
	"secura/experiments/suite"
	"secura/methods/backbone"
	"secura/methods/weights"
)

// TestExportsComputeWhatWasLearned exports cells both ways and holds the weights that come of it
// against those that the cell evaluates with. An update of full rank is no adapter, and says so.
func TestExportsComputeWhatWasLearned(t *testing.T) {
	y := newToy(t)
	rank := func(r int) map[string]any { return map[string]any{"rank": r} }
	s := y.with(suite.MethodSpec{Preset: "lora", Params: rank(2)}, suite.MethodSpec{Preset: "dora", Params: rank(2)}, suite.MethodSpec{Preset: "cur-lora", Params: rank(4)},
		suite.MethodSpec{Preset: "i-lora", Params: rank(2)}, suite.MethodSpec{Preset: "seq-full"}, suite.MethodSpec{Preset: "frozen"})
	w := y.open(t, s, t.TempDir())
	for _, c := range []struct {
		cell  string
		rank  int     // 0 where there is no adapter
		scale float64 // of LoRA and DoRA as they were trained, alpha 16 over rank 2
		dora  bool
	}{
		{cell: "lora-s0-o0", rank: 2, scale: 8}, {cell: "dora-s0-o0", rank: 2, scale: 8, dora: true},
		{cell: "cur-lora-s0-o0", rank: 4, scale: 1}, {cell: "i-lora-s0-o0", rank: 2, scale: 1}, {cell: "seq-full-s0-o0"},
	} {
		cell, err := w.Cell(c.cell)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.RunCell(context.Background(), cell, nil); err != nil {
			t.Fatal(err)
		}
		session, _, err := w.restore(t.Context(), cell)
		if err != nil {
			t.Fatal(err)
		}
		defer session.Close()
		want, err := session.Effective()
		if err != nil {
			t.Fatal(err)
		}
		adapter, err := w.adapterOf(session)
		if c.rank == 0 {
			if err == nil || !strings.Contains(err.Error(), "-format merged") {
				t.Errorf("%s: %v", c.cell, err)
			}
		} else {
			if err != nil || adapter.DoRA != c.dora || adapter.Modules[0].Scale != c.scale {
				t.Fatalf("%s: DoRA %v, modules %+v: %v", c.cell, adapter.DoRA, adapter.Modules, err)
			}
			sameAdapter(t, adapter, want, w, c.rank)
		}
		dir := t.TempDir()
		if err := w.writeModel(session, dir); err != nil {
			t.Fatal(err)
		}
		model, err := backbone.LoadModel(dir, backbone.Precision{})
		if err != nil {
			t.Fatal(err)
		}
		for name, learned := range want {
			if !learned.Equal(model.Weights[name]) {
				t.Errorf("%s: %s differs in the merged model", c.cell, name)
			}
		}
		if _, err := os.Stat(filepath.Join(dir, "tokenizer.json")); err != nil {
			t.Error(err)
		}
	}
	frozen, err := w.Cell("frozen-s0-o0")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.restore(t.Context(), frozen); err == nil || !strings.Contains(err.Error(), "no checkpoint") {
		t.Error(err)
	}
}

// sameAdapter writes, reads and merges the adapter.
func sameAdapter(t *testing.T, adapter weights.PEFT, want map[string]*tensors.Tensor, w *Worker, rank int) {
	t.Helper()
	dir := t.TempDir()
	if err := adapter.Write(dir); err != nil {
		t.Fatal(err)
	}
	read, err := weights.ReadPEFT(dir)
	if err != nil || len(read.Modules) != len(want) {
		t.Fatalf("%d modules, want %d: %v", len(read.Modules), len(want), err)
	}
	for _, m := range read.Modules {
		name := m.Name + ".weight"
		before, _ := tensors.CopyFlatData[float32](w.base.Model.Weights[name])
		after, _ := tensors.CopyFlatData[float32](want[name])
		merged, err := m.Merge(before)
		if err != nil || m.Rank > rank {
			t.Fatalf("%s has rank %d, want at most %d: %v", name, m.Rank, rank, err)
		}
		for i := range after {
			if math.Abs(float64(after[i]-merged[i])) > 1e-6 {
				t.Fatalf("%s[%d] is %g, want %g", name, i, merged[i], after[i])
			}
		}
	}
}

// TestAnAdapterIsEvaluatedAsTheCellWas learns, exports an adapter, and evaluates the backbone with
// it: the scores are those of the cell's last boundary.
func TestAnAdapterIsEvaluatedAsTheCellWas(t *testing.T) {
	for _, preset := range []string{"lora", "dora"} {
		t.Run(preset, func(t *testing.T) { checkAdapterEvaluation(t, preset) })
	}
}

func checkAdapterEvaluation(t *testing.T, preset string) {
	y := newToy(t)
	s := y.with(suite.MethodSpec{Preset: preset, LearningRate: 0.05, Reason: "test", Params: map[string]any{"rank": 2}})
	w := y.open(t, s, t.TempDir())
	folder := mustRun(t, w, w.cells[0])
	session, _, err := w.restore(t.Context(), w.cells[0])
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	adapter, err := w.adapterOf(session)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := adapter.Write(dir); err != nil {
		t.Fatal(err)
	}
	boundaries := eventsOf(t, folder, record.Boundary)
	last, base := boundaries[len(boundaries)-1], boundaries[0]
	got, _ := evalToy(t, y, s, func(o *EvalOptions) { o.Adapter = dir })
	if got.Adapter != dir || len(got.Files) < 5 {
		t.Errorf("adapter %q, files %v", got.Adapter, got.Files)
	}
	for i, task := range last.Scores {
		if d := math.Abs(got.Tasks[i].Scores[0].Value - task.Scores[0].Value); d > 1e-9 {
			t.Errorf("%s: %g, the cell had %g", task.Task, got.Tasks[i].Scores[0].Value, task.Scores[0].Value)
		}
	}
	if cmp.Equal(last.Scores, base.Scores) {
		t.Error("nothing was learned")
	}
	if _, _, err := Eval(t.Context(), EvalOptions{Suite: s, Store: y.store(), Adapter: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "adapter_config.json") {
		t.Error(err)
	}
}

// TestExportRefusesASpoiltCheckpoint: an older one is not what the cell has learned.
func TestExportRefusesASpoiltCheckpoint(t *testing.T) {
	y := newToy(t)
	w := y.open(t, y.with(suite.MethodSpec{Preset: "seq"}), t.TempDir())
	folder := mustRun(t, w, w.cells[0])
	path := filepath.Join(folder.Checkpoint(3), "complete.json")
	if err := os.Truncate(path, 9); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.restore(t.Context(), w.cells[0]); err == nil || !strings.Contains(err.Error(), "spoilt") || !strings.Contains(err.Error(), path) {
		t.Error(err)
	}
	if err := os.RemoveAll(folder.Checkpoint(3)); err != nil {
		t.Fatal(err)
	}
	session, place, err := w.restore(t.Context(), w.cells[0])
	if err != nil || place.Index != 2 {
		t.Fatal(place, err)
	}
	session.Close()
}

func TestExportRefusesAFolderWithContent(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "mine"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Export(context.Background(), ExportOptions{Dir: dir}); err == nil || !strings.Contains(err.Error(), "is not empty") {
		t.Error(err)
	}
	mine := filepath.Join(dir, "mine")
	if _, err := Export(context.Background(), ExportOptions{Dir: mine}); err == nil || !strings.Contains(err.Error(), mine) {
		t.Error("a file stands there:", err)
	}
	if _, err := os.Stat(mine); err != nil {
		t.Error(err)
	}
}
