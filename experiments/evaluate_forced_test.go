package experiments

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"secura/datasets/score"
	"secura/experiments/evaluation"
	"secura/experiments/suite"
	"secura/methods"
)

// forcedToy is the toy with the released measure.
func forcedToy(t *testing.T) *Worker {
	t.Helper()
	y := newToy(t)
	s := y.with(suite.MethodSpec{Preset: "secura-released-m1"})
	s.Evaluation.TeacherForced = true
	return y.open(t, s, t.TempDir())
}

// One forward pass over prompt and true answer predicts what as many passes predict, each over the
// prompt and the true answer so far.
func TestTrueAnswersArePredictedTokenByToken(t *testing.T) {
	w := forcedToy(t)
	plain := w.suite.Evaluation
	plain.TeacherForced = false
	without, err := evaluation.New(w.base, w.data, w.tokenizer, w.ends, plain)
	if err != nil {
		t.Fatal(err)
	}
	if config := w.base.Model.Config; w.evaluator.ForwardFLOP(config) <= without.ForwardFLOP(config) {
		t.Error("the passes over true answers count no operation")
	}
	row, err := w.evaluator.Evaluate(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for g, task := range w.evaluator.Groups() {
		right, tokens, nats, selfRouge := 0, 0, 0.0, 0.0
		for i, e := range task.Test {
			gold := append(slices.Clone(e.Answer), w.ends[0])
			var predicted []int32
			for k, want := range gold {
				b := methods.EmptyBatch(1, 16, 1)
				b.SetPrompt(0, slices.Concat(e.Prompt, gold[:k]))
				outputs, err := w.base.RunBatch("one token", w.base.Weights(nil), b, func(in methods.Inputs) []*graph.Node {
					return w.base.BuildGenerate(in, 1, nil)
				}, tensors.FromScalar(int32(1)))
				if err != nil {
					t.Fatal(err)
				}
				next, err := tensors.CopyFlatData[int32](outputs[0])
				if err != nil {
					t.Fatal(err)
				}
				predicted = append(predicted, next[0])
				b.Targets[0], b.Weights[0] = want, 1
				outputs, err = w.base.RunBatch("one score", w.base.Weights(nil), b, w.base.BuildScore)
				if err != nil {
					t.Fatal(err)
				}
				logs, err := tensors.CopyFlatData[float32](outputs[0])
				if err != nil {
					t.Fatal(err)
				}
				nats -= float64(logs[0])
				if next[0] == want {
					right++
				}
			}
			tokens += len(gold)
			selfRouge += score.ScoreTeacherForced(predicted, gold, w.tokenizer.DecodeAll(predicted), strings.TrimSpace(task.Examples[i].Answer)).SelfRouge
		}
		got := row.Forced[g]
		if got.Tokens != tokens || math.Abs(got.Right*float64(tokens)-float64(right)) > 1e-9 || math.Abs(got.Nats-nats/float64(tokens)) > 1e-4 ||
			math.Abs(got.Scores[0].Value-selfRouge/float64(len(task.Test))) > 1e-9 {
			t.Errorf("%s: %+v; one by one: %d tokens, %d right, %g nats, selfrouge %g", task.Task.Name, got, tokens, right, nats/float64(tokens),
				selfRouge/float64(len(task.Test)))
		}
	}
}

// The measure is on record of every task and of the battery, its references in the base row alone,
// and no metric uses it.
func TestTeacherForcedScoresAreOnRecord(t *testing.T) {
	w := forcedToy(t)
	folder := mustRun(t, w, w.cells[0])
	boundaries := boundariesOf(t, folder)
	for _, e := range boundaries {
		if base := e.Index == 0; base != (e.Perturbed != nil) || base && (len(e.Perturbed.TeacherForced) != 4 || len(e.Perturbed.Scores) != 3 ||
			e.Perturbed.Knowledge == nil || e.Perturbed.TeacherForced[0].Nats == e.TeacherForced[0].Nats) {
			t.Errorf("boundary %d: with noise %+v", e.Index, e.Perturbed)
		}
		var names []string
		for _, f := range e.TeacherForced {
			names = append(names, f.Task)
			if base := e.Index == 0; base != (len(f.Echo) == 5) || base != (len(f.Perfect) == 5) || len(f.Scores) != 5 {
				t.Errorf("boundary %d: %+v", e.Index, f)
			}
			if e.Index == 0 && (f.Perfect[0].Value != 1 || !(f.Echo[0].Value > 0.4 && f.Echo[0].Value < 1)) {
				t.Errorf("the references of %s are %v and %v", f.Task, f.Perfect, f.Echo)
			}
		}
		if len(names) != 4 || names[3] != "battery" {
			t.Errorf("boundary %d has the tasks %v", e.Index, names)
		}
		for _, s := range e.Scores {
			for _, named := range s.Scores {
				if strings.HasPrefix(named.Name, "tf_") {
					t.Errorf("%s is among the scores of %s", named.Name, s.Task)
				}
			}
		}
	}
	if len(boundaries) != 4 {
		t.Errorf("%d boundaries", len(boundaries))
	}
	// With every: final a boundary has its own task alone.
	part := w.evaluator.Only(2, w.suite.Evaluation)
	row, err := part.Evaluate(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if row.Forced[2].Task != "same" || row.Forced[0].Task != "" || row.Forced[3].Task != "" {
		t.Errorf("%+v", row.Forced)
	}
}
