package experiments

import (
	"context"
	"errors"
	"maps"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"secura/experiments/engine"
	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/methods"
)

// ownForward is a method whose forward pass is no weight, with draws in each step.
var ownForward = suite.MethodSpec{Name: "outputs", Preset: "secura-released-m1", LearningRate: 0.1, Reason: "test",
	Params: map[string]any{"merge": "none", "bias": true, "edge": 2, "share": 0.1}}

// TestOwnForwardPassIsRecorded evaluates a cell's last checkpoint again.
func TestOwnForwardPassIsRecorded(t *testing.T) {
	y := newToy(t)
	w := y.open(t, y.with(ownForward), t.TempDir())
	cell := w.cells[0]
	if err := w.RunCell(context.Background(), cell, nil); err != nil {
		t.Fatal(err)
	}
	events, _, err := record.ReadEvents(w.run.Cell(cell.ID).Records())
	if err != nil {
		t.Fatal(err)
	}
	recorded := ""
	for _, e := range events {
		if e.Kind == record.Boundary {
			recorded = e.Predictions
		}
	}
	method, _ := methods.Find(cell.Method.Preset)
	params, err := presetOf(method).Params(cell.Method)
	if err != nil {
		t.Fatal(err)
	}
	session, err := (&protocol{worker: w, cell: cell, method: method, params: params}).start()
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	if err := session.Load(w.run.Cell(cell.ID).Checkpoint(3)); err != nil {
		t.Fatal(err)
	}
	learned, err := session.Function()
	if err != nil {
		t.Fatal(err)
	}
	defer learned.Close()
	for f, equal := range map[*methods.Function]bool{learned: true, w.base.Function(learned.Effective): false} {
		row, err := w.evaluator.EvaluateFunction(context.Background(), f)
		if err != nil {
			t.Fatal(err)
		}
		hash, err := w.writePredictions(filepath.Join(t.TempDir(), "predictions.parquet"), func() error { return nil }, cell, row)
		if err != nil {
			t.Fatal(err)
		}
		if (hash == recorded) != equal {
			t.Errorf("predictions %s, recorded %s; expected equal: %v", hash, recorded, equal)
		}
	}
}

// TestCellsAreReproducible runs each method twice in full, and once more with an interruption in
// the middle of the second task, where it saves before it stops: all three leave the same bytes.
func TestCellsAreReproducible(t *testing.T) {
	y := newToy(t)
	s := y.with(suite.MethodSpec{Preset: "seq"}, suite.MethodSpec{Preset: "er", Params: map[string]any{"buffer": 0.2}},
		suite.MethodSpec{Preset: "ewc", Params: map[string]any{"fisher_examples": 6}},
		suite.MethodSpec{Preset: "i-lora", Params: map[string]any{"buffer": 0.2, "lambda": 0.9}},
		suite.MethodSpec{Preset: "cur-lora", Params: map[string]any{"rank": 4}}, suite.MethodSpec{Preset: "secura", LearningRate: 0.1, Reason: "test"},
		ownForward,
		suite.MethodSpec{Preset: "frozen"}, suite.MethodSpec{Preset: "joint"})
	s.Training.CheckpointEvery = 0
	first, second, broken := y.open(t, s, t.TempDir()), y.open(t, s, t.TempDir()), y.open(t, s, t.TempDir())
	for _, cell := range first.cells {
		t.Run(cell.ID, func(t *testing.T) {
			for _, w := range []*Worker{first, second} {
				if err := w.RunCell(context.Background(), cell, nil); err != nil {
					t.Fatal(err)
				}
			}
			want := outcome(t, first.run.Cell(cell.ID))
			sameOutcome(t, "a second run", outcome(t, second.run.Cell(cell.ID)), want)

			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			interrupted := false
			err := broken.RunCell(ctx, cell, func(p engine.Progress) {
				if (p.TaskIndex > 1 || p.Tasks == 1) && p.Step == 3 {
					interrupted = true
					cancel()
				}
			})
			if interrupted != errors.Is(err, context.Canceled) {
				t.Fatalf("interrupted %v, error %v", interrupted, err)
			}
			if got := goOn(t, broken, cell); strings.Contains(got, "after step 3;") != interrupted {
				t.Errorf("the notes of going on are %q", got)
			}
			sameOutcome(t, "an interrupted run", outcome(t, broken.run.Cell(cell.ID)), want)
		})
	}
}

