package experiments

import (
	"context"
	"os"
	"testing"
	"time"

	"secura/experiments/suite"
	"secura/methods/backbone"
)

// A suite may ask of its own tasks what random tokens cannot give: orders of them, prompts below a
// bound, true answers.
func TestRandomTokensTakeAnySuite(t *testing.T) {
	s, err := suite.Load("smoke", suite.Options{Presets: KnownPresets(), Set: []string{"orders=3", `task_orders=[["syllogisms","add_subtract_stories","country_phrases"]]`,
		"training.max_prompt=40", "evaluation.teacher_forced=true"}})
	if err != nil {
		t.Fatal(err)
	}
	config, err := os.ReadFile("../methods/backbone/testdata/tiny-qwen2/config.json")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	w, err := openShape(ctx, s, config, backbone.BackendOptions{Name: "go"})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	r, err := w.rehearse(t.Context(), w.cells[0])
	if err != nil {
		t.Fatal(err)
	}
	defer r.trainer.session.Close()
	trained := make(chan error, 1)
	go func() { trained <- r.train(ctx, 1) }()
	select {
	case err := <-trained:
		if err != nil {
			t.Fatal(err)
		}
	case <-ctx.Done():
		t.Fatal("no training row was drawn")
	}
	if row, err := w.evaluator.Evaluate(ctx, nil); err != nil || len(row.Scores) != 1 {
		t.Fatalf("evaluated: %+v, %v", row, err)
	}
}

// TestBenchTakesRowsInTheirLengths: where training.lengths has a shorter length, batches are
// computed in it, and less is padding.
func TestBenchTakesRowsInTheirLengths(t *testing.T) {
	y := newToy(t)
	bench := func(lengths []int) Speed {
		s := y.with(suite.MethodSpec{Preset: "seq"})
		s.Training.Pack, s.Training.Lengths, s.Training.Batch = false, lengths, 2
		result, err := Bench(t.Context(), BenchOptions{Suite: s, Store: y.store(), Backend: backbone.BackendOptions{Name: "go"}})
		if err != nil || len(result.Training) != 1 {
			t.Fatal(result, err)
		}
		return result.Training[0]
	}
	full, own := bench(nil), bench([]int{5})
	if own.Tokens != full.Tokens || !(own.Padding < full.Padding) || !(own.FLOP < full.FLOP) || own.Elapsed <= 0 {
		t.Errorf("in full rows %+v, with a shorter length %+v", full, own)
	}
}
