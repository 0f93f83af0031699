package methods

import (
	"fmt"
	"slices"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"secura/methods/backbone"
)

// Batch holds rows of tokens of one fixed shape. Rows are padded on the left, so that all end at
// the last slot, and the loss is computed at the last Answers slots only. Slot i of these predicts
// Targets[i]; where Weights is 0 it predicts nothing.
type Batch struct {
	Rows, Length, Answers int
	// Tokens, Positions and Segments are [Rows, Length], row by row. Segments are as in
	// backbone.Rows, and of several texts in a row as in backbone.Packed.
	Tokens, Positions, Segments []int32
	// Targets and Weights are [Rows, Answers].
	Targets []int32
	Weights []float32
}

// EmptyBatch is all padding and predicts nothing.
func EmptyBatch(rows, length, answers int) Batch {
	return Batch{Rows: rows, Length: length, Answers: answers, Tokens: make([]int32, rows*length), Positions: make([]int32, rows*length),
		Segments: slices.Repeat([]int32{-1}, rows*length), Targets: make([]int32, rows*answers), Weights: make([]float32, rows*answers)}
}

// SetText puts a text, whose slots from first on predict targets, at the end of a row, which must
// be long enough for it. Slots before the last Answers predict nothing.
func (b Batch) SetText(row int, tokens []int32, first int, targets []int32) {
	at := b.Length - len(tokens)
	for i, id := range tokens {
		b.set(row, at+i, id, i)
	}
	for i, id := range targets {
		if slot := at + first + i - (b.Length - b.Answers); slot >= 0 {
			b.Targets[row*b.Answers+slot], b.Weights[row*b.Answers+slot] = id, 1
		}
	}
}

// SetPrompt puts a prompt that is to be continued at the end of a row. It says whether the prompt's
// beginning was cut.
func (b Batch) SetPrompt(row int, text []int32) (cut bool) {
	if len(text) > b.Length {
		text, cut = text[len(text)-b.Length:], true
	}
	for i, id := range text {
		b.set(row, b.Length-len(text)+i, id, i)
	}
	return cut
}

func (b Batch) set(row, slot int, id int32, position int) {
	i := row*b.Length + slot
	b.Tokens[i], b.Positions[i], b.Segments[i] = id, int32(position), 0
}

// LossTokens counts the slots that carry a loss.
func (b Batch) LossTokens() (n int64) {
	for _, w := range b.Weights {
		if w != 0 {
			n++
		}
	}
	return n
}

// countedRows lists the rows with a counted slot.
func (b Batch) countedRows() (rows []int) {
	for r := range b.Rows {
		if slices.ContainsFunc(b.Weights[r*b.Answers:(r+1)*b.Answers], func(w float32) bool { return w != 0 }) {
			rows = append(rows, r)
		}
	}
	return rows
}

func (b Batch) check() error {
	if len(b.Tokens) != b.Rows*b.Length || len(b.Positions) != b.Rows*b.Length || len(b.Segments) != b.Rows*b.Length ||
		len(b.Targets) != b.Rows*b.Answers || len(b.Weights) != b.Rows*b.Answers || b.Answers > b.Length || b.Rows < 1 {
		return fmt.Errorf("batch of %d rows of %d tokens with %d answers has other sizes inside", b.Rows, b.Length, b.Answers)
	}
	return nil
}

// Packed is a batch, or a part of one, whose rows hold several texts each, in consecutive slots,
// with positions from 0. Predictions are made at slots of any place.
type Packed struct {
	// Batch has Answers predictions in each row; those with a weight of 0 are of no slot.
	Batch
	// Slots are the slots of a row that predict its Targets, [Rows, Answers].
	Slots []int32
	// Examples says which example of the step each prediction belongs to, [Rows, Answers]: the
	// current ones from 0, the replayed ones from the setting's Rows on.
	Examples []int32
	// Front is how many slots at a row's beginning, and FrontAnswers how many of its first
	// predictions, hold whatever the row has of replayed examples; where both are 0 these stand
	// anywhere.
	Front, FrontAnswers int
	// Block is as in backbone.Packed; steps do not use it.
	Block int
}

