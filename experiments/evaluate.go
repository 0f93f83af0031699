package experiments

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"secura/datasets"
	"secura/datasets/prompt"
	"secura/datasets/score"
	"secura/experiments/record"
	"secura/methods"
)

// evaluator scores weights on every test example of a stream and its knowledge battery. Batches are laid out once;
// its compiled graphs take effective weights and serve every method.
type evaluator struct {
	base      *methods.Base
	data      *streamData
	tokenizer *prompt.Tokenizer
	end       int32
	answers   int // slots of a score row that predict
	score     []scoreBatch
	written   []writtenBatch
	maxNew    int
	tokens    int64 // computed at most in one evaluation, padding included
}

// heldOutAnswers is how many tokens of a held-out text, its last ones, are scored at least.
const heldOutAnswers = 32

// item is a test example: group numbers the tasks of the stream and then those of the battery.
type item struct{ group, index int }

// scoreBatch holds rows of options, and rows of held-out text (group -1).
type scoreBatch struct {
	batch datasets.Batch
	rows  []scoreRow
}

type scoreRow struct {
	item
	slots [][2]int // of each option
}

// writtenBatch holds prompts that are continued.
type writtenBatch struct {
	batch datasets.Batch
	items []item
	limit int32 // of new tokens
}

// prediction is what was predicted for one test example.
type prediction struct {
	text   string
	option int       // -1 where the answer was written
	sums   []float64 // log-likelihood of each option
	score  float64   // by the task's first score
}

// evaluation is the outcome at one boundary.
type evaluation struct {
	scores     []record.TaskScores // in the suite's order
	knowledge  *float64
	parts      []record.Score
	perplexity *float64
	tokens     int64
	groups     [][]prediction // by group and example
}

func newEvaluator(base *methods.Base, data *streamData, tokenizer *prompt.Tokenizer, end int32, e Evaluation) (*evaluator, error) {
	v := &evaluator{base: base, data: data, tokenizer: tokenizer, end: end}
	lengths := e.Lengths
	longest := lengths[len(lengths)-1]
	var options []item
	var prompts []item
	for g, t := range v.groups() {
		for i, example := range t.test {
			if t.task.Choice() {
				options = append(options, item{g, i})
				total := 0
				for _, o := range example.Options {
					total += len(o)
				}
				if total+len(example.Prompt)-1 > longest {
					return nil, fmt.Errorf("task %s: test example %d needs %d tokens with its options, more than the largest of evaluation.lengths, %d",
						t.task.Name, t.examples[i].ID, total+len(example.Prompt)-1, longest)
				}
				v.answers = max(v.answers, total)
			} else {
				prompts = append(prompts, item{g, i})
				if len(example.Prompt) > longest {
					return nil, fmt.Errorf("task %s: the prompt of test example %d has %d tokens, more than the largest of evaluation.lengths, %d",
						t.task.Name, t.examples[i].ID, len(example.Prompt), longest)
				}
				v.maxNew = max(v.maxNew, t.task.MaxNewTokens)
			}
		}
	}
	if len(data.heldOut) > 0 {
		v.answers = max(v.answers, heldOutAnswers)
	}
	v.answers = min((v.answers+7)/8*8, longest) // even shapes compute faster
	v.layOptions(options, lengths, e.Batch)
	v.layPrompts(prompts, lengths, e.Batch)
	for _, b := range v.score {
		v.tokens += int64(b.batch.Rows * b.batch.Length)
	}
	for _, b := range v.written {
		v.tokens += int64(b.batch.Rows * (b.batch.Length + int(b.limit)))
	}
	if v.tokens > int64(e.MaxTokens) {
		return nil, fmt.Errorf("an evaluation computes %d tokens, padding included, more than evaluation.max_tokens, %d; lower evaluation.test_examples or raise the bound",
			v.tokens, e.MaxTokens)
	}
	return v, nil
}

// groups are the tasks of the stream and then those of the battery.
func (v *evaluator) groups() []taskData {
	return append(slices.Clone(v.data.tasks), v.data.knowledge...)
}

// layOptions puts options and held-out text into rows of the smallest length that fits.
func (v *evaluator) layOptions(options []item, lengths []int, rows int) {
	groups := v.groups()
	for _, length := range lengths {
		if length < v.answers {
			continue
		}
		var open *scoreBatch
		row := func() (*scoreBatch, int) {
			if open == nil || len(open.rows) == rows {
				v.score = append(v.score, scoreBatch{batch: datasets.NewBatch(rows, length, v.answers)})
				open = &v.score[len(v.score)-1]
			}
			return open, len(open.rows)
		}
		options = slices.DeleteFunc(options, func(o item) bool {
			ex := groups[o.group].test[o.index]
			b, n := row()
			slots, ok := b.batch.SetOptions(n, ex.Prompt, ex.Options)
			if ok {
				b.rows = append(b.rows, scoreRow{o, slots})
			}
			return ok
		})
		if length == lengths[len(lengths)-1] {
			for i, text := range v.data.heldOut {
				b, n := row()
				text = text[:min(len(text), length)]
				first := max(1, len(text)+1-v.answers) // nothing predicts the first token
				b.batch.SetText(n, text[:first], text[first:], v.end)
				b.rows = append(b.rows, scoreRow{item: item{-1, i}})
			}
		}
		if open != nil && len(open.rows) == 0 {
			v.score = v.score[:len(v.score)-1]
		}
	}
}

