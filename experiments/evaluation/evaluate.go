// Package evaluation scores a model on every test example of a stream and its knowledge battery. In
// come the texts as tokens and a function, the backbone with whatever a method has learned; out
// comes a Row: the scores of each task, the share of knowledge, and what was predicted for each
// example, from which a row can be scored again. Read Evaluator first.
package evaluation

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"

	"secura/datasets"
	"secura/datasets/score"
	"secura/experiments/record"
	"secura/experiments/stream"
	"secura/methods"
)

// Finite says whether a number is one.
func Finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// Prediction is what was predicted for one test example.
type Prediction struct {
	Text   string
	Option int       // -1 where the answer was written
	Sums   []float64 // log-likelihood of each option
	Score  float64   // by the task's first score
}

// Answer is the text that was written or chosen for the example.
func (p Prediction) Answer(e datasets.Example) string {
	if p.Option < 0 {
		return p.Text
	}
	return strings.TrimSpace(e.Options[p.Option])
}

// Row is the outcome at one boundary.
type Row struct {
	Scores     []record.TaskScores // in the suite's order; without scores where a task was not evaluated
	Knowledge  *float64
	Parts      []record.Score
	Perplexity *float64
	// Forced are the teacher-forced measures by group, without a task where a group was not
	// evaluated; nil where they were not asked for.
	Forced []record.TeacherForced
	// Divergence is how far predictions are from the untouched backbone's; nil where that was not
	// asked for.
	Divergence *record.Divergence
	// Mixtures are those of the pretrained and the learned weights; nil where none were asked for.
	Mixtures []record.Mixture
	// Perturbed is that of the backbone with noise, as a reference beside a base row; nil where it
	// was not asked for.
	Perturbed *Row
	Tokens    int64
	Groups    [][]Prediction // by group and example; nil where a group was not evaluated
	Weights   string         // the digest of the effective weights
}

// Accuracy is the mean of the stream's tasks' first scores; all must have been evaluated.
func (e *Row) Accuracy() float64 {
	mean := 0.0
	for _, s := range e.Scores {
		mean += s.Scores[0].Value / float64(len(e.Scores))
	}
	return mean
}

// Evaluate scores the backbone with the effective weights; nil are the pretrained ones.
func (v *Evaluator) Evaluate(ctx context.Context, effective map[string]*tensors.Tensor) (*Row, error) {
	return v.EvaluateFunction(ctx, v.base.Function(effective))
}

// EvaluateFunction scores what a session has learned so far.
func (v *Evaluator) EvaluateFunction(ctx context.Context, f *methods.Function) (*Row, error) {
	learned := f.Learned()
	for _, name := range slices.Sorted(maps.Keys(learned)) { // what is decoded with a broken one looks like text
		if err := methods.CheckFinite("weight "+name, learned[name]); err != nil {
			return nil, err
		}
	}
	groups := v.Groups()
	out := &Row{Tokens: v.Tokens, Groups: make([][]Prediction, len(groups))}
	for g := range groups {
		if v.covers(g) {
			out.Groups[g] = make([]Prediction, len(groups[g].Test))
		}
	}
	var nats float64
	var texts int64
	done := &progress{all: v.Tokens, tell: v.tell}
	for _, b := range v.score {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		logs, err := v.logLikelihoods(f, b.batch)
		if err != nil {
			return nil, fmt.Errorf("evaluate: %w", err)
		}
		for _, q := range b.questions {
			if q.group >= 0 {
				out.Groups[q.group][q.index] = choose(logs, q.slots)
				continue
			}
			for _, l := range logs[q.slots[0][0]:q.slots[0][1]] {
				nats -= float64(l)
				texts++
			}
		}
		done.add(b.tokens())
	}
	for _, b := range v.written {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		texts, err := v.write(f, b)
		if err != nil {
			return nil, fmt.Errorf("evaluate: %w", err)
		}
		for n, p := range b.items {
			out.Groups[p.group][p.index] = Prediction{Text: strings.TrimSpace(groups[p.group].Task.Cut(texts[n])), Option: -1}
		}
		done.add(b.tokens())
	}
	if err := v.evaluateForced(ctx, f, out, done); err != nil {
		return nil, fmt.Errorf("evaluate: %w", err)
	}
	if err := v.evaluateDivergence(ctx, f, out, done); err != nil {
		return nil, fmt.Errorf("evaluate: %w", err)
	}
	if texts > 0 {
		mean := nats / float64(texts)
		if !Finite(mean) {
			return nil, fmt.Errorf("the perplexity of held-out text: %w", methods.ErrNotFinite)
		}
		out.Perplexity = &mean
	}
	return out, v.summarise(out)
}