// NewPacked is an empty one.
func NewPacked(rows, length, answers, front, frontAnswers int) Packed {
	return Packed{Batch: EmptyBatch(rows, length, answers), Slots: make([]int32, rows*answers), Examples: make([]int32, rows*answers),
		Front: front, FrontAnswers: frontAnswers}
}

// Filled is how much of a packed batch's row is filled.
type Filled struct{ Row, Texts, Tokens, Answers int }

// add puts the next token of a text into a row.
func (b Packed) add(r *Filled, id int32, position, segment int) {
	at := r.Row*b.Length + r.Tokens
	b.Tokens[at], b.Positions[at], b.Segments[at] = id, int32(position), int32(r.Texts*backbone.TextSegments+segment)
	r.Tokens++
}

// predict lets the row's last token predict the next one.
func (b Packed) predict(r *Filled, id, example int32) {
	at := r.Row*b.Answers + r.Answers
	b.Slots[at], b.Examples[at], b.Targets[at], b.Weights[at] = int32(r.Tokens-1), example, id, 1
	r.Answers++
}

// AddText puts a text of an example, whose slots from first on predict targets, into a row, which
// must have room for it.
func (b Packed) AddText(r *Filled, tokens []int32, first int, targets []int32, example int32) {
	for i, id := range tokens {
		b.add(r, id, i, 0)
		if n := i - first; n >= 0 && n < len(targets) {
			b.predict(r, targets[n], example)
		}
	}
	r.Texts++
}

// AddOptions puts a prompt once, and its options after it, each of which sees the prompt and
// itself, into a row, which must have room for them: one token less than the prompt and all options
// have. It returns for each option the row's answers that predict its tokens.
func (b Packed) AddOptions(r *Filled, prompt []int32, options [][]int32) (answers [][2]int) {
	// The prompt's last token stands once more before each option, so that every token is predicted
	// from the slot before it.
	shared, last := prompt[:len(prompt)-1], prompt[len(prompt)-1]
	for i, id := range shared {
		b.add(r, id, i, 0)
	}
	for n, option := range options {
		first := r.Answers
		for i, id := range option {
			seen := last
			if i > 0 {
				seen = option[i-1]
			}
			b.add(r, seen, len(shared)+i, n+1)
			b.predict(r, id, 0)
		}
		answers = append(answers, [2]int{first, r.Answers})
	}
	r.Texts++
	return answers
}

// check says whether the batch is one that the session's graphs can be made for.
func (b Packed) check(s *Session) error {
	if err := b.Batch.check(); err != nil {
		return err
	}
	if n := b.Rows * b.Answers; len(b.Slots) != n || len(b.Examples) != n || b.Answers >= b.Length || b.Front > b.Length || b.FrontAnswers > b.Answers || (b.Front == 0) != (b.FrontAnswers == 0) {
		return fmt.Errorf("packed batch of %d rows of %d tokens with %d answers, %d and %d of them at the front, has other sizes inside",
			b.Rows, b.Length, b.Answers, b.Front, b.FrontAnswers)
	}
	if b.Rows != s.base.Devices() {
		return fmt.Errorf("packed batch of %d rows, expected one for each of %d devices", b.Rows, s.base.Devices())
	}
	for i, slot := range b.Slots {
		example, replayed := int(b.Examples[i]), int(b.Examples[i]) >= s.Rows
		switch {
		case b.Weights[i] == 0:
			continue
		case slot < 0 || int(slot) >= b.Length || example < 0 || example >= s.Rows+s.hooks.ReplayRows:
			return fmt.Errorf("packed batch has slot %d of example %d, expected them below %d and %d", slot, example, b.Length, s.Rows+s.hooks.ReplayRows)
		case replayed && b.Front > 0 && (int(slot) >= b.Front || i%b.Answers >= b.FrontAnswers):
			return fmt.Errorf("packed batch has replayed example %d at slot %d and prediction %d, expected it at the front, below %d and %d",
				example, slot, i%b.Answers, b.Front, b.FrontAnswers)
		}
	}
	return nil
}

