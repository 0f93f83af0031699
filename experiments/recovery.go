package experiments

import (
	"context"
	"fmt"
	"math/rand/v2"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/methods"
)

// recover measures what evaluation.recovery asks for: of each task but the last, the score after a
// few further examples of it, from what the method learned in the whole stream. A task whose score
// comes back at once was not forgotten, only out of use. Each time begins at the stream's last
// checkpoint, and what is learned is thrown away.
func (p *protocol) recover(ctx context.Context) error {
	s := p.worker.suite
	if len(s.Evaluation.Recovery) == 0 || p.method.Kind != methods.Sequential || s.Stream != suite.Sequential {
		return nil
	}
	stop := p.log.time(record.Eval, len(p.lessons))
	var tokens int64
	for _, l := range p.lessons[:len(p.lessons)-1] {
		for _, examples := range s.Evaluation.Recovery {
			n, err := p.recoverTask(ctx, l, examples)
			if err != nil {
				return fmt.Errorf("recover task %s by %d examples: %w", l.name, examples, err)
			}
			tokens += n
		}
	}
	stop(tokens)
	return p.log.sync()
}

// recoverTask learns so many examples of a task once, in batches, at the method's rate without a
// schedule, and records the task's score. It returns the tokens that were evaluated.
func (p *protocol) recoverTask(ctx context.Context, l lesson, examples int) (tokens int64, err error) {
	session, err := p.start()
	if err != nil {
		return 0, err
	}
	defer session.Close()
	if err := session.Load(p.folder.CheckpointAt(rundir.Place{Index: len(p.lessons)})); err != nil {
		return 0, err
	}
	if err := session.StartTask(); err != nil {
		return 0, err
	}
	t := p.worker.trainer(p.cell, session, nil)
	next, replay := t.bounded(epochs(l.rows, t.stream("recovery", l))), t.stream("recovery/replay", l)
	for left := min(examples, len(l.rows)); left > 0; left -= t.training.Batch {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if err := t.recoveryStep(min(left, t.training.Batch), next, replay, l.rate); err != nil {
			return 0, err
		}
	}
	row, _, err := p.evaluate(ctx, session, p.worker.evaluator.Only(p.cell.Tasks[l.index-1], p.worker.suite.Evaluation), lesson{index: l.index, name: l.name}, 0)
	if err != nil {
		return 0, err
	}
	return row.Tokens, p.log.event(record.Event{Kind: record.Recovery, Index: l.index, Task: l.name, Examples: examples, Scores: row.InOrder(p.cell.Tasks), EvalTokens: row.Tokens})
}

// recoveryStep makes a step of so many rows, and those that the method replays beside them.
func (t *trainer) recoveryStep(rows int, next func() methods.Row, replay *rand.Rand, rate float64) error {
	current := make([]methods.Row, rows)
	for i := range current {
		current[i] = next()
	}
	b, err := t.batch(current, t.session.MixBatch(current, replay))
	if err != nil {
		return err
	}
	_, err = b.step(t.session, rate)
	return err
}
