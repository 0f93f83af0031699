package evaluation

import (
	"cmp"
	"fmt"
	"slices"

	"secura/datasets"
	"secura/datasets/prompt"
	"secura/experiments/stream"
	"secura/experiments/suite"
	"secura/methods"
	"secura/methods/backbone"
)

// Evaluator scores weights on every test example of a stream and its knowledge battery. Batches are
// laid out once; its compiled graphs take effective weights and serve every method; one whose
// forward pass is not a weight has its own.
type Evaluator struct {
	base      *methods.Base
	data      *stream.Data
	tokenizer *prompt.Tokenizer
	ends      []int32 // tokens that end a text; the first is what training writes
	// Answers bounds those of one question, and is how many of a held-out text's last tokens are
	// scored.
	Answers int
	shapes  []scoreShape // of score batches
	score   []scoreBatch
	written []writtenBatch
	forced  []forcedBatch // nil unless evaluation.teacher_forced asks for it
	maxNew  int
	stops   *stops // nil where no task has stop texts
	Tokens  int64  // computed at most in one evaluation, padding included
	// covers says which groups are evaluated.
	covers func(group int) bool
}

// heldOutAnswers is how many tokens of a held-out text, its last ones, are scored at least.
const heldOutAnswers = 32

// item is a test example: group numbers the tasks of the stream and then those of the battery.
type item struct{ group, index int }

// writtenBatch holds prompts that are continued.
type writtenBatch struct {
	batch datasets.Batch
	items []item
	limit int32 // of new tokens
}

// New lays out the batches of all test examples; it refuses what does not fit a row. base may be
// nil where nothing is evaluated. ends are the tokens that end a text.
func New(base *methods.Base, data *stream.Data, tokenizer *prompt.Tokenizer, ends []int32, e suite.Evaluation) (*Evaluator, error) {
	v := &Evaluator{base: base, data: data, tokenizer: tokenizer, ends: ends, covers: func(int) bool { return true }}
	lengths := e.Lengths
	longest := lengths[len(lengths)-1]
	var options []item
	var prompts []item
	for g, t := range v.Groups() {
		for i, example := range t.Test {
			if t.Task.Choice() {
				options = append(options, item{g, i})
				total := 0
				for _, o := range example.Options {
					total += len(o)
				}
				if total+len(example.Prompt)-1 > longest {
					return nil, fmt.Errorf("task %s: the options of test example %d need %d tokens, more than the largest of evaluation.lengths, %d",
						t.Task.Name, t.Examples[i].ID, total+len(example.Prompt)-1, longest)
				}
				v.Answers = max(v.Answers, total)
			} else {
				prompts = append(prompts, item{g, i})
				if len(example.Generated()) > longest {
					return nil, fmt.Errorf("task %s: the prompt of test example %d has %d tokens, more than the largest of evaluation.lengths, %d",
						t.Task.Name, t.Examples[i].ID, len(example.Generated()), longest)
				}
				v.maxNew = max(v.maxNew, t.Task.MaxNewTokens)
			}
		}
	}
	if len(data.HeldOut) > 0 {
		v.Answers = max(v.Answers, heldOutAnswers)
	}
	v.Answers = min((v.Answers+7)/8*8, longest) // even shapes compute faster
	v.lay(options, prompts, e)
	v.stops = v.newStops()
	if v.Tokens > int64(e.MaxTokens) {
		return nil, fmt.Errorf("an evaluation computes %d tokens, padding included, more than evaluation.max_tokens, %d; lower evaluation.test_examples or the tasks' max_new_tokens, or raise the bound",
			v.Tokens, e.MaxTokens)
	}
	return v, nil
}

// lay makes the batches, and counts their tokens.
func (v *Evaluator) lay(options, prompts []item, e suite.Evaluation) {
	v.layOptions(options, e.Lengths, e.Batch)
	v.layPrompts(prompts, e.Lengths, e.Batch)
	for _, b := range v.score {
		v.Tokens += int64(b.batch.Rows * b.batch.Length)
	}
	for _, b := range v.written {
		v.Tokens += int64(b.batch.Rows * (b.batch.Length + int(b.limit)))
	}
	if e.TeacherForced {
		v.layForced(e.Lengths, e.Batch)
	}
}

// Only is an evaluator of one of the stream's tasks alone. Its shapes are those of v, so that it
// compiles nothing.
func (v *Evaluator) Only(task int, e suite.Evaluation) *Evaluator {
	data := *v.data
	data.HeldOut = nil
	part := &Evaluator{base: v.base, data: &data, tokenizer: v.tokenizer, ends: v.ends, Answers: v.Answers, maxNew: v.maxNew, stops: v.stops, shapes: v.shapes,
		covers: func(group int) bool { return group == task }}
	var items []item
	for i := range data.Tasks[task].Test {
		items = append(items, item{task, i})
	}
	if data.Tasks[task].Task.Choice() {
		part.lay(items, nil, e)
	} else {
		part.lay(nil, items, e)
	}
	return part
}

// Groups are the tasks of the stream and then those of the battery.
func (v *Evaluator) Groups() []stream.Task {
	return append(slices.Clone(v.data.Tasks), v.data.Knowledge...)
}

// layPrompts puts prompts that are to be continued into rows of the smallest length that fits,
// those with short answers together, and of these those with stop texts, since a batch is decoded
// until its longest.
func (v *Evaluator) layPrompts(prompts []item, lengths []int, rows int) {
	groups := v.Groups()
	limit := func(p item) int { return groups[p.group].Task.MaxNewTokens }
	stops := func(p item) int { return min(len(groups[p.group].Task.Stop), 1) }
	slices.SortStableFunc(prompts, func(a, b item) int {
		return cmp.Or(cmp.Compare(limit(a), limit(b)), cmp.Compare(stops(a), stops(b)))
	})
	shortest := 0
	for _, length := range lengths {
		var open *writtenBatch
		for _, p := range prompts {
			text := groups[p.group].Test[p.index].Generated()
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
		first := groups[b.items[0].group].Test[b.items[0].index].Generated()
		for row := len(b.items); row < b.batch.Rows; row++ {
			b.batch.SetPrompt(row, first)
		}
	}
}

// ForwardFLOP counts the operations of an evaluation. A written token's is taken as one of a full
// row.
func (v *Evaluator) ForwardFLOP(c backbone.Config) (flop float64) {
	for _, b := range v.score {
		rows := b.batch.Rows * b.batch.Length / b.batch.Block
		flop += c.ForwardFLOP(rows, b.batch.Block, 0) + c.ForwardFLOP(b.batch.Rows, 0, b.batch.Answers)
	}
	for _, b := range v.forced {
		flop += c.ForwardFLOP(b.batch.Rows, b.batch.Length, b.batch.Answers)
	}
	for _, b := range v.written {
		flop += c.ForwardFLOP(b.batch.Rows, b.batch.Length+int(b.limit), int(b.limit))
	}
	return flop
}
