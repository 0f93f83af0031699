package experiments

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"secura/experiments/pretrained"
	"secura/experiments/record"
	"secura/experiments/stream"
	"secura/experiments/suite"
	"secura/methods"
)

// Batches in shorter rows give the losses and the gradients of full ones, replay, own terms and a
// task's end included.
func TestShorterRowsLearnTheSame(t *testing.T) {
	y := newToy(t)
	for _, preset := range []string{"ewc", "i-lora", "secura"} {
		var steps [2][]record.Step
		for i, lengths := range [][]int{nil, {12}} {
			s := y.with(suite.MethodSpec{Preset: preset, LearningRate: 0.01, Reason: "test"})
			s.Training.Pack = false
			s.Training.Lengths, s.Training.AnswerLength = lengths, 14 // more answers than a short row has slots
			w := y.open(t, s, t.TempDir())
			w.until = 2
			cell := w.cells[0]
			if err := w.RunCell(context.Background(), cell, nil); err != nil {
				t.Fatal(err)
			}
			var err error
			if steps[i], _, err = record.Read[record.Step](w.run.Cell(cell.ID).Steps()); err != nil {
				t.Fatal(err)
			}
			if lengths == nil {
				continue
			}
			p, err := w.protocol(t.Context(), cell, w.run.Cell(cell.ID))
			if err != nil {
				t.Fatal(err)
			}
			session, err := p.start()
			if err != nil {
				t.Fatal(err)
			}
			defer session.Close()
			trainer := w.trainer(cell, session, nil)
			if b, err := trainer.batch([]methods.Row{{Task: 0, Index: 0}}, nil); err != nil || b.plain.Length != 12 {
				t.Errorf("a text of %d tokens is laid out in %d, expected 12", trainer.text(methods.Row{}).Tokens(), b.plain.Length)
			}
		}
		for n, want := range steps[0] {
			got := steps[1][n]
			if math.Abs(got.Loss-want.Loss) > 1e-5*want.Loss || math.Abs(got.GradientNorm-want.GradientNorm) > 1e-4*want.GradientNorm || got.Tokens != want.Tokens {
				t.Errorf("%s, step %d of task %d: loss %g, gradient norm %g, expected %g and %g", preset, want.Step, want.Index, got.Loss, got.GradientNorm, want.Loss, want.GradientNorm)
			}
		}
	}
}

// The published protocol: one rate throughout, examples drawn with replacement, the same in each
// run of a seed.
func TestConstantRateAndDrawsWithReplacement(t *testing.T) {
	y := newToy(t)
	s := y.with(suite.MethodSpec{Preset: "seq", LearningRate: 0.01, Reason: "test"})
	s.Training.Steps, s.Training.Batch = 40, 1
	s.Training.Schedule, s.Training.Warmup, s.Training.Draw = suite.Constant, 0, suite.WithReplacement
	w := y.open(t, s, t.TempDir())
	w.until = 1
	cell := w.cells[0]
	if err := w.RunCell(context.Background(), cell, nil); err != nil {
		t.Fatal(err)
	}
	steps, _, err := record.Read[record.Step](w.run.Cell(cell.ID).Steps())
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range steps {
		if step.LearningRate != 0.01 {
			t.Errorf("step %d has the rate %g", step.Step, step.LearningRate)
		}
	}
	p, err := w.protocol(t.Context(), cell, w.run.Cell(cell.ID))
	if err != nil {
		t.Fatal(err)
	}
	drawn, twice := map[int]int{}, false
	lesson := p.plan()[0]
	next := w.trainer(cell, nil, nil).examples(lesson)
	for range lesson.rows {
		row := next()
		drawn[row.Index]++
		twice = twice || drawn[row.Index] > 1
	}
	if !twice || len(drawn) == len(lesson.rows) {
		t.Errorf("of %d examples %d were drawn in as many draws", len(lesson.rows), len(drawn))
	}
}

// Fisher information is of examples that are drawn, each once, also where more are asked for; and
// only those count in the share that a replay memory has.
func TestLongPromptsAreInNoFisherInformation(t *testing.T) {
	y := newToy(t)
	s := y.with(suite.MethodSpec{Preset: "ewc"})
	train := y.open(t, s, t.TempDir()).data.Tasks[0].Train
	for i := range train.Len() {
		s.Training.MaxPrompt = max(s.Training.MaxPrompt, train.Lengths(i).Prompt)
	}
	w := y.open(t, s, t.TempDir())
	p, err := w.protocol(t.Context(), w.cells[0], w.run.Cell(w.cells[0].ID))
	if err != nil {
		t.Fatal(err)
	}
	lesson, trainer := p.plan()[0], w.trainer(w.cells[0], nil, nil)
	left, drawn := map[string]int{}, 0
	for _, row := range lesson.rows {
		if len(trainer.text(row).Prompt) < s.Training.MaxPrompt {
			left[fmt.Sprint(trainer.layOut([]methods.Row{row}, nil, 1).Tokens)]++
			drawn++
		}
	}
	if drawn == 0 || drawn == len(lesson.rows) {
		t.Fatalf("%d of %d examples are drawn", drawn, len(lesson.rows))
	}
	for b, err := range trainer.batches(lesson)(len(lesson.rows)) {
		if err != nil {
			t.Fatal(err)
		}
		for i := range b.Rows {
			if slices.Max(b.Weights[i*b.Answers:(i+1)*b.Answers]) > 0 { // the last batch's other rows are empty
				left[fmt.Sprint(b.Tokens[i*b.Length:(i+1)*b.Length])]--
			}
		}
	}
	for tokens, n := range left {
		if n != 0 {
			t.Errorf("of %s %d are left of those that are drawn", tokens, n)
		}
	}
	want := drawn
	for _, task := range w.data.Tasks[1:] {
		for i := range task.Train.Len() {
			if task.Train.Lengths(i).Prompt < s.Training.MaxPrompt {
				want++
			}
		}
	}
	if got := w.trainExamples(); got != want {
		t.Errorf("a memory is a share of %d examples, expected %d", got, want)
	}
}

// Examples with long prompts are drawn again; a task of nothing else is refused.
func TestLongPromptsAreDrawnAgain(t *testing.T) {
	y := newToy(t)
	s := y.with(suite.MethodSpec{Preset: "seq"})
	w := y.open(t, s, t.TempDir())
	var lengths []int
	for i := range w.data.Tasks[0].Train.Len() {
		e := w.data.Tasks[0].Train.At(i)
		lengths = append(lengths, len(e.Prompt))
	}
	longest, shortest := slices.Max(lengths), slices.Min(lengths)
	if longest == shortest {
		t.Fatalf("all prompts have %d tokens", longest)
	}
	for _, draw := range []string{suite.Epochs, suite.WithReplacement} {
		s.Training.MaxPrompt, s.Training.Draw = longest, draw
		w = y.open(t, s, t.TempDir())
		p, err := w.protocol(t.Context(), w.cells[0], w.run.Cell(w.cells[0].ID))
		if err != nil {
			t.Fatal(err)
		}
		trainer := w.trainer(w.cells[0], nil, nil)
		next := trainer.examples(p.plan()[0])
		for range 3 * len(lengths) {
			if n := len(trainer.text(next()).Prompt); n >= longest {
				t.Fatalf("%s: a prompt of %d tokens was drawn", draw, n)
			}
		}
	}
	s.Training.MaxPrompt = shortest
	b, err := pretrained.Open(s.Backbone, pretrained.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Load(t.Context(), s, y.store(), b); err == nil || !strings.Contains(err.Error(), "training.max_prompt") {
		t.Error(err)
	}
}