// choose picks the option with the highest mean log-likelihood.
func choose(logs []float32, slots [][2]int) Prediction {
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
	return Chosen(sums, lengths)
}

// Chosen picks an option by the options' log-likelihoods and numbers of tokens.
func Chosen(sums []float64, lengths []int) Prediction {
	return Prediction{Option: score.Choose(sums, lengths), Sums: sums}
}

// summarise scores every group.
func (v *Evaluator) summarise(out *Row) error {
	groups := v.Groups()
	right, all := 0.0, 0
	for g, t := range groups {
		predictions := out.Groups[g]
		if !v.covers(g) {
			if g < len(v.data.Tasks) {
				out.Scores = append(out.Scores, record.TaskScores{Task: t.Task.Name})
			}
			continue
		}
		scores := record.TaskScores{Task: t.Task.Name}
		for k, name := range t.Task.Scores {
			total, each, err := scoreTask(name, t, predictions)
			if err != nil {
				return err
			}
			if math.IsNaN(total) {
				return fmt.Errorf("score %s of task %s is not a number", name, t.Task.Name)
			}
			if k == 0 {
				for i := range predictions {
					predictions[i].Score = each[i]
				}
			}
			scores.Scores = append(scores.Scores, record.Score{Name: name, Value: total})
		}
		if g < len(v.data.Tasks) {
			out.Scores = append(out.Scores, scores)
			continue
		}
		out.Parts = append(out.Parts, record.Score{Name: t.Task.Name, Value: scores.Scores[0].Value})
		for _, p := range predictions {
			right += p.Score
		}
		all += len(predictions)
	}
	if all > 0 {
		share := right / float64(all)
		out.Knowledge = &share
	}
	return nil
}

// scoreTask is one named score of a task's predictions.
func scoreTask(name string, t stream.Task, predictions []Prediction) (total float64, each []float64, err error) {
	each = make([]float64, len(predictions))
	if t.Task.Choice() {
		for i, p := range predictions {
			for _, sum := range p.Sums {
				if !Finite(sum) {
					return 0, nil, fmt.Errorf("the log-likelihood of an option of task %s: %w", t.Task.Name, methods.ErrNotFinite)
				}
			}
			if t.Examples[i].Right(p.Option) {
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
		e := t.Examples[i]
		cases[i] = score.Case{Prediction: p.Answer(e), Golds: e.RightAnswers(), Original: e.Original}
	}
	total, each = scorer.ScoreCases(cases)
	return total, each, nil
}

// logLikelihoods are log p(target) at the answer slots, [rows, answers].
func (v *Evaluator) logLikelihoods(f *methods.Function, b methods.Packed) ([]float32, error) {
	outputs, err := f.RunPacked(fmt.Sprintf("score-%dx%d+%d", b.Rows*b.Length/b.Block, b.Block, b.Answers), b, v.base.BuildScore)
	if err != nil {
		return nil, err
	}
	return hostValues[float32](outputs)
}

// hostValues copies the only output of a graph to the host and releases it.
func hostValues[T int32 | float32](outputs []*tensors.Tensor) ([]T, error) {
	values, err := tensors.CopyFlatData[T](outputs[0])
	for _, t := range outputs {
		t.FinalizeAll()
	}
	return values, err
}
