package experiments

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"secura/experiments/engine"
	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/methods"
)

// sayWhen changes when a toy evaluates.
func sayWhen(s suite.Suite, stream, every string, everySteps int) suite.Suite {
	s.Stream, s.Evaluation.Every, s.Evaluation.EverySteps = stream, every, everySteps
	return s
}

func mustRun(t *testing.T, w *Worker, cell suite.Cell) rundir.Cell {
	t.Helper()
	if err := w.RunCell(context.Background(), cell, nil); err != nil {
		t.Fatal(err)
	}
	return w.run.Cell(cell.ID)
}

func eventsOf(t *testing.T, folder rundir.Cell, kind record.Kind) (events []record.Event) {
	t.Helper()
	all, torn, err := record.ReadEvents(folder.Records())
	if err != nil || torn {
		t.Fatal(err, torn)
	}
	for _, e := range all {
		if e.Kind == kind {
			events = append(events, e)
		}
	}
	return events
}

// evaluated names the tasks of an event that have scores.
func evaluated(e record.Event) string {
	var names []string
	for _, s := range e.Scores {
		names = append(names, s.Task)
	}
	return strings.Join(names, " ")
}

// TestCellsOfEveryModeAreReproducible interrupts a cell in its second task, after an evaluation
// within the task where there is one: it ends with the bytes of one that ran through.
func TestCellsOfEveryModeAreReproducible(t *testing.T) {
	y := newToy(t)
	base := y.with(suite.MethodSpec{Preset: "er", Params: map[string]any{"buffer": 0.2}}, suite.MethodSpec{Preset: "secura", LearningRate: 0.1, Reason: "test"})
	for name, s := range map[string]suite.Suite{
		"final": sayWhen(base, suite.Sequential, suite.EveryFinal, 0), "separate": sayWhen(base, suite.Separate, suite.EveryFinal, 0),
		"separate curve": sayWhen(base, suite.Separate, suite.EveryTask, 1), "curve": sayWhen(base, suite.Sequential, suite.EveryTask, 2),
	} {
		whole, broken := y.open(t, s, t.TempDir()), y.open(t, s, t.TempDir())
		for _, cell := range whole.cells {
			want := outcome(t, mustRun(t, whole, cell))
			ctx, cancel := context.WithCancel(context.Background())
			err := broken.RunCell(ctx, cell, func(p engine.Progress) {
				if p.TaskIndex == 2 && p.Step == 3 {
					cancel()
				}
			})
			cancel()
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("%s: %s: error %v, expected an interruption", name, cell.ID, err)
			}
			within := eventsOf(t, broken.run.Cell(cell.ID), record.Curve)
			if s.Evaluation.EverySteps > 0 && (len(within) == 0 || within[len(within)-1].Index != 2) {
				t.Fatalf("%s: %s was interrupted before it evaluated within the second task", name, cell.ID)
			}
			sameOutcome(t, name+": an interrupted "+cell.ID, outcome(t, mustRun(t, broken, cell)), want)
		}
	}
}

// TestFinalEvaluatesTheOwnTaskAlone: rows within the stream hold what their whole rows would for
// the task that was just learned, and nothing else; the first and the last are whole.
func TestFinalEvaluatesTheOwnTaskAlone(t *testing.T) {
	y := newToy(t)
	base := y.with(suite.MethodSpec{Preset: "seq", LearningRate: 0.02, Reason: "test"})
	always, final := y.open(t, base, t.TempDir()), y.open(t, sayWhen(base, suite.Sequential, suite.EveryFinal, 0), t.TempDir())
	want := eventsOf(t, mustRun(t, always, always.cells[0]), record.Boundary)
	got := eventsOf(t, mustRun(t, final, final.cells[0]), record.Boundary)
	names := base.TaskNames()
	if len(got) != len(names)+1 {
		t.Fatalf("%d boundaries, expected %d", len(got), len(names)+1)
	}
	for i, e := range got {
		if i == 0 || i == len(names) {
			if evaluated(e) != strings.Join(names, " ") || e.Knowledge == nil || e.EvalTokens != want[i].EvalTokens || e.Predictions != want[i].Predictions {
				t.Errorf("boundary %d is not whole: %+v", i, e)
			}
			continue
		}
		if evaluated(e) != names[i-1] || e.Knowledge != nil || e.Perplexity != nil || e.KnowledgeParts != nil || e.EvalTokens >= want[i].EvalTokens {
			t.Errorf("boundary %d holds more than task %s: %+v", i, names[i-1], e)
		}
		if whole := want[i].Scores[i-1]; !slices.Equal(e.Scores[0].Scores, whole.Scores) {
			t.Errorf("boundary %d: task %s has %v, evaluated with the others %v", i, names[i-1], e.Scores[0].Scores, whole.Scores)
		}
	}
}

