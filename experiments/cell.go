package experiments

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"secura/experiments/engine"
	"secura/experiments/record"
	"secura/methods"
)

// start makes the session of the protocol's cell.
func (p *protocol) start() (*methods.Session, error) {
	t := p.worker.suite.Training
	return methods.NewSession(p.worker.base, p.method, p.params, KnownPresets().GraphKey(p.cell.Method), methods.Setting{
		Targets: t.Targets, Rows: t.Batch, Length: t.Length, Lengths: t.Lengths, Answers: t.AnswerLength,
		WeightDecay: t.WeightDecay, Clip: t.Clip, Accumulate: cmp.Or(p.parts, t.Accumulate), Checkpoint: t.Checkpoint,
		CarryOptimizer: t.CarryOptimizer, Diagnostics: p.worker.suite.Evaluation.Diagnostics,
		StreamExamples: p.worker.data.trainExamples(), TaskSteps: t.Steps, Rand: p.cell.Streams().Rand,
	})
}

// plan lists what the cell learns, in order.
func (p *protocol) plan() []lesson {
	rate := p.worker.suite.MethodRate(p.cell.Method, p.method.LearningRate)
	steps := p.worker.suite.Training.Steps
	rowsOf := func(position int) []methods.Row {
		rows := make([]methods.Row, len(p.worker.data.tasks[p.cell.Tasks[position]].train))
		for i := range rows {
			rows[i] = methods.Row{Task: position, Index: i}
		}
		return rows
	}
	var list []lesson
	switch p.method.Kind {
	case methods.Untrained:
	case methods.Joint:
		// One lesson that ends where the stream ends.
		mixture := lesson{index: len(p.cell.Tasks), name: "all tasks", steps: steps * len(p.cell.Tasks), rate: rate}
		for i := range p.cell.Tasks {
			mixture.rows = append(mixture.rows, rowsOf(i)...)
		}
		list = append(list, mixture)
	default:
		for i, task := range p.cell.Tasks {
			list = append(list, lesson{i + 1, p.worker.suite.Tasks[task].Name, steps, rate, rowsOf(i)})
		}
	}
	return list
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

// String says how a row stands, for logs.
func (e *evaluation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "accuracy %.1f", 100*e.accuracy())
	if e.knowledge != nil {
		fmt.Fprintf(&b, ", knowledge %.1f", 100**e.knowledge)
	}
	if e.perplexity != nil {
		fmt.Fprintf(&b, ", held-out text %.3f nats a token", *e.perplexity)
	}
	for _, s := range append(append([]record.TaskScores{}, e.scores...), record.TaskScores{Task: "knowledge", Scores: e.parts}) {
		fmt.Fprintf(&b, "\n  %s", s.Task)
		for _, v := range s.Scores {
			fmt.Fprintf(&b, " %s %.3f", v.Name, v.Value)
		}
	}
	return b.String()
}
