package experiments

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"

	"secura/datasets"
	"secura/experiments/machine"
)

// benchOptions tells how much faster the options of a question are scored in one row than in a row each, behind the same
// prompt, and that both choose the same. It tells nothing where no task has options.
func (w *Worker) benchOptions(ctx context.Context, out io.Writer) error {
	together, apart := w.optionsTogether(), w.optionsApart()
	if len(together.tasks) == 0 {
		return nil
	}
	settings := w.suite.Evaluation
	settings.MaxTokens = math.MaxInt
	var evaluators [2]*evaluator
	var tokens [2]int64
	for i, data := range []*streamData{together, apart} {
		v, err := newEvaluator(w.base, data, w.tokenizer, w.ends, settings)
		if err != nil {
			return fmt.Errorf("measure options in rows: %w", err)
		}
		evaluators[i], tokens[i] = v, v.tokens
	}
	const repeat = 3
	var ratios []float64
	for turn := range repeat + 1 { // the first compiles
		var seconds [2]float64
		var results [2]*evaluation
		for i, v := range evaluators {
			elapsed := machine.StartClock()
			var err error
			if results[i], err = v.evaluate(ctx, nil); err != nil {
				return fmt.Errorf("measure options in rows: %w", err)
			}
			seconds[i] = elapsed().Seconds
		}
		if turn == 0 {
			if err := sameChoices(together, results[0], results[1]); err != nil {
				return fmt.Errorf("measure options in rows: %w", err)
			}
			continue
		}
		ratios = append(ratios, seconds[1]/seconds[0])
	}
	slices.Sort(ratios)
	questions := 0
	for _, t := range together.tasks {
		questions += len(t.test)
	}
	_, err := fmt.Fprintf(out, "options of a question in one row: %.2f times as fast as in a row each (%d tokens and %d), the same choice for all %d questions\n",
		ratios[repeat/2], tokens[0], tokens[1], questions)
	return err
}

// optionsTogether are the groups that are scored by options, stream and battery alike.
func (w *Worker) optionsTogether() *streamData {
	data := &streamData{}
	for _, t := range w.evaluator.groups() {
		if t.task.Choice() {
			data.tasks = append(data.tasks, t)
		}
	}
	return data
}

// optionsApart are those groups with each option as a question of its own.
func (w *Worker) optionsApart() *streamData {
	data := w.optionsTogether()
	for g, t := range data.tasks {
		t.test, t.examples = nil, nil
		for i, e := range data.tasks[g].test {
			for _, option := range e.Options {
				t.test = append(t.test, datasets.Encoded{Prompt: e.Prompt, Options: [][]int32{option}, Start: e.Start})
				t.examples = append(t.examples, datasets.Example{Task: t.task.Name, ID: data.tasks[g].examples[i].ID})
			}
		}
		data.tasks[g] = t
	}
	return data
}

// sameChoices is nil if options apart are chosen as together.
func sameChoices(data *streamData, together, apart *evaluation) error {
	for g, t := range data.tasks {
		next := 0
		for i, e := range t.test {
			var sums []float64
			var lengths []int
			for _, option := range e.Options {
				sums = append(sums, apart.groups[g][next].sums[0])
				lengths = append(lengths, len(option))
				next++
			}
			if got, want := together.groups[g][i].option, chosen(sums, lengths).option; got != want {
				return fmt.Errorf("task %s, example %d: option %d is chosen of options in one row, %d of options in a row each", t.task.Name, t.examples[i].ID, got, want)
			}
		}
	}
	return nil
}