// TestEvaluationsTellHowFarTheyAre: each, with all that can be measured, grows to 100 percent, that
// of the untouched backbone before the first task, and a cell ends with all of its computing done.
func TestEvaluationsTellHowFarTheyAre(t *testing.T) {
	y := newToy(t)
	s := y.with(suite.MethodSpec{Preset: "seq", LearningRate: 0.02, Reason: "test"})
	s.Evaluation.TeacherForced, s.Evaluation.KL = true, true
	w := y.open(t, s, t.TempDir())
	var lines []engine.Progress
	if err := w.RunCell(t.Context(), w.cells[0], func(p engine.Progress) { lines = append(lines, p) }); err != nil {
		t.Fatal(err)
	}
	ends := make([]int, len(s.Tasks)+1) // the last percentage, by task
	var before engine.Progress
	for _, p := range lines {
		if p.Share < before.Share {
			t.Errorf("%+v comes after %+v", p, before)
		}
		if p.Evaluated > 0 {
			if p.Evaluated <= ends[p.TaskIndex] || p.Step != p.Steps || p.Loss != before.Loss {
				t.Errorf("%+v comes after %+v", p, before)
			}
			ends[p.TaskIndex] = p.Evaluated
		}
		before = p
	}
	for i, percent := range ends {
		if percent != 100 {
			t.Errorf("the evaluation after %d tasks ends at %d%%", i, percent)
		}
	}
	if before.Share != 1 {
		t.Errorf("the cell ends with a share of %g", before.Share)
	}
}

