package evaluation

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"

	"secura/datasets/score"
	"secura/experiments/record"
	"secura/methods"
)

// forcedBatch holds prompts with their true answers, whose tokens are predicted in one forward
// pass.
type forcedBatch struct {
	batch methods.Batch
	items []item
}

// tokens are those that are computed, padding included.
func (b forcedBatch) tokens() int { return b.batch.Rows * b.batch.Length }

// layForced puts every prompt with its true answer into rows of the smallest length that fits; a
// text that is longer than all loses its prompt's beginning, and an answer its end.
func (v *Evaluator) layForced(lengths []int, rows int) {
	longest := lengths[len(lengths)-1]
	answers := 0
	for _, t := range v.Groups() {
		for _, e := range t.Test {
			answers = max(answers, e.AnswerTokens())
		}
	}
	answers = even(answers, longest)
	open := map[int]*forcedBatch{} // by length
	for g, t := range v.Groups() {
		if !v.covers(g) {
			continue
		}
		for i, e := range t.Test {
			length := longest
			if at := slices.IndexFunc(lengths, func(l int) bool { return l >= answers && l >= e.Tokens() }); at >= 0 {
				length = lengths[at]
			}
			b := open[length]
			if b == nil {
				b = &forcedBatch{batch: methods.EmptyBatch(rows, length, answers)}
				open[length] = b
			}
			taught, _ := e.Train(length, answers, v.ends[0])
			b.batch.SetText(len(b.items), taught.Tokens, taught.First, taught.Targets)
			if b.items = append(b.items, item{g, i}); len(b.items) == rows {
				v.forced = append(v.forced, *b)
				delete(open, length)
			}
		}
	}
	for _, length := range lengths {
		if b := open[length]; b != nil {
			v.forced = append(v.forced, *b)
		}
	}
	for _, b := range v.forced {
		v.Tokens += int64(b.tokens())
	}
}

// forcedSums are a task's sums over its examples.
type forcedSums struct {
	examples, tokens, right int
	nats                    float64
	scores, perfect, echo   []float64
}

// evaluateForced predicts the tokens of the true answers.
func (v *Evaluator) evaluateForced(ctx context.Context, f *methods.Function, out *Row, done *progress) error {
	if v.forced == nil {
		return nil
	}
	groups := v.Groups()
	sums := make([]forcedSums, len(groups))
	for _, b := range v.forced {
		if err := ctx.Err(); err != nil {
			return err
		}
		predicted, logs, err := v.predictForced(f, b.batch)
		if err != nil {
			return err
		}
		for n, p := range b.items {
			v.addForced(&sums[p.group], b.batch, n, predicted, logs, groups[p.group].Examples[p.index].Answer)
		}
		done.add(b.tokens())
	}
	out.Forced = make([]record.TeacherForced, len(groups))
	for g, s := range sums {
		if !v.covers(g) {
			continue
		}
		tokens := float64(s.tokens)
		if !Finite(s.nats) {
			return fmt.Errorf("the true answers of task %s: %w", groups[g].Task.Name, methods.ErrNotFinite)
		}
		out.Forced[g] = record.TeacherForced{Task: groups[g].Task.Name, Examples: s.examples, Tokens: s.tokens, Nats: s.nats / tokens, Right: float64(s.right) / tokens,
			Scores: s.means(s.scores), Perfect: s.means(s.perfect), Echo: s.means(s.echo)}
	}
	return nil
}

// addForced adds what was predicted of a row to its task's sums.
func (v *Evaluator) addForced(s *forcedSums, b methods.Batch, row int, predicted []int32, logs []float32, answer string) {
	var mine, gold []int32
	before := int32(0)
	for i := row * b.Answers; i < (row+1)*b.Answers; i++ {
		if b.Weights[i] == 0 {
			continue
		}
		if len(gold) == 0 {
			before = b.Tokens[(row+1)*b.Length-b.Answers+i-row*b.Answers]
		}
		mine, gold = append(mine, predicted[i]), append(gold, b.Targets[i])
		s.nats -= float64(logs[i])
		if predicted[i] == b.Targets[i] {
			s.right++
		}
	}
	s.examples++
	s.tokens += len(gold)
	text := strings.TrimSpace(answer)
	add := func(totals *[]float64, tokens []int32) {
		if *totals == nil {
			*totals = make([]float64, len(score.TeacherForcedNames))
		}
		for i, value := range score.ScoreTeacherForced(tokens, gold, v.tokenizer.DecodeAll(tokens), text).Values() {
			(*totals)[i] += value
		}
	}
	add(&s.scores, mine)
	add(&s.perfect, gold)
	add(&s.echo, score.Echo(before, gold))
}

// means are named means over the examples.
func (s forcedSums) means(totals []float64) []record.Score {
	list := make([]record.Score, len(totals))
	for i, total := range totals {
		list[i] = record.Score{Name: score.TeacherForcedNames[i], Value: total / float64(s.examples)}
	}
	return list
}

// predictForced gives the most likely token at the answer slots and log p(target), each [rows,
// answers].
func (v *Evaluator) predictForced(f *methods.Function, b methods.Batch) (predicted []int32, logs []float32, err error) {
	outputs, err := f.Run(fmt.Sprintf("forced-%dx%d", b.Rows, b.Length), b, v.base.BuildForced)
	if err != nil {
		return nil, nil, err
	}
	if logs, err = tensors.CopyFlatData[float32](outputs[1]); err != nil {
		return nil, nil, err
	}
	predicted, err = hostValues[int32](outputs)
	return predicted, logs, err
}

// ForcedInOrder says how the true answers of the tasks that were evaluated were predicted, in the
// order of learning, and then those of the battery. The references that need no model stand in the
// base row alone.
func (v *Evaluator) ForcedInOrder(tasks []int, row *Row, base bool) (list []record.TeacherForced) {
	if row.Forced == nil {
		return nil
	}
	for _, g := range v.predictionOrder(tasks) {
		t := row.Forced[g]
		if t.Task == "" {
			continue
		}
		if !base {
			t.Perfect, t.Echo = nil, nil
		}
		list = append(list, t)
	}
	return list
}
