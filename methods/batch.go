package methods

import (
	"fmt"
	"slices"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"secura/methods/backbone"
)

// Batch holds rows of tokens of one fixed shape. Rows are padded on the left, so that all end at the last slot, and
// the loss is computed at the last Answers slots only. Slot i of these predicts Targets[i]; where Weights is 0 it
// predicts nothing.
type Batch struct {
	Rows, Length, Answers int
	// Tokens, Positions and Segments are [Rows, Length], row by row. Segments holds -1 for padding, 0 for what every
	// slot after it sees, and 1… for options, which see themselves and segment 0 only.
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

// checkBatch says whether a batch has the shape that the session's graphs are made for.
func (s *Session) checkBatch(b Batch, rows int) error {
	if b.Rows != rows || b.Length != s.Length && !slices.Contains(s.Lengths, b.Length) || b.Answers != min(s.Answers, b.Length) {
		return fmt.Errorf("the batch has %d rows of %d tokens with %d answers, expected %d, %d (or of %v) and %d, or the row if that is shorter",
			b.Rows, b.Length, b.Answers, rows, s.Length, s.Lengths, s.Answers)
	}
	return b.check()
}

// batchInputs is how many tensors a batch is in a graph.
const batchInputs = 5

func (b Batch) tensors() []*tensors.Tensor {
	return []*tensors.Tensor{
		tensors.FromFlatDataAndDimensions(b.Tokens, b.Rows, b.Length),
		tensors.FromFlatDataAndDimensions(b.Positions, b.Rows, b.Length),
		tensors.FromFlatDataAndDimensions(b.Segments, b.Rows, b.Length),
		tensors.FromFlatDataAndDimensions(b.Targets, b.Rows, b.Answers),
		tensors.FromFlatDataAndDimensions(b.Weights, b.Rows, b.Answers),
	}
}

// batchNodes is a batch in a graph.
type batchNodes struct {
	rows             backbone.Rows
	targets, weights *graph.Node
}

func nodesOf(inputs []*graph.Node) batchNodes {
	return batchNodes{backbone.Rows{Tokens: inputs[0], Positions: inputs[1], Segments: inputs[2]}, inputs[3], inputs[4]}
}

// answers is the number of answer slots of a row.
func (b batchNodes) answers() int { return b.targets.Shape().Dimensions[1] }

// rowsFrom selects the rows from index on.
func (b batchNodes) rowsFrom(index int) batchNodes {
	cut := func(x *graph.Node) *graph.Node { return graph.SliceAxis(x, 0, graph.AxisRangeToEnd(index)) }
	return batchNodes{backbone.Rows{Tokens: cut(b.rows.Tokens), Positions: cut(b.rows.Positions), Segments: cut(b.rows.Segments)},
		cut(b.targets), cut(b.weights)}
}
