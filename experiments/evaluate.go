package experiments

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"secura/datasets"
	"secura/datasets/score"
	"secura/experiments/record"
	"secura/methods"
)

// prediction is what was predicted for one test example.
type prediction struct {
	text   string
	option int       // -1 where the answer was written
	sums   []float64 // log-likelihood of each option
	score  float64   // by the task's first score
}

// answer is the text that was written or chosen for the example.
func (p prediction) answer(e datasets.Example) string {
	if p.option < 0 {
		return p.text
	}
	return strings.TrimSpace(e.Options[p.option])
}

// evaluation is the outcome at one boundary.
type evaluation struct {
	scores     []record.TaskScores // in the suite's order; without scores where a task was not evaluated
	knowledge  *float64
	parts      []record.Score
	perplexity *float64
	tokens     int64
	groups     [][]prediction // by group and example; nil where a group was not evaluated
	weights    string         // the digest of the effective weights
}

// accuracy is the mean of the stream's tasks' first scores; all must have been evaluated.
func (e *evaluation) accuracy() float64 {
	mean := 0.0
	for _, s := range e.scores {
		mean += s.Scores[0].Value / float64(len(e.scores))
	}
	return mean
}

// evaluate scores the backbone with the effective weights; nil are the pretrained ones.
func (v *evaluator) evaluate(ctx context.Context, effective map[string]*tensors.Tensor) (*evaluation, error) {
	return v.evaluateFunction(ctx, v.base.Function(effective))
}

// evaluateFunction scores what a session has learned so far.
func (v *evaluator) evaluateFunction(ctx context.Context, f *methods.Function) (*evaluation, error) {
	learned := f.Learned()
	for _, name := range slices.Sorted(maps.Keys(learned)) {
		if err := checkFinite(name, learned[name]); err != nil {
			return nil, err
		}
	}
	groups := v.groups()
	out := &evaluation{tokens: v.tokens, groups: make([][]prediction, len(groups))}
	for g := range groups {
		if v.covers(g) {
			out.groups[g] = make([]prediction, len(groups[g].test))
		}
	}
	var nats float64
	var texts int64
	for _, b := range v.score {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		logs, err := v.logLikelihoods(f, b.batch)
		if err != nil {
			return nil, fmt.Errorf("evaluate: %w", err)
		}
		for n, row := range b.rows {
			mine := logs[n*v.answers : (n+1)*v.answers]
			if row.group < 0 {
				for i, w := range b.batch.Weights[n*v.answers : (n+1)*v.answers] {
					if w != 0 {
						nats -= float64(mine[i])
						texts++
					}
				}
				continue
			}
			out.groups[row.group][row.index] = choose(mine, row.slots)
		}
	}
	for _, b := range v.written {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		tokens, err := v.generate(f, b)
		if err != nil {
			return nil, fmt.Errorf("evaluate: %w", err)
		}
		for n, p := range b.items {
			ids := tokens[n*v.maxNew : (n+1)*v.maxNew][:groups[p.group].task.MaxNewTokens]
			if i := slices.IndexFunc(ids, func(id int32) bool { return slices.Contains(v.ends, id) }); i >= 0 {
				ids = ids[:i]
			}
			out.groups[p.group][p.index] = prediction{text: strings.TrimSpace(groups[p.group].task.Cut(v.tokenizer.Decode(ids))), option: -1}
		}
	}
	if texts > 0 {
		mean := nats / float64(texts)
		if !finite(mean) {
			return nil, fmt.Errorf("the perplexity of held-out text: %w", errNotFinite)
		}
		out.perplexity = &mean
	}
	return out, v.summarise(out)
}

// choose picks the option with the highest mean log-likelihood.
func choose(logs []float32, slots [][2]int) prediction {
	var sums []float64
	lengths := make([]int, len(slots))
	for i, s := range slots {
		sum := 0.0
		for _, l := range logs[s[0]:s[1]] {
			sum += float64(l)
		}
		sums = append(sums, sum)
		lengths[i] = s[1] - s[0]
	}
	return chosen(sums, lengths)
}

// chosen picks an option by the options' log-likelihoods and numbers of tokens.
func chosen(sums []float64, lengths []int) prediction {
	return prediction{option: score.Choose(sums, lengths), sums: sums}
}

