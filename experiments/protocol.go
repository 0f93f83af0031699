// Package experiments does what one cell of a run does. A cell is one method on one backbone, one
// seed and one order of the tasks. In come the run's suite, its data and a backbone; out go
// records, predictions and checkpoints in the cell's folder. The loop is protocol.run: base row,
// then for each task train, evaluate, record, checkpoint. The same pieces execute cells again
// (verify), score a backbone without training (eval), measure (bench) and write what was learned
// (export). Read protocol.run first.
package experiments

import (
	"context"
	"errors"
	"fmt"

	"secura/experiments/engine"
	"secura/experiments/evaluation"
	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/methods"
)

// protocol runs one cell: the base model's row first; then for each task train, evaluate, append
// the raw records, checkpoint. What is printed later is a function of these records alone. Whether
// a task goes on from the one before (stream), and what is evaluated when (evaluation.every,
// evaluation.every_steps), is in protocol_lessons.go and protocol_evaluate.go.
type protocol struct {
	worker  *Worker
	cell    suite.Cell
	folder  rundir.Cell
	method  methods.Method
	params  any
	lessons []lesson
	// boundaryTokens are those that are computed at the boundary after each lesson, by its index.
	boundaryTokens map[int]int64
	// until is the boundary at which the run stops; EndOfCell goes on to the end.
	until int
	// parts is in how many parts a batch is computed because the cell's worker was killed; 0 leaves
	// that to the suite.
	parts    int
	log      *cellLog
	progress func(engine.Progress)
	// loss is that of the last step.
	loss float64
}

// run goes through the stream from the newest checkpoint on.
func (p *protocol) run(ctx context.Context) error {
	p.lessons, p.boundaryTokens = p.plan(), map[int]int64{}
	session, err := p.start()
	if err != nil {
		return err
	}
	defer func() { session.Close() }() // the last one, where each task has its own
	for _, l := range p.lessons {
		p.boundaryTokens[l.index] = p.evaluator(l).Tokens * int64(1+len(p.mixtures(session, l)))
	}
	place, err := p.resume(session)
	if err != nil {
		return err
	}
	if place == anew {
		if err := p.base(ctx, session); err != nil {
			return err
		}
	}
	for _, l := range p.lessons {
		if p.until != EndOfCell && l.index > p.until {
			return p.log.sync()
		}
		if l.index < place.Index || l.index == place.Index && !place.Within() {
			continue
		}
		at, err := p.position(place, l)
		if err != nil {
			return err
		}
		if at.step == 0 {
			if session, err = p.sessionFor(l, session); err != nil {
				return err
			}
		}
		if err := p.learn(ctx, session, l, at); err != nil {
			return p.diverged(err)
		}
	}
	if p.until != EndOfCell {
		return p.log.sync()
	}
	if err := p.recover(ctx); err != nil {
		return err
	}
	return p.end()
}

// base writes how the cell starts: what it is, and the untouched backbone's row.
func (p *protocol) base(ctx context.Context, session *methods.Session) error {
	start := record.Event{Kind: record.CellStart, Cell: p.cell.ID, Method: p.cell.Method.Name, Seed: p.cell.Seed, Order: p.cell.Order,
		Backbone: p.cell.Backbone, TrainedParameters: session.TrainedParameters(), StateBytes: session.StateBytes()}
	for _, i := range p.cell.Tasks {
		start.Tasks = append(start.Tasks, p.worker.suite.Tasks[i].Name)
	}
	if err := p.log.event(start); err != nil {
		return err
	}
	for _, text := range p.worker.warnings {
		if err := p.log.event(record.Event{Kind: record.Warning, Text: text}); err != nil {
			return err
		}
	}
	row, err := p.worker.baseRow(ctx, p.log, func(percent int) {
		p.progress(engine.Progress{Cell: p.cell.ID, Method: p.cell.Method.Name, Evaluated: percent, State: record.Running})
	})
	if err != nil {
		return err
	}
	measures, err := p.measureStart(session)
	if err != nil {
		return err
	}
	return p.boundary(session, 0, row, measures)
}