// layPrompts puts prompts that are to be continued into rows of the smallest length that fits, those with short
// answers together, since a batch is decoded until its longest.
func (v *evaluator) layPrompts(prompts []item, lengths []int, rows int) {
	groups := v.groups()
	limit := func(p item) int { return groups[p.group].task.MaxNewTokens }
	slices.SortStableFunc(prompts, func(a, b item) int { return cmp.Compare(limit(a), limit(b)) })
	shortest := 0
	for _, length := range lengths {
		var open *writtenBatch
		for _, p := range prompts {
			text := groups[p.group].test[p.index].Prompt
			if len(text) > length || len(text) <= shortest {
				continue
			}
			if open == nil || len(open.items) == rows {
				v.written = append(v.written, writtenBatch{batch: datasets.NewBatch(rows, length, 1)})
				open = &v.written[len(v.written)-1]
			}
			open.batch.SetPrompt(len(open.items), text)
			open.items = append(open.items, p)
			open.limit = max(open.limit, int32(limit(p)))
		}
		shortest = length
	}
	// An empty row would rarely write an end and keep the whole batch from ending.
	for _, b := range v.written {
		first := groups[b.items[0].group].test[b.items[0].index].Prompt
		for row := len(b.items); row < b.batch.Rows; row++ {
			b.batch.SetPrompt(row, first)
		}
	}
}

// evaluate scores the backbone with the effective weights; nil are the pretrained ones.
func (v *evaluator) evaluate(ctx context.Context, effective map[string]*tensors.Tensor) (*evaluation, error) {
	for name, t := range effective {
		if err := checkFinite(name, t); err != nil {
			return nil, err
		}
	}
	groups := v.groups()
	out := &evaluation{tokens: v.tokens, groups: make([][]prediction, len(groups))}
	for g := range groups {
		out.groups[g] = make([]prediction, len(groups[g].test))
	}
	weights := v.base.Weights(effective)
	var nats float64
	var texts int64
	for _, b := range v.score {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		logs, err := v.logLikelihoods(weights, b.batch)
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
		tokens, err := v.generate(weights, b)
		if err != nil {
			return nil, fmt.Errorf("evaluate: %w", err)
		}
		for n, p := range b.items {
			ids := tokens[n*v.maxNew : (n+1)*v.maxNew][:groups[p.group].task.MaxNewTokens]
			if i := slices.Index(ids, v.end); i >= 0 {
				ids = ids[:i]
			}
			out.groups[p.group][p.index] = prediction{text: strings.TrimSpace(v.tokenizer.Decode(ids)), option: -1}
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
	p := prediction{}
	lengths := make([]int, len(slots))
	for i, s := range slots {
		sum := 0.0
		for _, l := range logs[s[0]:s[1]] {
			sum += float64(l)
		}
		p.sums = append(p.sums, sum)
		lengths[i] = s[1] - s[0]
	}
	p.option = score.Choose(p.sums, lengths)
	return p
}

// summarise scores every group.
func (v *evaluator) summarise(out *evaluation) error {
	groups := v.groups()
	right, all := 0.0, 0
	for g, t := range groups {
		predictions := out.groups[g]
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
			if p.option == t.examples[i].Gold {
				each[i] = 1
				total++
			}
		}
		return total / float64(len(each)), each, nil
	}
	scorer, err := score.ByName(name)
	if err != nil {
		return 0, nil, err
	}
	texts, golds := make([]string, len(predictions)), make([]string, len(predictions))
	for i, p := range predictions {
		texts[i], golds[i] = p.text, strings.TrimSpace(t.examples[i].Answer)
	}
	total, each = scorer.Score(texts, golds)
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
func (v *evaluator) logLikelihoods(weights []*tensors.Tensor, b datasets.Batch) ([]float32, error) {
	outputs, err := v.base.RunBatch(fmt.Sprintf("score-%dx%d", b.Rows, b.Length), weights, methods.Batch(b), v.base.BuildScore)
	if err != nil {
		return nil, err
	}
	return hostValues[float32](outputs)
}

// generate continues prompts greedily, [rows, maxNew].
func (v *evaluator) generate(weights []*tensors.Tensor, b writtenBatch) ([]int32, error) {
	outputs, err := v.base.RunBatch(fmt.Sprintf("generate-%dx%d+%d", b.batch.Rows, b.batch.Length, v.maxNew), weights, methods.Batch(b.batch),
		func(in methods.Inputs) []*graph.Node { return v.base.BuildGenerate(in, v.maxNew, []int32{v.end}) }, tensors.FromScalar(b.limit))
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