// summarise scores every group.
func (v *evaluator) summarise(out *evaluation) error {
	groups := v.groups()
	right, all := 0.0, 0
	for g, t := range groups {
		predictions := out.groups[g]
		if !v.covers(g) {
			if g < len(v.data.tasks) {
				out.scores = append(out.scores, record.TaskScores{Task: t.task.Name})
			}
			continue
		}
		scores := record.TaskScores{Task: t.task.Name}
		for k, name := range t.task.Scores {
			total, each, err := scoreTask(name, t, predictions)
			if err != nil {
				return err
			}
			if math.IsNaN(total) {
				return fmt.Errorf("score %s of task %s is not a number", name, t.task.Name)
			}
			if k == 0 {
				for i := range predictions {
					predictions[i].score = each[i]
				}
			}
			scores.Scores = append(scores.Scores, record.Score{Name: name, Value: total})
		}
		if g < len(v.data.tasks) {
			out.scores = append(out.scores, scores)
			continue
		}
		out.parts = append(out.parts, record.Score{Name: t.task.Name, Value: scores.Scores[0].Value})
		for _, p := range predictions {
			right += p.score
		}
		all += len(predictions)
	}
	if all > 0 {
		share := right / float64(all)
		out.knowledge = &share
	}
	return nil
}

// scoreTask is one named score of a task's predictions.
func scoreTask(name string, t taskData, predictions []prediction) (total float64, each []float64, err error) {
	each = make([]float64, len(predictions))
	if t.task.Choice() {
		for i, p := range predictions {
			for _, sum := range p.sums {
				if !finite(sum) {
					return 0, nil, fmt.Errorf("the log-likelihood of an option of task %s: %w", t.task.Name, errNotFinite)
				}
			}
			if t.examples[i].Right(p.option) {
				each[i] = 1
				total++
			}
		}
		if name == "accuracy" {
			return total / float64(len(each)), each, nil
		}
	}
	scorer, err := score.ByName(name)
	if err != nil {
		return 0, nil, err
	}
	cases := make([]score.Case, len(predictions))
	for i, p := range predictions {
		e := t.examples[i]
		cases[i] = score.Case{Prediction: p.answer(e), Golds: e.RightAnswers(), Original: e.Original}
	}
	total, each = scorer.ScoreCases(cases)
	return total, each, nil
}

// checkFinite refuses a weight with a value that is not finite: what is decoded with it looks like text.
func checkFinite(name string, t *tensors.Tensor) error {
	var err error
	accessErr := tensors.ConstFlatData(t, func(values []float32) {
		for _, x := range values {
			if !finite(float64(x)) {
				err = fmt.Errorf("weight %s: %w", name, errNotFinite)
				return
			}
		}
	})
	return errors.Join(err, accessErr)
}

// logLikelihoods are log p(target) at the answer slots, [rows, answers].
func (v *evaluator) logLikelihoods(f *methods.Function, b datasets.Batch) ([]float32, error) {
	outputs, err := f.Run(fmt.Sprintf("score-%dx%d", b.Rows, b.Length), methods.Batch(b), v.base.BuildScore)
	if err != nil {
		return nil, err
	}
	return hostValues[float32](outputs)
}

// generate continues prompts greedily, [rows, maxNew].
func (v *evaluator) generate(f *methods.Function, b writtenBatch) ([]int32, error) {
	outputs, err := f.Run(fmt.Sprintf("generate-%dx%d+%d", b.batch.Rows, b.batch.Length, v.maxNew), methods.Batch(b.batch),
		func(in methods.Inputs) []*graph.Node { return v.base.BuildGenerate(in, v.maxNew, v.ends) }, tensors.FromScalar(b.limit))
	if err != nil {
		return nil, err
	}
	return hostValues[int32](outputs)
}

// hostValues copies the only output of a graph to the host and releases it.
func hostValues[T int32 | float32](outputs []*tensors.Tensor) ([]T, error) {
	values, err := tensors.CopyFlatData[T](outputs[0])
	for _, t := range outputs {
		t.FinalizeAll()
	}
	return values, err
}
