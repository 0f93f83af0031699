package experiments

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"

	"secura/experiments/engine"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/methods"
	"secura/methods/backbone"
)

// protocol is what runs a cell in a folder; the cell's backbone is open then.
func (w *Worker) protocol(ctx context.Context, cell suite.Cell, folder rundir.Cell) (*protocol, error) {
	p, err := w.unrecorded(ctx, cell)
	if err != nil {
		return nil, err
	}
	retried, err := rundir.ReadInParts(w.run.Cell(cell.ID))
	if err != nil {
		return nil, fmt.Errorf("run cell %s: %w", cell.ID, err)
	}
	p.folder, p.parts = folder, retried.Accumulate
	p.log, p.progress = &cellLog{compiled: w.compiling.Total, mine: func() error { return nil }}, func(engine.Progress) {}
	return p, nil
}

// unrecorded is a cell's protocol without a folder: its sessions and lessons, for measurements.
func (w *Worker) unrecorded(ctx context.Context, cell suite.Cell) (*protocol, error) {
	if err := w.use(ctx, cell.Backbone); err != nil {
		return nil, fmt.Errorf("run cell %s: %w", cell.ID, err)
	}
	method, params, err := methodOf(cell.Method)
	if err != nil {
		return nil, fmt.Errorf("run cell %s: %w", cell.ID, err)
	}
	return &protocol{worker: w, cell: cell, method: method, params: params, until: EndOfCell}, nil
}

// start makes the session of the protocol's cell.
func (p *protocol) start() (*methods.Session, error) {
	w := p.worker
	setting := settingOf(w.suite, p.cell, w.trainExamples())
	setting.Accumulate = cmp.Or(p.parts, setting.Accumulate)
	return methods.NewSession(w.base, p.method, p.params, KnownPresets().GraphKey(p.cell.Method), setting)
}

// trainExamples counts the training examples that the stream draws. Without data it is a number
// that any replay memory can be a share of: a session that is loaded has the memory of its
// checkpoint.
func (w *Worker) trainExamples() int {
	if w.withoutData {
		return math.MaxInt32
	}
	return w.data.TrainExamples(w.suite.Training)
}

// settingOf is what a cell's method is given, with the number of the stream's training examples.
func settingOf(s suite.Suite, cell suite.Cell, examples int) methods.Setting {
	t := s.Training
	return methods.Setting{
		Targets: t.Targets, Rows: t.Batch, Length: t.Length, Lengths: t.Lengths, Answers: t.AnswerLength,
		WeightDecay: t.WeightDecay, Clip: t.Clip, Accumulate: t.Accumulate, Checkpoint: t.Checkpoint,
		CarryOptimizer: t.CarryOptimizer, Diagnostics: s.Evaluation.Diagnostics,
		StreamExamples: examples, Tasks: len(cell.Tasks), TaskSteps: t.Steps, Rand: cell.Streams().Rand,
	}
}

// checkMethods starts every method of the suite on the shapes of its one backbone, without a
// backend, and returns all mistakes at once.
func checkMethods(s suite.Suite, config backbone.Config, examples int) error {
	base := methods.NewShapes(config, s.Training.Targets, s.Devices)
	defer base.Close()
	var mistakes []error
	for _, spec := range s.Methods {
		method, params, err := methodOf(spec)
		if err != nil {
			continue // Validate or CheckParams has told of it
		}
		session, err := methods.NewSession(base, method, params, spec.Name, settingOf(s, suite.Cell{Method: spec}, examples))
		if err == nil {
			err = session.Close()
		}
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("methods.%s on backbone %s: %w", spec.Name, s.Backbone, err))
		}
	}
	return errors.Join(mistakes...)
}

// lessonSteps is how many steps each lesson of a cell has.
func lessonSteps(m methods.Method, s suite.Suite, cell suite.Cell) int {
	if m.Kind == methods.Joint {
		return s.Training.Steps * len(cell.Tasks)
	}
	return s.Training.Steps
}

// plan lists what the cell learns, in order.
func (p *protocol) plan() []lesson {
	rate := p.worker.suite.MethodRate(p.cell.Method, p.method.LearningRate)
	steps := lessonSteps(p.method, p.worker.suite, p.cell)
	rowsOf := func(position int) []methods.Row {
		rows := make([]methods.Row, p.worker.data.Tasks[p.cell.Tasks[position]].Train.Len())
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
		mixture := lesson{index: len(p.cell.Tasks), name: "all tasks", steps: steps, rate: rate}
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

// sessionFor is the session that a lesson is learned in: the one before, or where each task is
// learned alone a fresh one on the pretrained backbone, for which it closes the one before.
func (p *protocol) sessionFor(l lesson, before *methods.Session) (*methods.Session, error) {
	if p.worker.suite.Stream != suite.Separate || l.index == p.lessons[0].index {
		return before, nil
	}
	session, err := p.start()
	if err != nil {
		return before, err
	}
	return session, before.Close()
}