// learn trains on one lesson, from a position in it on, and writes the boundary after it.
func (p *protocol) learn(ctx context.Context, session *methods.Session, l lesson, at position) error {
	if err := p.begin(session, l, &at); err != nil {
		return err
	}
	t := p.worker.trainer(p.cell, session, p.onStep(ctx, session, l))
	forward := at.Forward
	t.save = func(at position) error {
		at.Forward = forward
		return p.checkpointWithin(session, l, at)
	}
	t.onBatch = func(b batch) { forward += b.forwardFLOP(p.worker.base.Model.Config, p.worker.suite.Training.Length) }
	stop := p.log.time(record.Train, l.index)
	tokens, loss, err := t.train(ctx, l, at)
	if err != nil {
		stop(0)
		return err
	}
	learned, err := session.TrainedDigest()
	if err == nil && p.method.Kind == methods.Sequential {
		err = session.EndTask(l.index, t.batches(l))
	}
	if err != nil {
		stop(0)
		return divergedAt(l, l.steps, err)
	}
	p.log.flop = forward * passes(session)
	stop(tokens)
	if err := p.log.event(record.Event{Kind: record.TaskEnd, Index: l.index, Task: l.name, Steps: l.steps, TrainTokens: tokens, FinalLoss: loss}); err != nil {
		return err
	}
	row, measures, err := p.evaluate(ctx, session, p.watched(p.evaluator(l), l, l.steps), l, l.steps)
	if err != nil {
		return err
	}
	return p.boundary(session, l.index, row, measures, fingerprint{learned, row.Weights}.unchanged(at.Start)...)
}

// passes are those of a step in forward passes over its batch: its own, the backward pass, which
// takes two, what is computed again for it, and the method's further ones.
func passes(session *methods.Session) float64 {
	n := 3 + session.ExtraForwards()
	if session.Checkpoint {
		n++
	}
	return n
}

// boundary writes a row of results, and then the checkpoint that makes it stand.
func (p *protocol) boundary(session *methods.Session, index int, row *evaluation.Row, measures []record.Measure, unchanged ...string) error {
	if err := p.result(record.Event{Kind: record.Boundary, Index: index, Unchanged: unchanged}, p.folder.Predictions(index), row, measures); err != nil {
		return err
	}
	if err := p.log.sync(); err != nil {
		return err
	}
	place := rundir.Place{Index: index}
	if err := rundir.SaveCheckpoint(p.folder, place, p.log.mine, session.Save); err != nil {
		return err
	}
	return p.drop(place)
}

// onStep records a step, tells of it and evaluates where that is asked for.
func (p *protocol) onStep(ctx context.Context, session *methods.Session, l lesson) func(record.Step) error {
	return func(step record.Step) error {
		p.loss = step.Loss
		p.progress(p.at(l, step.Step))
		if err := p.log.step(step); err != nil {
			return fmt.Errorf("record step %d of task %s: %w", step.Step, l.name, err)
		}
		return p.within(ctx, session, l, step.Step)
	}
}

// at says that a step of a lesson is done.
func (p *protocol) at(l lesson, step int) engine.Progress {
	return engine.Progress{Cell: p.cell.ID, Method: p.cell.Method.Name, Task: l.name, TaskIndex: l.index - p.lessons[0].index + 1, Tasks: len(p.lessons),
		Step: step, Steps: l.steps, Loss: p.loss, Share: p.share(l, step, 0), State: record.Running}
}

// watched is an evaluator that tells how much is done of what it evaluates at a step of a lesson.
func (p *protocol) watched(v *evaluation.Evaluator, l lesson, step int) *evaluation.Evaluator {
	return v.Watched(func(percent int) {
		line := p.at(l, step)
		line.Evaluated = percent
		if step == l.steps {
			line.Share = p.share(l, step, v.Tokens*int64(percent)/100)
		}
		p.progress(line)
	})
}

// note tells the user something.
func (p *protocol) note(format string, args ...any) {
	p.progress(engine.Progress{Cell: p.cell.ID, Method: p.cell.Method.Name, State: record.Running, Note: fmt.Sprintf(format, args...)})
}

// share is how much of a cell's computing is done after a step of a lesson and so many tokens of
// the evaluation after it, from 0 to 1, counted in tokens: those of a training row three times, for
// its backward pass takes two forward passes.
func (p *protocol) share(l lesson, step int, evaluated int64) float64 {
	t, whole := p.worker.suite.Training, p.worker.evaluator.Tokens
	cost := func(l lesson, steps int) int64 {
		n := int64(steps) * int64(3*t.Batch*t.Length)
		n += int64(p.worker.suite.Evaluation.Within(l.index == p.lessons[0].index, min(steps, l.steps-1))) * whole
		return n
	}
	var done, all int64
	for _, other := range p.lessons {
		n := cost(other, other.steps) + p.boundaryTokens[other.index]
		all += n
		if other.index < l.index {
			done += n
		}
	}
	return float64(done+cost(l, step)+evaluated) / float64(all)
}

// diverged records a cell that has no finite numbers any more.
func (p *protocol) diverged(err error) error {
	var d *DivergedError
	if !errors.As(err, &d) {
		return err
	}
	event := record.Event{Kind: record.Diverged, Task: d.Task, Step: d.Step, Reason: d.Reason}
	return errors.Join(err, p.log.event(event), p.log.sync())
}
