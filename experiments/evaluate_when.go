package experiments

import (
	"context"
	"errors"

	"secura/experiments/record"
	"secura/experiments/suite"
	"secura/methods"
)

// sessionFor is the session that a lesson is learned in: the one before, or where each task is learned alone a fresh
// one on the pretrained backbone, for which it closes the one before.
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

// evaluator is what evaluates at the boundary behind a lesson: everything, or with evaluation.every "final" only the
// task that was learned, except where a stream ends.
func (p *protocol) evaluator(l lesson) *evaluator {
	s := p.worker.suite
	ends := s.Stream == suite.Sequential && l.index == len(p.cell.Tasks)
	if s.Evaluation.Every == suite.EveryTask || ends {
		return p.worker.evaluator
	}
	return p.worker.evaluator.only(p.cell.Tasks[l.index-1], s.Evaluation)
}

// evaluate scores and measures what the session has learned by a step of a lesson.
func (p *protocol) evaluate(ctx context.Context, session *methods.Session, v *evaluator, l lesson, step int) (*evaluation, []record.Measure, error) {
	stop := p.log.time(record.Eval, l.index)
	learned, err := session.Function()
	if err != nil {
		return nil, nil, err
	}
	defer learned.Close()
	row, err := v.evaluateFunction(ctx, learned)
	var measures []record.Measure
	if err == nil {
		measures, err = p.measureUpdate(session, learned.Effective)
	}
	if err == nil {
		row.weights, err = digestOf(learned.Effective)
	}
	if errors.Is(err, errNotFinite) {
		return nil, nil, &DivergedError{l.name, step, err.Error()}
	}
	if err != nil {
		return nil, nil, err
	}
	stop(row.tokens)
	return row, measures, nil
}

// within evaluates everything at a step within a lesson if evaluation.every_steps asks for it. The boundary behind the
// lesson's last step does so itself.
func (p *protocol) within(ctx context.Context, session *methods.Session, l lesson, step int) error {
	every := p.worker.suite.Evaluation.EverySteps
	if every == 0 || step%every != 0 || step == l.steps {
		return nil
	}
	row, measures, err := p.evaluate(ctx, session, p.worker.evaluator, l, step)
	if err != nil {
		return err
	}
	return p.result(record.Event{Kind: record.Curve, Index: l.index, Task: l.name, Step: step}, p.folder.PredictionsAt(l.index, step), row, measures)
}

// result writes a row of results: its predictions, and then the event that names them.
func (p *protocol) result(event record.Event, predictions string, row *evaluation, measures []record.Measure) (err error) {
	if event.Predictions, err = p.worker.writePredictions(predictions, p.cell, row); err != nil {
		return err
	}
	event.Knowledge, event.KnowledgeParts, event.Perplexity = row.knowledge, row.parts, row.perplexity
	event.EvalTokens, event.Measures = row.tokens, measures
	event.Scores = inOrder(p.cell, row)
	return p.log.event(event)
}