// goOn runs a cell to its end and returns what is said of how.
func goOn(t *testing.T, w *Worker, cell suite.Cell) string {
	t.Helper()
	var notes []string
	err := w.RunCell(context.Background(), cell, func(p engine.Progress) {
		if p.Note != "" {
			notes = append(notes, p.Note)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(notes, "\n")
}

// TestGoingOnWithinATask: at whatever step a cell stops, it goes on from the last checkpoint within
// the task and leaves the same bytes and the same count of operations, whether tasks are learned
// alone, moments are carried over, logits are kept or more is evaluated within tasks and at the
// end.
func TestGoingOnWithinATask(t *testing.T) {
	y := newToy(t)
	er := suite.MethodSpec{Preset: "er", Params: map[string]any{"buffer": 0.2}}
	for name, change := range map[string]func(*suite.Suite){
		"carried moments": func(s *suite.Suite) { s.Training.CarryOptimizer = true },
		"learned alone":   func(s *suite.Suite) { s.Stream = suite.Separate },
		"a curve":         func(s *suite.Suite) { s.Evaluation.EverySteps = 2 },
		"last kept":       func(s *suite.Suite) { s.Evaluation.KeepCheckpoints = "last" },
		"kept logits": func(s *suite.Suite) {
			s.Methods = []suite.MethodSpec{{Preset: "der++", Name: "der++", Params: map[string]any{"buffer": 0.2}}}
			s.Evaluation.KL, s.Evaluation.Interpolate, s.Evaluation.Recovery = true, []float64{0.5}, []int{2}
		},
		"as released": func(s *suite.Suite) {
			s.Methods = []suite.MethodSpec{{Preset: "secura-released-m1", Name: "released"}}
			s.Training.Batch, s.Training.Draw, s.Training.Schedule, s.Training.Warmup, s.Training.Clip = 1, suite.WithReplacement, suite.Constant, 0, 0
			s.Training.CarryOptimizer, s.Training.EmptyToken = true, true
		},
	} {
		t.Run(name, func(t *testing.T) {
			st := y.with(er)
			st.Training.Steps = 7
			change(&st)
			unbroken := y.open(t, st, t.TempDir())
			cell := unbroken.cells[0]
			want := outcome(t, mustRun(t, unbroken, cell))
			st.Training.CheckpointEvery = 3
			broken := y.open(t, st, t.TempDir())
			for _, at := range []struct{ task, step int }{{1, 2}, {1, 5}, {2, 4}, {2, 7}, {3, 3}} {
				ctx, cancel := context.WithCancel(context.Background())
				err := broken.RunCell(ctx, cell, func(p engine.Progress) {
					if p.TaskIndex == at.task && p.Step == at.step {
						cancel()
					}
				})
				if !errors.Is(err, context.Canceled) {
					t.Fatalf("%+v: error %v", at, err)
				}
			}
			// A spoilt checkpoint within a task is passed over for the one before.
			within := broken.run.Cell(cell.ID).CheckpointAt(rundir.Place{Index: 3, Step: 3})
			if err := os.Truncate(filepath.Join(within, positionFile), 3); err != nil {
				t.Fatal(err)
			}
			if notes := goOn(t, broken, cell); !strings.Contains(notes, "passed over a checkpoint") || !strings.Contains(notes, "goes on after task 2") {
				t.Errorf("notes %q", notes)
			}
			sameOutcome(t, name, outcome(t, broken.run.Cell(cell.ID)), want)
			if got, want := flopOf(t, broken.run.Cell(cell.ID)), flopOf(t, unbroken.run.Cell(cell.ID)); !maps.Equal(got, want) {
				t.Errorf("%v operations, without a break %v", got, want)
			}
		})
	}
}

// TestRecordsOfACell reads what a cell wrote.
func TestRecordsOfACell(t *testing.T) {
	y := newToy(t)
	w := y.open(t, y.with(suite.MethodSpec{Preset: "seq"}, suite.MethodSpec{Preset: "frozen"}, suite.MethodSpec{Preset: "joint"}), t.TempDir())
	want := map[string]struct{ boundaries, steps int }{"seq-s0-o0": {4, 12}, "frozen-s0-o0": {1, 0}, "joint-s0-o0": {2, 12}}
	for _, cell := range w.cells {
		if err := w.RunCell(context.Background(), cell, nil); err != nil {
			t.Fatal(err)
		}
		folder := w.run.Cell(cell.ID)
		events, torn, err := record.ReadEvents(folder.Records())
		if err != nil || torn {
			t.Fatal(err, torn)
		}
		steps, _, err := record.Read[record.Step](folder.Steps())
		if err != nil {
			t.Fatal(err)
		}
		boundaries := 0
		for _, e := range events {
			if e.Kind != record.Boundary {
				continue
			}
			boundaries++
			if len(e.Scores) != 3 || e.Knowledge == nil || e.Predictions == "" || e.EvalTokens == 0 {
				t.Errorf("%s: boundary %d is not whole: %+v", cell.ID, e.Index, e)
			}
		}
		if boundaries != want[cell.ID].boundaries || len(steps) != want[cell.ID].steps {
			t.Errorf("%s: %d boundaries and %d steps, expected %+v", cell.ID, boundaries, len(steps), want[cell.ID])
		}
		if events[len(events)-1].Kind != record.CellEnd {
			t.Errorf("%s: the last event is %s", cell.ID, events[len(events)-1].Kind)
		}
	}
}

// TestDivergedCell ends with its step and task on record, and the reason in its status.
func TestDivergedCell(t *testing.T) {
	y := newToy(t)
	w := y.open(t, y.with(suite.MethodSpec{Preset: "seq", LearningRate: 1e30, Reason: "test"}), t.TempDir())
	err := w.RunCell(context.Background(), w.cells[0], nil)
	var diverged *DivergedError
	if !errors.As(err, &diverged) || diverged.Task != "next" {
		t.Fatalf("error %v, expected a diverged cell in task next", err)
	}
	folder := w.run.Cell(w.cells[0].ID)
	events, _, err := record.ReadEvents(folder.Records())
	if err != nil {
		t.Fatal(err)
	}
	if last := events[len(events)-1]; last.Kind != record.Diverged || last.Task != "next" || last.Step != diverged.Step {
		t.Errorf("the last event is %+v", last)
	}
	for _, name := range []string{"records.jsonl", "steps.jsonl"} {
		if data := outcome(t, folder)[name]; data == "" {
			t.Errorf("%s is empty", filepath.Join(folder.Path, name))
		}
	}
}

// TestDivergedInATasksLastStep: no later step has a loss that tells of it, and what a method does
// at the task's end must not fail of it.
func TestDivergedInATasksLastStep(t *testing.T) {
	y := newToy(t)
	for _, preset := range []string{"seq", "ewc", "osf"} {
		s := y.with(suite.MethodSpec{Preset: preset, LearningRate: 1e38, Reason: "test"})
		s.Training.Steps, s.Training.Schedule, s.Training.Warmup = 1, suite.Constant, 0
		w := y.open(t, s, t.TempDir())
		err := w.RunCell(context.Background(), w.cells[0], nil)
		var diverged *DivergedError
		if !errors.As(err, &diverged) || diverged.Task != s.Tasks[0].Name || diverged.Step != 1 || !strings.HasSuffix(diverged.Reason, "q_proj.weight: a number is not finite") {
			t.Errorf("%s: %v, expected a weight that is not finite after the first task's only step", preset, err)
		}
	}
}

// TestCheckpointWithoutItsRecords: a cell whose records do not reach its checkpoint goes on from
// the last one that they reach, or starts again, and ends as it should; a sealed one of which
// records or steps were cut off starts again. Records that cannot be read end it, and cost no
// checkpoint.
func TestCheckpointWithoutItsRecords(t *testing.T) {
	y := newToy(t)
	w := y.open(t, y.with(suite.MethodSpec{Preset: "seq"}), t.TempDir())
	cell := w.cells[0]
	folder := mustRun(t, w, cell)
	want := outcome(t, folder)
	unsealed := func() error { // as a process leaves the cell that is stopped
		return errors.Join(rundir.BreakSeal(folder), rundir.WriteJSON(folder.Status(), record.Status{State: record.Cancelled}))
	}
	recordsGone := func() error { return os.Remove(folder.Records()) }
	const passed = "passed over a checkpoint"
	for _, c := range []struct {
		what, first, note string
		damage            func() error
	}{
		{"records gone", "starts again", "", recordsGone},
		{"steps cut", "starts again", "", func() error { return os.Truncate(folder.Steps(), 300) }},
		{"end cut", "starts again", "", func() error { return os.Truncate(folder.Records(), int64(len(want["records.jsonl"])-3)) }},
		{"records gone, no seal", passed, "starts again", func() error { return errors.Join(unsealed(), recordsGone()) }},
		{"records spoilt, no seal", passed, "starts again", func() error {
			return errors.Join(unsealed(), os.WriteFile(folder.Records(), []byte("{}\n"+want["records.jsonl"]), 0o644))
		}},
		{"records and steps gone, no seal", passed, "starts again", func() error { return errors.Join(unsealed(), recordsGone(), os.Remove(folder.Steps())) }},
		{"last step cut, no seal", passed, "goes on after task 2", func() error {
			return errors.Join(unsealed(), os.Truncate(folder.Steps(), int64(len(want["steps.jsonl"])-1)))
		}},
	} {
		if err := c.damage(); err != nil {
			t.Fatal(err)
		}
		if notes := goOn(t, w, cell); !strings.HasPrefix(notes, c.first) || !strings.Contains(notes, c.note) {
			t.Errorf("%s: notes %q, expected %q and %q", c.what, notes, c.first, c.note)
		}
		sameOutcome(t, c.what, outcome(t, folder), want)
	}
	for _, path := range []string{folder.Records(), filepath.Join(folder.Checkpoint(3), "complete.json")} {
		if err := errors.Join(unsealed(), os.Rename(path, path+".away"), os.Symlink(path, path)); err != nil {
			t.Fatal(err)
		}
		if path != folder.Records() { // the cell is not finished
			if err := os.Truncate(folder.Records(), int64(len(want["records.jsonl"])-1)); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.RunCell(context.Background(), cell, nil); !rundir.Unreadable(err) {
			t.Errorf("%s cannot be read: error %v", path, err)
		}
		if err := os.Rename(path+".away", path); err != nil {
			t.Fatal(err)
		}
		if notes := goOn(t, w, cell); strings.Contains(notes, "passed over") || !strings.Contains(notes, "goes on after task 3") {
			t.Errorf("%s can be read again: notes %q", path, notes)
		}
		sameOutcome(t, path, outcome(t, folder), want)
	}
}

// TestChangedRecordsGetNoSeal: a finished cell whose records or steps were changed is refused, and
// nothing of it is written. A line that was changed and cut short does not outlast the cell's new
// start.
func TestChangedRecordsGetNoSeal(t *testing.T) {
	y := newToy(t)
	w := y.open(t, y.with(suite.MethodSpec{Preset: "seq"}), t.TempDir())
	cell := w.cells[0]
	folder := mustRun(t, w, cell)
	want := outcome(t, folder)
	everything := func() map[string]string {
		t.Helper()
		files := outcome(t, folder)
		for _, path := range []string{folder.Status(), folder.Seal(), folder.Timing()} {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			files[path] = string(data)
		}
		return files
	}
	for name, path := range map[string]string{"records.jsonl": folder.Records(), "steps.jsonl": folder.Steps()} {
		last := len(want[name]) - 3
		changed := want[name][:last] + "9" + want[name][last+1:]
		if err := os.WriteFile(path, []byte(changed), 0o644); err != nil {
			t.Fatal(err)
		}
		before := everything()
		err := w.RunCell(t.Context(), cell, nil)
		if err == nil || !strings.Contains(err.Error(), name+" has changed since the cell ended") || !strings.Contains(err.Error(), "put the file back as it was, or take the folder "+folder.Path+" away") {
			t.Errorf("%s: %v", name, err)
		}
		sameOutcome(t, "changed "+name, everything(), before)
		if err := os.WriteFile(path, []byte(want[name]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	rewrite(t, folder.Records(), `"final_loss":`, `"final_loss":-`)
	data, err := os.ReadFile(folder.Records())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(folder.Records(), data[:len(data)-3], 0o644); err != nil {
		t.Fatal(err)
	}
	mustRun(t, w, cell)
	sameOutcome(t, "changed and cut", outcome(t, folder), want)
}

// TestTheLastCheckpointAloneIsKept by a cell that crashed before it dropped the earlier ones, or
// while it did: it ends as one that did not.
func TestTheLastCheckpointAloneIsKept(t *testing.T) {
	y := newToy(t)
	all := y.with(suite.MethodSpec{Preset: "seq"})
	last := all
	last.Evaluation.KeepCheckpoints = "last"
	unbroken := y.open(t, last, t.TempDir())
	want := outcome(t, mustRun(t, unbroken, unbroken.cells[0]))

	before := y.open(t, all, t.TempDir())
	before.until = 3 // the last boundary, and not the cell's end
	folder := mustRun(t, before, before.cells[0])
	if err := os.Remove(filepath.Join(folder.Checkpoint(1), "complete.json")); err != nil {
		t.Fatal(err)
	}
	after := y.open(t, last, before.run.Path)
	if notes := goOn(t, after, after.cells[0]); !strings.Contains(notes, "goes on after task 3") {
		t.Errorf("notes %q", notes)
	}
	sameOutcome(t, "a cell that crashed before it dropped checkpoints", outcome(t, folder), want)
	if wrong := rundir.CheckSeal(folder, true); len(wrong) > 0 {
		t.Error(wrong)
	}
}

// TestNotFiniteWeightsDiverge: text that is decoded with them looks like text.
func TestNotFiniteWeightsDiverge(t *testing.T) {
	y := newToy(t)
	w := y.open(t, y.with(suite.MethodSpec{Preset: "frozen"}), t.TempDir())
	name := w.base.Model.Names[0]
	values, err := tensors.CopyFlatData[float32](w.base.Model.Weights[name])
	if err != nil {
		t.Fatal(err)
	}
	values[3] = float32(math.NaN())
	broken := tensors.FromFlatDataAndDimensions(values, w.base.Model.Weights[name].Shape().Dimensions...)
	if _, err := w.evaluator.Evaluate(context.Background(), map[string]*tensors.Tensor{name: broken}); !errors.Is(err, methods.ErrNotFinite) {
		t.Errorf("error %v, expected one of a number that is not finite", err)
	}
}
