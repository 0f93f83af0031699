package experiments

import (
	"fmt"
	"math/rand/v2"

	"secura/datasets"
	"secura/experiments/packing"
	"secura/experiments/suite"
	"secura/methods"
	"secura/methods/backbone"
)

// packs says which layouts of batches differ: cells that agree in it share compiled graphs.
type packs struct {
	kind     methods.Kind
	replayed int
	front    bool
	parts    int
}

const (
	// sampledBatches are drawn from the stream to choose shapes for.
	sampledBatches = 48
	// partFLOP is what a part costs besides its slots, in operations of a forward pass: about half
	// a millisecond of a core.
	partFLOP = 3e7
	// scoreFLOP is what softmax and its gradient take for each attention score, likewise.
	scoreFLOP = 700
	// layerFLOP is what compiling a part's graph costs for each layer: half a second of a core.
	layerFLOP = 1.5e10
)

// packer lays out the batches of a session's cells; nil where the suite asks for a row for each
// example. Its shapes follow from the suite and its data alone, so that all seeds and orders of a
// method share their graphs.
func (w *Worker) packer(session *methods.Session) *packing.Packer {
	if !w.suite.Training.Pack || session == nil || session.Kind() == methods.Untrained {
		return nil
	}
	key := packs{kind: session.Kind(), replayed: session.ReplayRows(), front: session.ReplaysForward(), parts: max(session.Accumulate, 1)}
	if p := w.packers[key]; p != nil {
		return p
	}
	t, config, rows := w.suite.Training, w.base.Model.Config, max(w.suite.Devices, 1)
	cost := func(s packing.Shape) float64 {
		return config.PackedFLOP(rows, s.Length, s.Answers, t.Length) +
			scoreFLOP*config.PackedScores(rows, s.Length, t.Length) + partFLOP
	}
	batches, longest := w.sample(key)
	plain := (t.Batch + key.replayed) * t.Length
	shapes := packing.Choose(packing.Needs{Batches: batches, Longest: longest, Rows: rows, Most: plain / (rows * key.parts), Front: key.front, Block: backbone.PackedBlock(longest.Tokens),
		Cost: cost, Compile: layerFLOP * float64(config.Layers), Steps: t.Steps * len(w.suite.Tasks)})
	p := packing.New(rows, shapes, cost)
	w.packers[key] = p
	return p
}

// sample draws batches as cells have them, from a stream of random numbers that names the suite
// alone, and gives the most tokens and answers of any example.
func (w *Worker) sample(key packs) (batches [][]packing.Item, longest packing.Item) {
	t, tasks := w.suite.Training, w.data.Tasks
	items := make([][]packing.Item, len(tasks))
	for i, task := range tasks {
		for k := range task.Train.Len() {
			n := task.Train.Lengths(k)
			if !t.Draws(n.Prompt) {
				continue
			}
			var item packing.Item
			item.Tokens, item.Answers, _ = n.Trained(t.Length, min(t.AnswerLength, t.Length))
			longest = packing.Item{Tokens: max(longest.Tokens, item.Tokens), Answers: max(longest.Answers, item.Answers)}
			items[i] = append(items[i], item)
		}
	}
	r := suite.Streams{PairingKey: w.suite.Name}.Rand("packing")
	for n := range sampledBatches {
		now := n * len(tasks) / sampledBatches // the tasks in turn, several batches each
		if len(tasks) > sampledBatches {
			now = r.IntN(len(tasks))
		}
		var batch []packing.Item
		for range t.Batch {
			task := now
			if key.kind == methods.Joint {
				task = r.IntN(len(tasks))
			}
			batch = append(batch, oneOf(items[task], r))
		}
		for range key.replayed {
			item := oneOf(items[r.IntN(now+1)], r)
			item.Replayed = true
			batch = append(batch, item)
		}
		batches = append(batches, batch)
	}
	return batches, longest
}

func oneOf(items []packing.Item, r *rand.Rand) packing.Item { return items[r.IntN(len(items))] }

// learned is what is learned of an example in a row of the suite's length.
func learned(e datasets.Encoded, t suite.Training, end int32) datasets.Trained {
	text, _ := e.Train(t.Length, min(t.AnswerLength, t.Length), end)
	return text
}

func itemOf(t datasets.Trained, replayed bool) packing.Item {
	return packing.Item{Tokens: len(t.Tokens), Answers: len(t.Targets), Replayed: replayed}
}

// pack lays out a step's rows, current and replayed.
func (t *trainer) pack(current, replayed []methods.Row) ([]methods.Packed, error) {
	var items []packing.Item
	var texts []datasets.Trained
	var numbers []int32 // of the examples in the step
	for i, rows := range [][]methods.Row{current, replayed} {
		for j, row := range rows {
			text := learned(t.text(row), t.training, t.end)
			texts, items = append(texts, text), append(items, itemOf(text, i == 1))
			numbers = append(numbers, int32(i*t.training.Batch+j))
		}
	}
	laid, err := t.packer.Pack(items)
	if err != nil {
		return nil, err
	}
	parts := make([]methods.Packed, len(laid))
	for i, part := range laid {
		p := methods.NewPacked(len(part.Rows), part.Length, part.Answers, part.Front, part.FrontAnswers)
		for row, list := range part.Rows {
			at := methods.Filled{Row: row}
			for _, n := range list {
				p.AddText(&at, texts[n].Tokens, texts[n].First, texts[n].Targets, numbers[n])
			}
		}
		parts[i] = p
	}
	return parts, nil
}

// batch is what a step is made of: a batch with a row for each example, or packed parts.
type batch struct {
	plain  methods.Batch
	packed []methods.Packed
}

// step makes the step.
func (b batch) step(s *methods.Session, rate float64) (methods.StepResult, error) {
	if b.packed != nil {
		return s.StepPacked(b.packed, rate)
	}
	return s.Step(b.plain, rate)
}

// each gives what is computed one after the other.
func (b batch) each() (list []methods.Batch) {
	for _, p := range b.packed {
		list = append(list, p.Batch)
	}
	if b.packed == nil {
		list = append(list, b.plain)
	}
	return list
}

// lossTokens counts the slots that carry a loss.
func (b batch) lossTokens() (n int64) {
	for _, p := range b.each() {
		n += p.LossTokens()
	}
	return n
}

// slots counts all slots, and those of them that hold a token.
func (b batch) slots() (all, held int) {
	for _, p := range b.each() {
		all += len(p.Segments)
		for _, segment := range p.Segments {
			if segment >= 0 {
				held++
			}
		}
	}
	return all, held
}

// forwardFLOP counts the operations of a forward pass over the batch; longest bounds a text of a
// packed one.
func (b batch) forwardFLOP(c backbone.Config, longest int) (flop float64) {
	for _, p := range b.packed {
		flop += c.PackedFLOP(p.Rows, p.Length, p.Answers, longest)
	}
	if b.packed == nil {
		flop = c.ForwardFLOP(b.plain.Rows, b.plain.Length, b.plain.Answers)
	}
	return flop
}

// shapes names the graphs that compute the batch.
func (b batch) shapes() (list []string) {
	for _, p := range b.each() {
		list = append(list, fmt.Sprintf("%dx%d+%d", p.Rows, p.Length, p.Answers))
	}
	return list
}
