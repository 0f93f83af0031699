package experiments

import (
	"context"
	"fmt"
	"math"
	"slices"

	"secura/datasets"
	"secura/datasets/prepared"
	"secura/experiments/pretrained"
	"secura/experiments/stream"
	"secura/experiments/suite"
	"secura/methods/backbone"
)

// The longest rows that are chosen from the data: the memory of a training row grows with its
// tokens. Longer texts are cut, and a warning counts them; a suite may have longer rows by saying
// so.
const (
	longestTraining   = 1024
	longestEvaluation = 2048
)

// heldOutLength is the longest row that is evaluated at least where there is held-out text, which
// is cut to it.
const heldOutLength = 64

// chooseLengths gives the suite the lengths of rows that it leaves to the data, the same for all of
// its backbones.
func (p *Prepared) chooseLengths(ctx context.Context, s suite.Suite, store *prepared.Store) (suite.Suite, error) {
	if !s.LeavesLengths() {
		return s, nil
	}
	var rows, answers, tests []int
	positions, heldOut := math.MaxInt, false
	for _, name := range s.BackboneNames() {
		b, err := pretrained.OpenTexts(s.RunOn(name).Place(), backboneOptions(s))
		if err != nil {
			return s, err
		}
		data, err := stream.Load(ctx, uncut(s), store, b)
		if err != nil {
			return s, err
		}
		positions = min(positions, b.Config.MaxPositions)
		for _, task := range data.Tasks {
			for i := range task.Train.Len() {
				n := task.Train.Lengths(i)
				rows, answers = append(rows, n.Tokens), append(answers, n.AnswerTokens)
			}
		}
		tests = append(tests, testTokens(data, b.Config, s.Evaluation.TeacherForced)...)
		heldOut = heldOut || len(data.HeldOut) > 0
		if err := data.Close(); err != nil {
			return s, err
		}
	}
	training := datasets.RowLengths(rows, min(longestTraining, positions))
	var chosen suite.Suite
	last := len(training) - 1
	chosen.Training.Length, chosen.Training.Lengths = training[last], training[:last:last]
	widest := datasets.RowLengths(answers, longestTraining)
	chosen.Training.AnswerLength = widest[len(widest)-1]
	chosen.Evaluation.Lengths = testLengths(tests, heldOut)
	with := s.WithLengthsOf(chosen)
	p.Chosen = fmt.Sprintf("lengths of rows, chosen from the data where the suite has none: training.length %d, training.lengths %v, training.answer_length %d, evaluation.lengths %v",
		with.Training.Length, with.Training.Lengths, with.Training.AnswerLength, with.Evaluation.Lengths)
	return with, nil
}

// evaluationLengths are those of an evaluation alone.
func evaluationLengths(ctx context.Context, s suite.Suite, store *prepared.Store, b *pretrained.Backbone) ([]int, error) {
	data, err := stream.LoadTests(ctx, uncut(s), store, b)
	if err != nil {
		return nil, err
	}
	return testLengths(testTokens(data, b.Config, s.Evaluation.TeacherForced), len(data.HeldOut) > 0), nil
}

// testLengths are the lengths for test examples of so many tokens.
func testLengths(tokens []int, heldOut bool) []int {
	lengths := datasets.RowLengths(tokens, longestEvaluation)
	if last := len(lengths) - 1; heldOut && lengths[last] < heldOutLength {
		if len(lengths) == 3 {
			lengths = lengths[:last]
		}
		lengths = append(lengths, heldOutLength)
	}
	return lengths
}

// uncut is a suite whose texts are all read whole.
func uncut(s suite.Suite) suite.Suite {
	s.Evaluation.Lengths = []int{math.MaxInt32}
	return s
}

// testTokens are what the test examples need: a prompt, with all of its options.
func testTokens(data *stream.Data, c backbone.Config, forced bool) (tokens []int) {
	for _, task := range slices.Concat(data.Tasks, data.Knowledge) {
		for _, e := range task.Test {
			n := min(len(e.Generated()), c.MaxPositions)
			for i, option := range e.Options {
				if n += len(option); i == 0 {
					n-- // the prompt's last token stands before each option
				}
			}
			if forced {
				n = max(n, e.Tokens())
			}
			tokens = append(tokens, n)
		}
	}
	return tokens
}
