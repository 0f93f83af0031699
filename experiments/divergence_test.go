package experiments

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"secura/datasets"
	"secura/experiments/evaluation"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/methods"
)

// klToy is the toy that measures its divergence from the backbone.
func klToy(t *testing.T, every string) (*Worker, rundir.Run) {
	t.Helper()
	y := newToy(t)
	s := y.with(suite.MethodSpec{Preset: "seq"})
	s.Evaluation.KL, s.Evaluation.Every = true, every
	run := rundir.Run{Path: t.TempDir()}
	return y.open(t, s, run.Path), run
}

// The divergence is what two sets of log-probabilities give on the host, of the battery's true
// answers and of held-out text; that of the backbone from itself is 0.
func TestDivergenceIsThatOfBothPredictions(t *testing.T) {
	w, _ := klToy(t, suite.EveryTask)
	w.data.HeldOut = [][]int32{{3, 1, 4, 1, 5, 9, 2, 6, w.ends[0]}, {2, 7, 1, 8, w.ends[0]}}
	v, err := evaluation.New(w.base, w.data, w.tokenizer, w.ends, w.suite.Evaluation)
	if err != nil {
		t.Fatal(err)
	}
	plain := w.suite.Evaluation
	plain.KL = false
	without, err := evaluation.New(w.base, w.data, w.tokenizer, w.ends, plain)
	if err != nil {
		t.Fatal(err)
	}
	if config := w.base.Model.Config; v.ForwardFLOP(config) <= without.ForwardFLOP(config) || v.Tokens <= without.Tokens {
		t.Error("the passes of the divergence count no operation or token")
	}
	var sampled int64
	for _, sample := range v.Samples() {
		if sampled += sample.All; sample.Kind == "compare" {
			if err := sample.Run(context.Background(), v.Function()); err != nil {
				t.Error(err)
			}
		}
	}
	if sampled != v.Tokens {
		t.Errorf("an estimate is of %d of the evaluation's %d tokens", sampled, v.Tokens)
	}
	row, err := v.Evaluate(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := row.Divergence; math.Abs(*d.HeldOut) > 1e-6 || math.Abs(*d.Knowledge) > 1e-6 {
		t.Errorf("the backbone is %g and %g from itself", *d.HeldOut, *d.Knowledge)
	}
	noisy, err := w.base.Perturbed(w.suite.Training.Targets, 200, suite.Streams{}.Rand("noise"))
	if err != nil {
		t.Fatal(err)
	}
	if row, err = v.Evaluate(context.Background(), noisy); err != nil {
		t.Fatal(err)
	}
	if other, err := without.Evaluate(context.Background(), noisy); err != nil || other.Divergence != nil {
		t.Errorf("a divergence that was not asked for: %v, %v", other.Divergence, err)
	}
	// by computes the mean over the answers of some texts, with each model by itself.
	by := func(texts []datasets.Encoded) float64 {
		b := methods.EmptyBatch(len(texts), 16, 8)
		for i, e := range texts {
			taught, _ := e.Train(b.Length, b.Answers, w.ends[0])
			b.SetText(i, taught.Tokens, taught.First, taught.Targets)
		}
		var logs [2][]float32
		for i, weights := range [][]*tensors.Tensor{w.base.Weights(nil), w.base.Weights(noisy)} {
			outputs, err := w.base.RunBatch("log-probabilities", weights, b, func(in methods.Inputs) []*graph.Node {
				config := w.base.Model.Config
				return []*graph.Node{graph.LogSoftmax(config.Logits(in.Weights, config.HiddenTail(in.Weights, in.Rows, 8, nil)))}
			})
			if err != nil {
				t.Fatal(err)
			}
			if logs[i], err = tensors.CopyFlatData[float32](outputs[0]); err != nil {
				t.Fatal(err)
			}
		}
		sum, n, vocabulary := 0.0, 0.0, w.base.Model.Config.Vocabulary
		for slot, weight := range b.Weights {
			if weight == 0 {
				continue
			}
			n++
			for k := slot * vocabulary; k < (slot+1)*vocabulary; k++ {
				p, q := float64(logs[0][k]), float64(logs[1][k])
				sum += math.Exp(p) * (p - q)
			}
		}
		return sum / n
	}
	var battery, heldOut []datasets.Encoded
	for _, task := range w.data.Knowledge {
		battery = slices.Concat(battery, task.Test)
	}
	for _, text := range w.data.HeldOut {
		heldOut = append(heldOut, datasets.Encoded{Prompt: text[:1], Answer: text[1 : len(text)-1]})
	}
	for name, c := range map[string]struct {
		got   *float64
		texts []datasets.Encoded
	}{"battery": {row.Divergence.Knowledge, battery}, "held-out text": {row.Divergence.HeldOut, heldOut}} {
		if want := by(c.texts); !(math.Abs(*c.got-want) <= 1e-4*want) || !(want > 1e-3) {
			t.Errorf("%s: %g nats, by both models' predictions %g", name, *c.got, want)
		}
	}
}

// A cell's boundaries have it on record, the base row with 0; within a stream of which only the own
// task is evaluated it is left out.
func TestDivergenceIsRecorded(t *testing.T) {
	for _, every := range []string{suite.EveryTask, suite.EveryFinal} {
		w, run := klToy(t, every)
		cell := w.cells[0]
		if err := w.RunCell(context.Background(), cell, nil); err != nil {
			t.Fatal(err)
		}
		seen := 0
		for _, e := range boundariesOf(t, run.Cell(cell.ID)) {
			d := e.Divergence
			switch {
			case every == suite.EveryFinal && e.Index > 0 && e.Index < 3:
				if d != nil {
					t.Errorf("boundary %d of one task has a divergence", e.Index)
				}
			case d == nil || d.Knowledge == nil || d.HeldOut != nil:
				t.Fatalf("boundary %d of a backbone without held-out text has the divergence %+v", e.Index, d)
			case (e.Index == 0) != (math.Abs(*d.Knowledge) < 1e-6):
				t.Errorf("boundary %d: %g nats from the backbone", e.Index, *d.Knowledge)
			default:
				seen++
			}
		}
		if want := map[string]int{suite.EveryTask: 4, suite.EveryFinal: 2}[every]; seen != want {
			t.Errorf("every %s: %d boundaries have a divergence, expected %d", every, seen, want)
		}
	}
}
