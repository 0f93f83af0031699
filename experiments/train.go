package experiments

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"

	"secura/datasets"
	"secura/datasets/prepared"
	"secura/experiments/evaluation"
	"secura/experiments/packing"
	"secura/experiments/record"
	"secura/experiments/stream"
	"secura/experiments/suite"
	"secura/methods"
	"secura/methods/optimizer"
)

// lesson is one stretch of training: a task, or for joint training all of them.
type lesson struct {
	index int // of the task, from 1
	name  string
	steps int
	rate  float64
	rows  []methods.Row // all training examples
}

// trainer makes batches of a cell's examples and steps.
type trainer struct {
	cell     suite.Cell
	session  *methods.Session
	data     *stream.Data
	training suite.Training
	end      int32
	// packer lays out batches; nil gives each example a row.
	packer *packing.Packer
	// onStep is told of every step.
	onStep func(record.Step) error
	// onBatch, which may be nil, is told of every batch, of a task's end too.
	onBatch func(b batch)
	// save keeps a position every training.checkpoint_every steps; nil keeps none.
	save func(position) error
}

// train goes through a lesson, from a position in it on that the session stands at, and returns the
// number of tokens that carried a loss and the last step's loss.
func (t *trainer) train(ctx context.Context, l lesson, at position) (tokens int64, loss float64, err error) {
	examples := t.examples(l)
	replaySource := t.cell.Streams().Source(suite.TaskPurpose("replay", l.index))
	if at.step == 0 {
		err = t.session.StartTask()
	} else {
		err = replaySource.UnmarshalBinary(at.Replay)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("start task %s at step %d: %w", l.name, at.step, err)
	}
	for range at.step * t.training.Batch {
		examples()
	}
	tokens = at.Tokens
	replay := rand.New(replaySource)
	schedule := scheduleOf(t.training, l.rate, l.steps)
	keep := func(step int) error {
		now := position{step: step, Tokens: tokens, Start: at.Start}
		var err error
		if now.Replay, err = replaySource.MarshalBinary(); err != nil {
			return fmt.Errorf("save task %s at step %d: %w", l.name, step, err)
		}
		return t.save(now)
	}
	for step := at.step + 1; step <= l.steps; step++ {
		if err := ctx.Err(); err != nil {
			if step > at.step+1 && t.save != nil { // whoever stops it grants the time to save
				err = errors.Join(err, keep(step-1))
			}
			return 0, 0, err
		}
		batch, err := t.batch(t.draw(examples, replay))
		if err != nil {
			return 0, 0, err
		}
		if t.onBatch != nil {
			t.onBatch(batch)
		}
		rate := schedule.Rate(step - 1)
		result, err := batch.step(t.session, rate)
		if err != nil {
			return 0, 0, err
		}
		if !evaluation.Finite(result.Loss) || !evaluation.Finite(result.GradientNorm) {
			return 0, 0, &DivergedError{l.name, step, fmt.Sprintf("loss %g, gradient norm %g", result.Loss, result.GradientNorm) +
				notFiniteGroups(t.session, result.Measures)}
		}
		loss = result.Loss
		n := batch.lossTokens()
		tokens += n
		line := record.Step{Index: l.index, Task: l.name, Step: step, Loss: result.Loss, GradientNorm: result.GradientNorm, LearningRate: rate, Tokens: n,
			Measures: measuresOf(result.Measures)}
		if err := t.onStep(line); err != nil {
			return 0, 0, err
		}
		if every := t.training.CheckpointEvery; every > 0 && step%every == 0 && step < l.steps && t.save != nil {
			if err := keep(step); err != nil {
				return 0, 0, err
			}
		}
	}
	return tokens, loss, nil
}

func (t *trainer) stream(purpose string, l lesson) *rand.Rand {
	return t.cell.Streams().Rand(suite.TaskPurpose(purpose, l.index))
}

// scheduleOf gives the learning rate of each step of a lesson.
func scheduleOf(t suite.Training, rate float64, steps int) optimizer.Schedule {
	schedule := optimizer.ForTask(rate, t.Warmup, steps)
	if t.Schedule != "" {
		schedule.Kind = optimizer.Kind(t.Schedule)
	}
	return schedule
}

// examples gives a lesson's training rows one by one, in the way that the suite draws them.
func (t *trainer) examples(l lesson) func() methods.Row {
	r := t.stream("examples", l)
	next := epochs(l.rows, r)
	if t.training.Draw == suite.WithReplacement {
		next = func() methods.Row { return l.rows[r.IntN(len(l.rows))] }
	}
	return t.bounded(next)
}

