package experiments

import (
	"cmp"
	"fmt"
	"slices"

	"secura/datasets"
	"secura/datasets/prompt"
	"secura/experiments/suite"
	"secura/methods"
)

// evaluator scores weights on every test example of a stream and its knowledge battery. Batches are laid out once;
// its compiled graphs take effective weights and serve every method; one whose forward pass is not a weight has its own.
type evaluator struct {
	base      *methods.Base
	data      *streamData
	tokenizer *prompt.Tokenizer
	ends      []int32 // tokens that end a text; the first is what training writes
	answers   int     // slots of a score row that predict
	score     []scoreBatch
	written   []writtenBatch
	maxNew    int
	tokens    int64 // computed at most in one evaluation, padding included
	// covers says which groups are evaluated.
	covers func(group int) bool
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

func newEvaluator(base *methods.Base, data *streamData, tokenizer *prompt.Tokenizer, ends []int32, e suite.Evaluation) (*evaluator, error) {
	v := &evaluator{base: base, data: data, tokenizer: tokenizer, ends: ends, covers: func(int) bool { return true }}
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
					return nil, fmt.Errorf("task %s: the options of test example %d need %d tokens, more than the largest of evaluation.lengths, %d",
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
	v.lay(options, prompts, e)
	if v.tokens > int64(e.MaxTokens) {
		return nil, fmt.Errorf("an evaluation computes %d tokens, padding included, more than evaluation.max_tokens, %d; lower evaluation.test_examples or raise the bound",
			v.tokens, e.MaxTokens)
	}
	return v, nil
}

// lay makes the batches, and counts their tokens.
func (v *evaluator) lay(options, prompts []item, e suite.Evaluation) {
	v.layOptions(options, e.Lengths, e.Batch)
	v.layPrompts(prompts, e.Lengths, e.Batch)
	for _, b := range v.score {
		v.tokens += int64(b.batch.Rows * b.batch.Length)
	}
	for _, b := range v.written {
		v.tokens += int64(b.batch.Rows * (b.batch.Length + int(b.limit)))
	}
}

// only is an evaluator of one of the stream's tasks alone. Its shapes are those of v, so that it compiles nothing.
func (v *evaluator) only(task int, e suite.Evaluation) *evaluator {
	data := *v.data
	data.heldOut = nil
	part := &evaluator{base: v.base, data: &data, tokenizer: v.tokenizer, ends: v.ends, answers: v.answers, maxNew: v.maxNew,
		covers: func(group int) bool { return group == task }}
	var items []item
	for i := range data.tasks[task].test {
		items = append(items, item{task, i})
	}
	if data.tasks[task].task.Choice() {
		part.lay(items, nil, e)
	} else {
		part.lay(nil, items, e)
	}
	return part
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
				b.batch.SetText(n, datasets.Encoded{Prompt: text[:first], Answer: text[first:]}, v.ends[0])
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
