package evaluation

import (
	"cmp"
	"fmt"
	"slices"

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
	rows    map[int]int // of written batches, by length
	written []writtenBatch
	forced  []forcedBatch // nil unless evaluation.teacher_forced asks for it
	// divergence is nil unless evaluation.kl asks for it.
	divergence []divergenceBatch
	maxNew     int
	stops      *stops    // nil where no task has stop texts
	stopTokens [][]int32 // by group, the special tokens among its stop texts
	Tokens     int64     // computed at most in one evaluation, padding included
	// covers says which groups are evaluated.
	covers func(group int) bool
	// tell is told how much is done; nil where nobody watches (Watched).
	tell func(percent int)
}

// heldOutAnswers is how many tokens of a held-out text, its last ones, are scored at least.
const heldOutAnswers = 32

// item is a test example: group numbers the tasks of the stream and then those of the battery.
type item struct{ group, index int }

// writtenBatch holds prompts that are continued.
type writtenBatch struct {
	batch methods.Batch
	items []item
	limit int32 // of new tokens
}

// tokens are those that are computed at most.
func (b writtenBatch) tokens() int { return b.batch.Rows * (b.batch.Length + int(b.limit)) }

// New lays out the batches of all test examples; it refuses what does not fit a row. base may be
// nil where nothing is evaluated. ends are the tokens that end a text.
func New(base *methods.Base, data *stream.Data, tokenizer *prompt.Tokenizer, ends []int32, e suite.Evaluation) (*Evaluator, error) {
	v := &Evaluator{base: base, data: data, tokenizer: tokenizer, ends: ends, covers: func(int) bool { return true }}
	lengths := e.Lengths
	longest := lengths[len(lengths)-1]
	var options []item
	var prompts []item
	for g, t := range v.Groups() {
		ids, err := tokenizer.StopTokens(t.Task.Stop)
		if err != nil {
			return nil, fmt.Errorf("task %s: %w", t.Task.Name, err)
		}
		v.stopTokens = append(v.stopTokens, ids)
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
	v.Answers = even(v.Answers, longest)
	v.lay(options, prompts, e)
	if e.KL {
		v.layDivergence(lengths, e.Batch)
	}
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
		v.Tokens += int64(b.tokens())
	}
	for _, b := range v.written {
		v.Tokens += int64(b.tokens())
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
	part := &Evaluator{base: v.base, data: &data, tokenizer: v.tokenizer, ends: v.ends, Answers: v.Answers, maxNew: v.maxNew, stops: v.stops, stopTokens: v.stopTokens, shapes: v.shapes, rows: v.rows,
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

// evenRows is how many rows a batch has where n texts stand in as few batches of at most so many
// rows as they need: as few as so many batches need.
func (v *Evaluator) evenRows(n, rows int) int {
	parts := (n + rows - 1) / rows * v.devices()
	return (n + parts - 1) / parts * v.devices()
}

// layPrompts puts prompts that are to be continued into rows of the smallest length that fits. A
// batch is decoded until its longest, so those that may write few tokens stand together, of these
// those with stop texts, and of these those whose true answers are short, since what a model writes
// is mostly about as long.
func (v *Evaluator) layPrompts(prompts []item, lengths []int, rows int) {
	groups := v.Groups()
	limit := func(p item) int { return groups[p.group].Task.MaxNewTokens }
	stops := func(p item) int { return min(len(groups[p.group].Task.Stop), 1) }
	answer := func(p item) int { return groups[p.group].Test[p.index].AnswerTokens() }
	slices.SortStableFunc(prompts, func(a, b item) int {
		return cmp.Or(cmp.Compare(limit(a), limit(b)), cmp.Compare(stops(a), stops(b)), cmp.Compare(answer(a), answer(b)))
	})
	if v.rows == nil {
		v.rows = map[int]int{}
	}
	shortest := 0
	for _, length := range lengths {
		var some []item
		for _, p := range prompts {
			if n := len(groups[p.group].Test[p.index].Generated()); shortest < n && n <= length {
				some = append(some, p)
			}
		}
		shortest = length
		if len(some) == 0 {
			continue
		}
		if v.rows[length] == 0 {
			v.rows[length] = v.evenRows(len(some), rows)
		}
		for items := range slices.Chunk(some, v.rows[length]) {
			b := writtenBatch{batch: methods.EmptyBatch(v.rows[length], length, 1), items: items}
			for row := range b.batch.Rows {
				// An empty row would rarely write an end and keep the whole batch from ending.
				p := items[min(row, len(items)-1)]
				b.batch.SetPrompt(row, groups[p.group].Test[p.index].Generated())
				b.limit = max(b.limit, int32(limit(p)))
			}
			v.written = append(v.written, b)
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
	for _, b := range v.divergence {
		flop += 2 * c.ForwardFLOP(b.batch.Rows, b.batch.Length, b.batch.Answers)
	}
	for _, b := range v.written {
		flop += c.ForwardFLOP(b.batch.Rows, b.batch.Length+int(b.limit), int(b.limit))
	}
	return flop
}

// even is a number of slots rounded up to whole eights, at most so many: even shapes compute
// faster.
func even(slots, most int) int { return min((slots+7)/8*8, most) }
