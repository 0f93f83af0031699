package experiments

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"secura/datasets"
	"secura/datasets/prepared"
	"secura/experiments/evaluation"
	"secura/experiments/machine"
	"secura/experiments/stream"
	"secura/experiments/suite"
	"secura/methods/backbone"
)

// OptionsSpeed compares the options of a question in one row after their prompt with those in a row
// each.
type OptionsSpeed struct {
	// Ratio is how many times as fast options in one row are.
	Ratio                       float64
	TokensTogether, TokensApart int64
	Questions                   int
}

// benchOptions measures both ways, and holds that both choose the same. It is nil where no task has
// options.
func (w *Worker) benchOptions(ctx context.Context) (*OptionsSpeed, error) {
	together, apart := w.optionsTogether(), w.optionsApart()
	if len(together.Tasks) == 0 {
		return nil, nil
	}
	settings := w.suite.Evaluation
	settings.MaxTokens, settings.TeacherForced, settings.KL = math.MaxInt, false, false
	var evaluators [2]*evaluation.Evaluator
	for i, data := range []*stream.Data{together, apart} {
		v, err := evaluation.New(w.base, data, w.tokenizer, w.ends, settings)
		if err != nil {
			return nil, fmt.Errorf("measure options in rows: %w", err)
		}
		evaluators[i] = v
	}
	const repeat = 3
	var ratios []float64
	for turn := range repeat + 1 { // the first compiles
		var seconds [2]float64
		var results [2]*evaluation.Row
		for i, v := range evaluators {
			elapsed := machine.StartClock()
			var err error
			if results[i], err = v.Evaluate(ctx, nil); err != nil {
				return nil, fmt.Errorf("measure options in rows: %w", err)
			}
			seconds[i] = elapsed().Seconds
		}
		if turn == 0 {
			if err := sameChoices(together, results[0], results[1]); err != nil {
				return nil, fmt.Errorf("measure options in rows: %w", err)
			}
			continue
		}
		ratios = append(ratios, seconds[1]/seconds[0])
	}
	slices.Sort(ratios)
	questions := 0
	for _, t := range together.Tasks {
		questions += len(t.Test)
	}
	return &OptionsSpeed{Ratio: ratios[repeat/2], TokensTogether: evaluators[0].Tokens, TokensApart: evaluators[1].Tokens, Questions: questions}, nil
}

// optionsTogether are the groups that are scored by options, stream and battery alike.
func (w *Worker) optionsTogether() *stream.Data {
	data := &stream.Data{}
	for _, t := range w.evaluator.Groups() {
		if t.Task.Choice() {
			data.Tasks = append(data.Tasks, t)
		}
	}
	return data
}

// optionsApart are those groups with each option as a question of its own.
func (w *Worker) optionsApart() *stream.Data {
	data := w.optionsTogether()
	for g, t := range data.Tasks {
		t.Test, t.Examples = nil, nil
		for i, e := range data.Tasks[g].Test {
			for _, option := range e.Options {
				t.Test = append(t.Test, datasets.Encoded{Prompt: e.Prompt, Options: [][]int32{option}, Start: e.Start})
				t.Examples = append(t.Examples, datasets.Example{Task: t.Task.Name, ID: data.Tasks[g].Examples[i].ID})
			}
		}
		data.Tasks[g] = t
	}
	return data
}

// sameChoices is nil if options apart are chosen as together.
func sameChoices(data *stream.Data, together, apart *evaluation.Row) error {
	for g, t := range data.Tasks {
		next := 0
		for i, e := range t.Test {
			var sums []float64
			var lengths []int
			for _, option := range e.Options {
				sums = append(sums, apart.Groups[g][next].Sums[0])
				lengths = append(lengths, len(option))
				next++
			}
			if got, want := together.Groups[g][i].Option, evaluation.Chosen(sums, lengths).Option; got != want {
				return fmt.Errorf("task %s, example %d: option %d is chosen of options in one row, %d of options in a row each", t.Task.Name, t.Examples[i].ID, got, want)
			}
		}
	}
	return nil
}

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
	s.Tasks, s.Knowledge, s.HeldOut, s.Name = []datasets.Task{task}, nil, datasets.Texts{}, "random tokens"
	s.Orders, s.TaskOrders, s.Training.MaxPrompt = 1, nil, 0   // those of the suite's own tasks
	s.Evaluation.TeacherForced, s.Evaluation.KL = false, false // random tokens are no text, and none is the true answer
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
	w := &Worker{suite: s, data: &stream.Data{Tasks: []stream.Task{data}}, ends: []int32{0}}
	if w.cells, err = suite.Plan(s); err != nil {
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
