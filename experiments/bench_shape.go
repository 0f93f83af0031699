package experiments

import (
	"context"
	"fmt"
	"math/rand/v2"

	"secura/datasets"
	"secura/datasets/prepared"
	"secura/experiments/stream"
	"secura/experiments/suite"
	"secura/methods/backbone"
)

// openShape is a worker whose backbone has random weights in the shape of a config.json, and whose
// one task is random tokens: what is computed, and how long it takes, is as with a pretrained
// backbone of that shape and full rows.
func openShape(ctx context.Context, s suite.Suite, config []byte, o backbone.BackendOptions) (*Worker, error) {
	shape, err := backbone.ParseConfig(config)
	if err != nil {
		return nil, fmt.Errorf("read the backbone's shape: %w", err)
	}
	r := rand.New(rand.NewPCG(1, 1))
	t, longest := s.Training, s.Evaluation.Lengths[len(s.Evaluation.Lengths)-1]
	s.Evaluation.Lengths, s.Evaluation.MaxTokens = []int{longest}, s.Evaluation.Batch*longest
	task := datasets.Task{Name: "random-tokens", Family: "random", Source: "random", Prompt: "random", OptionsColumn: "options", Gold: "0", Scores: []string{"accuracy"}}
	s.Tasks, s.Knowledge, s.Name = []datasets.Task{task}, nil, "random tokens"
	s.Orders, s.TaskOrders, s.Training.MaxPrompt = 1, nil, 0 // those of the suite's own tasks
	s.Evaluation.TeacherForced = false                       // random tokens are no text, and none is the true answer
	s = s.RunOn("random weights")
	tokens := func(n int) []int32 {
		ids := make([]int32, n)
		for i := range ids {
			ids[i] = r.Int32N(int32(shape.Vocabulary))
		}
		return ids
	}
	data := stream.Task{Task: task}
	answer := t.AnswerLength - 1 // and its end
	var train []datasets.Encoded
	for range max(4*t.Batch, 512) { // enough for a memory of two hundredths of them
		train = append(train, datasets.Encoded{Prompt: tokens(t.Length - answer), Answer: tokens(answer)})
	}
	if data.Train, err = prepared.Temporary(train); err != nil {
		return nil, err
	}
	const options = 4
	size := max(t.AnswerLength/options, 1)
	for i := range s.Evaluation.Batch {
		e := datasets.Encoded{Prompt: tokens(longest - options*size + 1)}
		for range options {
			e.Options = append(e.Options, tokens(size))
		}
		data.Test = append(data.Test, e)
		data.Examples = append(data.Examples, datasets.Example{Task: task.Name, ID: i})
	}
	data.Available = len(data.Test)
	w := &Worker{suite: s, refused: map[string]bool{}, data: &stream.Data{Tasks: []stream.Task{data}}, ends: []int32{0}}
	if w.cells, _, err = suite.Plan(s); err != nil {
		return nil, err
	}
	if w.backend, _, err = backbone.OpenBackend(ctx, o); err != nil {
		return nil, err
	}
	if err := w.compute(backbone.RandomAs(shape, r, precision(s))); err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}