// bounded leaves out rows whose prompts the suite takes for too long.
func (t *trainer) bounded(next func() methods.Row) func() methods.Row {
	if t.training.MaxPrompt == 0 {
		return next
	}
	return func() methods.Row {
		row := next()
		for !t.training.Draws(t.split(row).Lengths(row.Index).Prompt) { // stream.Load holds that some are shorter
			row = next()
		}
		return row
	}
}

// drawn counts the rows of one task's lesson that bounded does not leave out.
func (t *trainer) drawn(l lesson) int { return t.data.Tasks[t.cell.Tasks[l.index-1]].Drawn(t.training) }

// draw gives the current rows of a step, and those that are replayed beside them.
func (t *trainer) draw(examples func() methods.Row, replay *rand.Rand) (current, replayed []methods.Row) {
	current = make([]methods.Row, t.training.Batch)
	for i := range current {
		current[i] = examples()
	}
	return current, t.session.MixBatch(current, replay)
}

// draws gives the rows of each step of a lesson from its beginning, as train draws them.
func (t *trainer) draws(l lesson) iter.Seq2[[]methods.Row, []methods.Row] {
	return func(yield func(current, replayed []methods.Row) bool) {
		examples, replay := t.examples(l), t.stream("replay", l)
		for range l.steps {
			if !yield(t.draw(examples, replay)) {
				return
			}
		}
	}
}

// batch lays out current rows and, after them, replayed ones.
func (t *trainer) batch(current, replayed []methods.Row) (b batch, err error) {
	if t.packer != nil {
		b.packed, err = t.pack(current, replayed)
		return b, err
	}
	b.plain = t.layOut(current, replayed, t.training.Batch+t.session.ReplayRows())
	return b, nil
}

// layOut lays out current rows and, after a batch of them, replayed ones, in the shortest length in
// which all fit; rows that are missing stay empty.
func (t *trainer) layOut(current, replayed []methods.Row, rows int) methods.Batch {
	longest := 0
	for _, row := range slices.Concat(current, replayed) {
		longest = max(longest, t.split(row).Lengths(row.Index).Tokens)
	}
	length := t.training.RowLength(longest)
	b := methods.EmptyBatch(rows, length, min(t.training.AnswerLength, length))
	for i, row := range current {
		t.set(b, i, row)
	}
	for i, row := range replayed {
		t.set(b, t.training.Batch+i, row)
	}
	return b
}

func (t *trainer) set(b methods.Batch, slot int, row methods.Row) {
	taught, _ := t.text(row).Train(b.Length, b.Answers, t.end)
	b.SetText(slot, taught.Tokens, taught.First, taught.Targets)
}

// text is a row's example.
func (t *trainer) text(row methods.Row) datasets.Encoded {
	return t.split(row).At(row.Index)
}

// split is that of a row's example.
func (t *trainer) split(row methods.Row) *prepared.Split {
	return t.data.Tasks[t.cell.Tasks[row.Task]].Train
}

// batches gives some of a lesson's examples in batches without replayed rows, for Session.EndTask.
func (t *trainer) batches(l lesson) func(examples int) iter.Seq2[methods.Batch, error] {
	return func(examples int) iter.Seq2[methods.Batch, error] {
		return func(yield func(methods.Batch, error) bool) {
			rows := t.fisherRows(l, examples)
			for len(rows) > 0 {
				n := min(t.training.Batch, len(rows))
				b := batch{plain: t.layOut(rows[:n], nil, t.training.Batch)}
				if t.onBatch != nil {
					t.onBatch(b)
				}
				if !yield(b.plain, nil) {
					return
				}
				rows = rows[n:]
			}
		}
	}
}

// fisherRows are so many of a lesson's rows, or all, that its Fisher information is estimated on,
// shuffled: files are often sorted by label.
func (t *trainer) fisherRows(l lesson, examples int) []methods.Row {
	next := t.bounded(epochs(l.rows, t.stream("fisher", l)))
	rows := make([]methods.Row, min(examples, t.drawn(l)))
	for i := range rows {
		rows[i] = next()
	}
	return rows
}

// epochs gives the rows one by one, shuffled again for each pass.
func epochs(rows []methods.Row, r *rand.Rand) func() methods.Row {
	order := make([]methods.Row, len(rows))
	at := len(rows)
	return func() methods.Row {
		if at == len(rows) {
			copy(order, rows)
			r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
			at = 0
		}
		at++
		return order[at-1]
	}
}