// replayedTokens counts the slots of replayed examples that carry a loss.
func (b Packed) replayedTokens(rows int) (n int64) {
	for i, w := range b.Weights {
		if w != 0 && int(b.Examples[i]) >= rows {
			n++
		}
	}
	return n
}

// checkBatch says whether a batch has the shape that the session's graphs are made for.
func (s *Session) checkBatch(b Batch, rows int) error {
	if b.Rows != rows || b.Length != s.Length && !slices.Contains(s.Lengths, b.Length) || b.Answers != min(s.Answers, b.Length) {
		return fmt.Errorf("the batch has %d rows of %d tokens with %d answers, expected %d, %d (or of %v) and %d, or the row if that is shorter",
			b.Rows, b.Length, b.Answers, rows, s.Length, s.Lengths, s.Answers)
	}
	return b.check()
}

// batchInputs and packedInputs are how many tensors a batch is in a graph.
const (
	batchInputs  = 5
	packedInputs = 7
)

func (b Batch) tensors() []*tensors.Tensor {
	return []*tensors.Tensor{
		tensors.FromFlatDataAndDimensions(b.Tokens, b.Rows, b.Length),
		tensors.FromFlatDataAndDimensions(b.Positions, b.Rows, b.Length),
		tensors.FromFlatDataAndDimensions(b.Segments, b.Rows, b.Length),
		tensors.FromFlatDataAndDimensions(b.Targets, b.Rows, b.Answers),
		tensors.FromFlatDataAndDimensions(b.Weights, b.Rows, b.Answers),
	}
}

func (b Packed) tensors() []*tensors.Tensor {
	return append(b.Batch.tensors(), tensors.FromFlatDataAndDimensions(b.Slots, b.Rows, b.Answers),
		tensors.FromFlatDataAndDimensions(b.Examples, b.Rows, b.Answers))
}

// batchNodes is a batch in a graph.
type batchNodes struct {
	rows             backbone.Rows
	targets, weights *graph.Node
	// slots and examples are a packed batch's, and front and frontAnswers too; slots is nil for one
	// of a text a row.
	slots, examples     *graph.Node
	front, frontAnswers int
	// recalled and recalledCounted are what the method's memory gave of logits; nil without one.
	recalled, recalledCounted *graph.Node
}

func nodesOf(inputs []*graph.Node) batchNodes {
	return batchNodes{rows: backbone.Rows{Tokens: inputs[0], Positions: inputs[1], Segments: inputs[2]}, targets: inputs[3], weights: inputs[4]}
}

// packedNodesOf is nodesOf for a packed batch of b's shape.
func packedNodesOf(inputs []*graph.Node, b Packed) batchNodes {
	n := nodesOf(inputs)
	n.slots, n.examples, n.front, n.frontAnswers = inputs[5], inputs[6], b.Front, b.FrontAnswers
	return n
}

// answers is the number of answer slots of a row.
func (b batchNodes) answers() int { return b.targets.Shape().Dimensions[1] }

// cut is the batch with each of its tensors changed, by slots those of all slots, by answers those
// of answers.
func (b batchNodes) cut(slots, answers func(x *graph.Node) *graph.Node) batchNodes {
	b.rows = backbone.Rows{Tokens: slots(b.rows.Tokens), Positions: slots(b.rows.Positions), Segments: slots(b.rows.Segments)}
	b.targets, b.weights = answers(b.targets), answers(b.weights)
	if b.slots != nil {
		b.slots, b.examples = answers(b.slots), answers(b.examples)
	}
	return b
}

// real says which of so many slots of each row, the last ones or a packed batch's wanted ones, hold
// a token.
func (b batchNodes) real(slots int) *graph.Node {
	held := b.rows.Segments
	zero := graph.ScalarZero(held.Graph(), held.DType())
	if length := held.Shape().Dimensions[1]; b.slots == nil || slots == length {
		return graph.GreaterOrEqual(graph.SliceAxis(held, 1, graph.AxisRange(length-slots, length)), zero)
	}
	return graph.GreaterThan(b.weights, graph.ScalarZero(held.Graph(), b.weights.DType()))
}
