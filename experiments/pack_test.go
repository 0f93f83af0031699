package experiments

import (
	"context"
	"math"
	"slices"
	"testing"

	"secura/datasets/prepared"
	"secura/experiments/packing"
	"secura/experiments/record"
	"secura/experiments/suite"
	"secura/methods"
	"secura/methods/backbone"
)

// Packed batches give the losses and the gradients of batches with a row for each example, replay,
// own terms and a task's end included, also in parts of a bounded size, and leave less padding.
func TestPackedBatchesLearnTheSame(t *testing.T) {
	y := newToy(t)
	for _, preset := range []string{"ewc", "i-lora", "secura", "er"} {
		var plain []record.Step
		for _, form := range []struct {
			pack       bool
			accumulate int
		}{{false, 0}, {true, 0}, {true, 4}} {
			s := y.with(suite.MethodSpec{Preset: preset, LearningRate: 0.01, Reason: "test"})
			s.Training.Pack, s.Training.Accumulate = form.pack, form.accumulate
			w := y.open(t, s, t.TempDir())
			w.until = 2
			cell := w.cells[0]
			if err := w.RunCell(context.Background(), cell, nil); err != nil {
				t.Fatal(err)
			}
			steps, _, err := record.Read[record.Step](w.run.Cell(cell.ID).Steps())
			if err != nil {
				t.Fatal(err)
			}
			if !form.pack {
				plain = steps
				if len(w.packers) > 0 {
					t.Error("batches of a row for each example are packed")
				}
				continue
			}
			for n, want := range plain {
				got := steps[n]
				if math.Abs(got.Loss-want.Loss) > 1e-5*want.Loss || math.Abs(got.GradientNorm-want.GradientNorm) > 1e-4*want.GradientNorm || got.Tokens != want.Tokens {
					t.Errorf("%s, packed in %d parts, step %d of task %d: loss %g, gradient norm %g, %d tokens, expected %g, %g and %d", preset, form.accumulate,
						want.Step, want.Index, got.Loss, got.GradientNorm, got.Tokens, want.Loss, want.GradientNorm, want.Tokens)
				}
			}
			if len(w.packers) != 1 {
				t.Fatalf("%d layouts for one method", len(w.packers))
			}
			for key, p := range w.packers {
				slots := (s.Training.Batch + key.replayed) * s.Training.Length
				for _, shape := range p.Shapes {
					if bound := slots/max(form.accumulate, 1) + packing.Unit; shape.Length > max(bound, s.Training.Length+packing.Unit) {
						t.Errorf("%s, packed in %d parts: one of %d slots, of %d in all", preset, form.accumulate, shape.Length, slots)
					}
				}
			}
		}
	}
}

// The shapes of packed batches and their padding in the main job: what a suite's author reads in
// validate -time.
func TestPackedBatchesOfTheMainJobHaveLittlePadding(t *testing.T) {
	s := loadSuite(t, "continual16")
	w, err := openSingle(t.Context(), s, WorkerOptions{Store: &prepared.Store{}, Backend: backbone.BackendOptions{Name: "go"}})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	seen := map[packs]bool{}
	for _, cell := range w.cells[:len(s.Methods)] {
		r, err := w.rehearse(t.Context(), cell)
		if err != nil {
			t.Fatal(err)
		}
		defer r.session.Close()
		key := packs{replayed: r.session.ReplayRows(), front: r.session.ReplaysForward()}
		if seen[key] {
			continue
		}
		seen[key] = true
		steps, err := r.sampleSteps()
		if err != nil {
			t.Fatal(err)
		}
		padding := 1 - float64(steps.held)/float64(steps.slots)
		t.Logf("%s: %.1f %% padding in %v", cell.Method.Name, 100*padding, r.packer.Shapes)
		if padding > 0.08 {
			t.Errorf("%s: %.1f %% of the slots are padding, expected at most 8 %%", cell.Method.Name, 100*padding)
		}
		if n := len(r.packer.Shapes); n > 6 {
			t.Errorf("%s: %d shapes to compile", cell.Method.Name, n)
		}
	}
	if len(seen) != 3 {
		t.Errorf("%d layouts among the methods, expected those of none, ER and I-LoRA", len(seen))
	}
}

// What does not fit a row of its own is cut, packed or not.
func TestTextsLongerThanARowAreCutAsInRows(t *testing.T) {
	y := newToy(t)
	s := y.with(suite.MethodSpec{Preset: "seq", LearningRate: 0.01, Reason: "test"})
	s.Training.Length, s.Training.AnswerLength = 9, 3
	w := y.open(t, s, t.TempDir())
	p, err := w.unrecorded(t.Context(), w.cells[0])
	if err != nil {
		t.Fatal(err)
	}
	session, err := p.start()
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	packed := w.trainer(w.cells[0], session, nil)
	rows := *packed
	rows.packer = nil
	for i := range w.data.Tasks[w.cells[0].Tasks[0]].Train.Len() {
		var targets [2][]int32
		var tokens [2][]int32
		for k, tr := range []*trainer{packed, &rows} {
			b, err := tr.batch([]methods.Row{{Task: 0, Index: i}}, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, one := range b.each() {
				for at, segment := range one.Segments {
					if segment >= 0 {
						tokens[k] = append(tokens[k], one.Tokens[at])
					}
				}
				for at, weight := range one.Weights {
					if weight != 0 {
						targets[k] = append(targets[k], one.Targets[at])
					}
				}
			}
		}
		if len(tokens[1]) > 9 || len(targets[1]) > 3 || !slices.Equal(tokens[0], tokens[1]) || !slices.Equal(targets[0], targets[1]) {
			t.Fatalf("example %d: tokens %v and targets %v, in a row of its own %v and %v", i, tokens[0], targets[0], tokens[1], targets[1])
		}
	}
}
