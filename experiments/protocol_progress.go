package experiments

import (
	"context"
	"errors"
	"fmt"

	"secura/experiments/engine"
	"secura/experiments/record"
	"secura/methods"
)

// onStep records a step, tells of it and evaluates where that is asked for.
func (p *protocol) onStep(ctx context.Context, session *methods.Session, l lesson) func(record.Step) error {
	return func(step record.Step) error {
		p.progress(engine.Progress{Cell: p.cell.ID, Method: p.cell.Method.Name, Task: l.name, TaskIndex: l.index - p.lessons[0].index + 1, Tasks: len(p.lessons),
			Step: step.Step, Steps: l.steps, Loss: step.Loss, Share: p.share(l, step.Step), State: record.Running})
		if err := p.log.step(step); err != nil {
			return fmt.Errorf("record step %d of task %s: %w", step.Step, l.name, err)
		}
		return p.within(ctx, session, l, step.Step)
	}
}

// note tells the user something.
func (p *protocol) note(format string, args ...any) {
	p.progress(engine.Progress{Cell: p.cell.ID, Method: p.cell.Method.Name, State: record.Running, Note: fmt.Sprintf(format, args...)})
}

// share is how much of a cell's computing is done after a step of a lesson, from 0 to 1, counted in
// tokens: those of a training row three times, for its backward pass takes two forward passes.
func (p *protocol) share(l lesson, step int) float64 {
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
	return float64(done+cost(l, step)) / float64(all)
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
