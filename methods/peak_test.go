package methods

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"

	"secura/methods/backbone"
)

// peakBytes is the most that a graph holds at once beyond its inputs, if its nodes are computed one
// by one in the order in which they were made, each released after its last use. It knows no
// fusion, and so is more than a compiler needs; but it is the same on every machine, and grows with
// a batch as the compiled graph does.
func peakBytes(outputs []*graph.Node) (peak int64) {
	needed, last := map[*graph.Node]bool{}, map[*graph.Node]int{}
	var visit func(n *graph.Node)
	visit = func(n *graph.Node) {
		if !needed[n] {
			needed[n] = true
			for _, in := range n.Inputs() {
				visit(in)
			}
		}
	}
	for _, n := range outputs {
		visit(n)
	}
	nodes := outputs[0].Graph().Nodes()
	for at, n := range nodes {
		if needed[n] {
			last[n] = max(last[n], at)
			for _, in := range n.Inputs() {
				last[in] = at
			}
		}
	}
	for _, n := range outputs {
		last[n] = len(nodes)
	}
	ends, held := map[int]int64{}, int64(0)
	for at, n := range nodes {
		if needed[n] && n.Type() != graph.NodeTypeParameter && n.Type() != graph.NodeTypeConstant && n.NumOutputs() == 1 {
			size := n.Shape().ByteSize()
			held += size
			ends[last[n]] += size
		}
		peak = max(peak, held)
		held -= ends[at]
	}
	return peak
}

// peaks makes a step and ends a task with a batch of so many rows in so many parts, in two lengths,
// computes the effective weights, and returns each graph's peak in bytes.
func peaks(t *testing.T, m Method, rows, parts int, checkpoint bool) map[string]int64 {
	t.Helper()
	const length, answers = 48, 4
	model := backbone.Random(backbone.Config{Architecture: backbone.Qwen2Architecture, Vocabulary: 32, Width: 16, Intermediate: 48,
		Layers: 3, Heads: 2, KeyValueHeads: 1, HeadSize: 8, MaxPositions: 64, Epsilon: 1e-6, RopeTheta: 1e4, TiedEmbeddings: true},
		rand.New(rand.NewPCG(1, 2)))
	base := NewBase(toy.Backend, model)
	defer base.Close()
	list := map[string]int64{}
	base.built = func(key string, outputs []*graph.Node) { list[key] = peakBytes(outputs) }
	setting := toySetting(1)
	setting.Rows, setting.Length, setting.Answers, setting.Lengths = rows, length, answers, []int{length / 2}
	setting.Accumulate, setting.Checkpoint, setting.StreamExamples = parts, checkpoint, 1<<20 // for a replay buffer of any size
	params, rate := toyParams(m)
	s, err := NewSession(base, m, params, m.Name, setting)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.StartTask(); err != nil {
		t.Fatal(err)
	}
	batch := func(rows, length int) Batch {
		b := Batch{Rows: rows, Length: length, Answers: answers, Tokens: make([]int32, rows*length), Positions: make([]int32, rows*length),
			Segments: make([]int32, rows*length), Targets: make([]int32, rows*answers), Weights: make([]float32, rows*answers)}
		for i := range b.Tokens {
			b.Tokens[i], b.Positions[i] = int32(i*7%31), int32(i%length)
		}
		for i := range b.Weights {
			b.Weights[i] = 1
		}
		return b
	}
	if _, err := s.Step(batch(rows+s.ReplayRows(), length), rate/10); err != nil {
		t.Fatal(err)
	}
	if err := s.EndTask(1, func(int) iter.Seq2[Batch, error] {
		return func(yield func(Batch, error) bool) {
			_ = yield(batch(rows, length), nil) && yield(batch(rows, length/2), nil)
		}
	}); err != nil {
		t.Fatal(err)
	}
	effective(t, s)
	return list
}

// TestEveryPhaseKeepsToTheMemoryOfAStep holds the graphs of every method to the memory bound of
// training.accumulate and training.checkpoint: what a method does at a task's end needs no more
// than its step, a batch of twice the rows in twice the parts no more than the batch, and no method
// more than 2.5 times what SEQ does (I-LoRA has a second forward pass).
func TestEveryPhaseKeepsToTheMemoryOfAStep(t *testing.T) {
	largest := func(list map[string]int64) (peak int64, key string) {
		for name, bytes := range list {
			if bytes > peak || bytes == peak && name < key {
				peak, key = bytes, name
			}
		}
		return peak, key
	}
	for _, checkpoint := range []bool{false, true} {
		seq, _ := largest(peaks(t, Seq, 16, 4, checkpoint))
		for _, m := range All {
			if m.Kind == Untrained {
				continue
			}
			t.Run(fmt.Sprintf("%s, checkpoint %v", m.Name, checkpoint), func(t *testing.T) {
				t.Parallel()
				list := peaks(t, m, 16, 4, checkpoint)
				peak, where := largest(list)
				step := int64(0)
				for key, bytes := range list {
					if strings.HasPrefix(key, m.Name+"/step") {
						step = max(step, bytes)
					}
				}
				// EWC's Fisher information has each example's own gradients beside a step's memory.
				if float64(peak) > 1.05*float64(step) {
					t.Errorf("%s needs %d bytes, a step %d", where, peak, step)
				}
				if twice, where := largest(peaks(t, m, 32, 8, checkpoint)); twice > peak {
					t.Errorf("twice the rows in twice the parts: %s needs %d bytes, expected %d", where, twice, peak)
				}
				t.Logf("%.2f of SEQ's peak", float64(peak)/float64(seq))
				if float64(peak) > 2.5*float64(seq) {
					t.Errorf("%s needs %d bytes, SEQ %d", where, peak, seq)
				}
			})
		}
	}
}