// TestSeparateTasksAreLearnedFromThePretrainedBackbone: the second task's losses are those of a
// fresh session that learns it first, from the same draws.
func TestSeparateTasksAreLearnedFromThePretrainedBackbone(t *testing.T) {
	y := newToy(t)
	base := y.with(suite.MethodSpec{Preset: "secura", LearningRate: 0.1, Reason: "test"})
	losses := func(s suite.Suite, index int) (list []float64) {
		w := y.open(t, s, t.TempDir())
		steps, _, err := record.Read[record.Step](mustRun(t, w, w.cells[0]).Steps())
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range steps {
			if step.Index == index {
				list = append(list, step.Loss)
			}
		}
		return list
	}
	separate := losses(sayWhen(base, suite.Separate, suite.EveryFinal, 0), 2)
	sequential := losses(base, 2)
	w := y.open(t, base, t.TempDir())
	p := &protocol{worker: w, cell: w.cells[0], method: methods.Secura}
	var err error
	if p.params, err = presetOf(p.method).Params(p.cell.Method); err != nil {
		t.Fatal(err)
	}
	session, err := p.start()
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	var fresh []float64
	trainer := w.trainer(w.cells[0], session, func(s record.Step) error { fresh = append(fresh, s.Loss); return nil })
	if _, _, err := trainer.train(context.Background(), p.plan()[1], position{}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(separate, fresh) {
		t.Errorf("learned alone, the second task's losses are %v, expected %v", separate, fresh)
	}
	if slices.Equal(separate, sequential) {
		t.Error("the second task's losses are those of a stream")
	}
}

// TestTheCurveChangesNoTraining: evaluating within tasks adds events and predictions and leaves all
// else as it was.
func TestTheCurveChangesNoTraining(t *testing.T) {
	y := newToy(t)
	base := y.with(suite.MethodSpec{Preset: "i-lora", Params: map[string]any{"buffer": 0.2, "lambda": 0.9}}, suite.MethodSpec{Preset: "joint"})
	without, with := y.open(t, base, t.TempDir()), y.open(t, sayWhen(base, suite.Sequential, suite.EveryTask, 2), t.TempDir())
	for i, cell := range without.cells {
		want, folder := outcome(t, mustRun(t, without, cell)), mustRun(t, with, with.cells[i])
		got := outcome(t, folder)
		for _, name := range []string{"steps.jsonl", "predictions/03.parquet"} {
			if got[name] != want[name] {
				t.Errorf("%s: %s has changed", cell.ID, name)
			}
		}
		curve := eventsOf(t, folder, record.Curve)
		steps := map[string][]int{"i-lora-s0-o0": {2, 2, 2}, "joint-s0-o0": {2, 4, 6, 8, 10}}[cell.ID]
		if len(curve) != len(steps) {
			t.Fatalf("%s: %d evaluations within tasks, expected at steps %v", cell.ID, len(curve), steps)
		}
		for k, e := range curve {
			if e.Step != steps[k] || evaluated(e) != strings.Join(base.TaskNames(), " ") || e.Knowledge == nil || e.Predictions == "" || len(e.Measures) == 0 {
				t.Errorf("%s: evaluation %d is not whole: %+v", cell.ID, k, e)
			}
			if _, err := os.Stat(folder.PredictionsAt(e.Index, e.Step)); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestPhasesWithinPhasesAreTimedOnce: what an evaluation within a task takes is no time of
// training.
func TestPhasesWithinPhasesAreTimedOnce(t *testing.T) {
	y := newToy(t)
	w := y.open(t, sayWhen(y.with(suite.MethodSpec{Preset: "seq"}), suite.Sequential, suite.EveryTask, 1), t.TempDir())
	timings, _, err := record.Read[record.Timing](mustRun(t, w, w.cells[0]).Timing())
	if err != nil {
		t.Fatal(err)
	}
	sum, total := 0.0, 0.0
	for _, line := range timings {
		if line.Seconds < 0 {
			t.Errorf("phase %s took %g seconds", line.Phase, line.Seconds)
		}
		if line.Phase == record.Total {
			total = line.Seconds
		} else {
			sum += line.Seconds
		}
	}
	if sum == 0 || sum > total {
		t.Errorf("the phases take %g seconds together, the cell %g", sum, total)
	}
}

// TestTheTimeOfASessionThatWasStoppedIsKept: of its phase, without the tokens and operations that
// come with the one that ends whole, and of the session.
func TestTheTimeOfASessionThatWasStoppedIsKept(t *testing.T) {
	y := newToy(t)
	w := y.open(t, y.with(suite.MethodSpec{Preset: "seq"}), t.TempDir())
	cell := w.cells[0]
	folder := w.run.Cell(cell.ID)
	phases := func(phase record.Phase, index int) []record.Timing {
		list, _, err := record.Read[record.Timing](folder.Timing())
		if err != nil {
			t.Fatal(err)
		}
		return slices.DeleteFunc(list, func(x record.Timing) bool { return x.Phase != phase || x.Index != index })
	}
	for i, at := range []func(p engine.Progress) bool{
		func(p engine.Progress) bool { return p.Evaluated > 0 },
		func(p engine.Progress) bool { return p.TaskIndex == 2 && p.Step == 3 },
		func(p engine.Progress) bool { return p.TaskIndex == 2 && p.Evaluated > 0 },
	} {
		ctx, cancel := context.WithCancel(context.Background())
		err := w.RunCell(ctx, cell, func(p engine.Progress) {
			if at(p) {
				cancel()
			}
		})
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if n := len(phases(record.Total, 0)); n != i+1 {
			t.Errorf("%d totals after %d sessions", n, i+1)
		}
	}
	goOn(t, w, cell)
	for _, c := range []struct {
		what         string
		lines        []record.Timing
		want         int
		tokens, flop bool // of the last one
	}{
		{"the base row", phases(record.Eval, 0), 2, true, false},
		{"training", phases(record.Train, 2), 3, true, true}, // the second and the third session end the task
		{"evaluation", phases(record.Eval, 2), 2, true, false},
		{"all", phases(record.Total, 0), 4, false, false},
	} {
		if len(c.lines) != c.want {
			t.Errorf("%s: %d lines, expected %d: %+v", c.what, len(c.lines), c.want, c.lines)
			continue
		}
		first, last := c.lines[0], c.lines[c.want-1]
		if first.Seconds <= 0 || first.Tokens != 0 || first.FLOP != 0 || (last.Tokens > 0) != c.tokens || (last.FLOP > 0) != c.flop {
			t.Errorf("%s: first %+v, last %+v", c.what, first, last)
		}
	}
}
