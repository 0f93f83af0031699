package methods

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"secura/methods/adapter"
	"secura/methods/weights"
)

// LogitMemory keeps the logits that were predicted at the answers of examples, for steps in which
// these are replayed. A step asks it about the rows of the last call of MixBatch, by their indices.
type LogitMemory interface {
	State
	// Wants says whether the logits of a current row are to be kept.
	Wants(current int) bool
	// Keep takes those of a current row, [answers, vocabulary] row by row, as they were before the
	// step. It may hold on to the slice.
	Keep(current int, logits []float32)
	// Recall gives what Keep took for a replayed row; nil where the step is not to have it.
	Recall(replayed int) []float32
	// Kept are all that is kept, under names, to be saved beside the variables; Restore takes them
	// back after UnmarshalJSON.
	Kept() map[string]adapter.Matrix
	Restore(kept map[string]adapter.Matrix) error
}

// answersOf calls f for each slot of a batch that carries a loss: with the slot's index, the number
// in the step of the slot's example, and which of the example's answers it is. examples has the
// number of each slot's example, [rows, answers].
func answersOf(b Batch, examples []int32, f func(slot, example, answer int)) {
	seen := map[int32]int{}
	for slot, w := range b.Weights {
		if w != 0 {
			f(slot, int(examples[slot]), seen[examples[slot]])
			seen[examples[slot]]++
		}
	}
}

// rowExamples numbers the slots of a batch with an example in each row, [rows, answers]: its first
// rows are the examples from current on, the others those from replayed on.
func rowExamples(b Batch, rows, current, replayed int) []int32 {
	numbers := make([]int32, 0, b.Rows*b.Answers)
	for r := range b.Rows {
		n := current + r
		if r >= rows {
			n = replayed + r - rows
		}
		numbers = append(numbers, slices.Repeat([]int32{int32(n)}, b.Answers)...)
	}
	return numbers
}

// recalledOf is what the memory gives for an example of the step; nil for a current one.
func (s *Session) recalledOf(example int) []float32 {
	if example < s.Rows {
		return nil
	}
	return s.hooks.Logits.Recall(example - s.Rows)
}

// recalledSlots counts the slots of a part for which the memory has logits.
func (s *Session) recalledSlots(p part) (n int64) {
	answersOf(p.batch, p.examples, func(_, example, _ int) {
		if s.recalledOf(example) != nil {
			n++
		}
	})
	return n
}

// recall lays out what the memory has for a part: the logits, [rows, answers, vocabulary], and 1 at
// their slots, [rows, answers]. Without a memory it is nothing.
func (s *Session) recall(p part) ([]*tensors.Tensor, error) {
	if s.hooks.Logits == nil {
		return nil, nil
	}
	vocabulary, b := s.base.Model.Config.Vocabulary, p.batch
	logits, counted := make([]float32, len(b.Weights)*vocabulary), make([]float32, len(b.Weights))
	var err error
	answersOf(b, p.examples, func(slot, example, answer int) {
		kept := s.recalledOf(example)
		if kept == nil || err != nil {
			return
		}
		if (answer+1)*vocabulary > len(kept) {
			err = fmt.Errorf("recall logits: replayed example %d has answer %d, %d were kept", example-s.Rows, answer+1, len(kept)/vocabulary)
			return
		}
		copy(logits[slot*vocabulary:(slot+1)*vocabulary], kept[answer*vocabulary:])
		counted[slot] = 1
	})
	if err != nil {
		return nil, err
	}
	return []*tensors.Tensor{tensors.FromFlatDataAndDimensions(logits, b.Rows, b.Answers, vocabulary),
		tensors.FromFlatDataAndDimensions(counted, b.Rows, b.Answers)}, nil
}

// keep takes the last of a graph's outputs for the memory, the logits of a part, and gives those
// before it. Without a memory it gives all of them.
func (s *Session) keep(p part, outputs []*tensors.Tensor) ([]*tensors.Tensor, error) {
	memory := s.hooks.Logits
	if memory == nil {
		return outputs, nil
	}
	last := outputs[len(outputs)-1]
	outputs = outputs[:len(outputs)-1]
	defer last.FinalizeAll()
	wanted := map[int][]float32{}
	answersOf(p.batch, p.examples, func(_, example, _ int) {
		if example < s.Rows && memory.Wants(example) {
			wanted[example] = nil
		}
	})
	if len(wanted) == 0 {
		return outputs, nil
	}
	vocabulary := s.base.Model.Config.Vocabulary
	err := tensors.ConstFlatData(last, func(flat []float32) {
		answersOf(p.batch, p.examples, func(slot, example, _ int) {
			if list, ok := wanted[example]; ok {
				wanted[example] = append(list, flat[slot*vocabulary:(slot+1)*vocabulary]...)
			}
		})
	})
	if err != nil {
		return outputs, fmt.Errorf("keep logits: %w", err)
	}
	for example, logits := range wanted {
		memory.Keep(example, logits)
	}
	return outputs, nil
}

// batchOf takes a part's nodes from the first inputs, n of them the batch's own, and gives the
// inputs after them.
func (s *Session) batchOf(inputs []*graph.Node, n int, nodes func([]*graph.Node) batchNodes) (batchNodes, []*graph.Node) {
	batch := nodes(inputs)
	if s.hooks.Logits == nil {
		return batch, inputs[n:]
	}
	batch.recalled, batch.recalledCounted = inputs[n], inputs[n+1]
	return batch, inputs[n+2:]
}

// keptPrefix begins the names of kept logits in a checkpoint.
const keptPrefix = "kept/"

// keptTensors are those of the memory for a checkpoint.
func (s *Session) keptTensors() (list []weights.Tensor) {
	if s.hooks.Logits == nil {
		return nil
	}
	for name, m := range s.hooks.Logits.Kept() {
		list = append(list, weights.Tensor{Name: keptPrefix + name, DType: weights.F32, Shape: []int{m.Rows, m.Columns}, Data: m.Values})
	}
	return list
}

// readKept reads those of a checkpoint.
func (s *Session) readKept(file *weights.File) (map[string]adapter.Matrix, error) {
	kept := map[string]adapter.Matrix{}
	if s.hooks.Logits == nil {
		return kept, nil
	}
	for _, full := range file.Names() {
		name, ok := strings.CutPrefix(full, keptPrefix)
		if !ok {
			continue
		}
		values, shape, err := file.Float32(full)
		if err != nil {
			return nil, err
		}
		if len(shape) != 2 || shape[1] != s.base.Model.Config.Vocabulary {
			return nil, fmt.Errorf("tensor %s is %v, expected answers of %d logits", full, shape, s.base.Model.Config.Vocabulary)
		}
		kept[name] = adapter.Matrix{Rows: shape[0], Columns: shape[1], Values: values}
	}
	return kept, nil
}
