package experiments

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/gomlx/gomlx/core/tensors"

	"secura/experiments/evaluation"
	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/methods"
)

// evaluator is what evaluates at the boundary after a lesson: everything, or with evaluation.every
// "final" only the task that was learned, except where a stream ends.
func (p *protocol) evaluator(l lesson) *evaluation.Evaluator {
	s := p.worker.suite
	ends := s.Stream == suite.Sequential && l.index == len(p.cell.Tasks)
	if s.Evaluation.Every == suite.EveryTask || ends {
		return p.worker.evaluator
	}
	return p.worker.evaluator.Only(p.cell.Tasks[l.index-1], s.Evaluation)
}

// evaluate scores and measures what the session has learned by a step of a lesson.
func (p *protocol) evaluate(ctx context.Context, session *methods.Session, v *evaluation.Evaluator, l lesson, step int) (*evaluation.Row, []record.Measure, error) {
	stop := p.log.time(record.Eval, l.index)
	learned, err := session.Function()
	if err != nil {
		stop(0)
		return nil, nil, err
	}
	defer learned.Close()
	row, err := v.EvaluateFunction(ctx, learned)
	var measures []record.Measure
	if err == nil {
		measures, err = p.measureUpdate(session, learned.Effective)
	}
	if err == nil && step == l.steps {
		err = p.interpolate(ctx, p.mixtures(session, l), learned, row)
	}
	if err == nil {
		row.Weights, err = evaluatedDigest(session, learned.Effective)
	}
	if err != nil {
		stop(0)
		return nil, nil, divergedAt(l, step, err)
	}
	stop(row.Tokens)
	return row, measures, nil
}

// mixtures are those of the pretrained and the learned weights that are evaluated at the boundary
// after a lesson: where a stream ends, of a method that learns weights.
func (p *protocol) mixtures(session *methods.Session, l lesson) []float64 {
	s := p.worker.suite
	if s.Stream != suite.Sequential || l.index != p.lessons[len(p.lessons)-1].index || !session.LearnsWeights() {
		return nil
	}
	return s.Evaluation.Interpolate
}

// interpolate evaluates mixtures of the pretrained weights and those of learned, and adds them to
// the row.
func (p *protocol) interpolate(ctx context.Context, mixes []float64, learned *methods.Function, row *evaluation.Row) error {
	for _, mix := range mixes {
		weights, err := p.worker.base.Mixture(learned.Effective, mix)
		if err != nil {
			return err
		}
		mixture := p.worker.base.Function(weights)
		mixed, err := p.worker.evaluator.EvaluateFunction(ctx, mixture)
		mixture.Close()
		if err != nil {
			return fmt.Errorf("the mixture %g: %w", mix, err)
		}
		row.Tokens += mixed.Tokens
		row.Mixtures = append(row.Mixtures, record.Mixture{Mix: mix, Scores: mixed.InOrder(p.cell.Tasks), Knowledge: mixed.Knowledge, Perplexity: mixed.Perplexity})
	}
	return nil
}

// within evaluates everything at a step within a lesson if evaluation.every_steps asks for it, or
// of the first one evaluation.at_steps. The boundary after the lesson's last step does so itself.
func (p *protocol) within(ctx context.Context, session *methods.Session, l lesson, step int) error {
	if step == l.steps || !p.worker.suite.Evaluation.AtStep(l.index == p.lessons[0].index, step) {
		return nil
	}
	row, measures, err := p.evaluate(ctx, session, p.watched(p.worker.evaluator, l, step), l, step)
	if err != nil {
		return err
	}
	return p.result(record.Event{Kind: record.Curve, Index: l.index, Task: l.name, Step: step}, p.folder.PredictionsAt(l.index, step), row, measures)
}

// recover measures what evaluation.recovery asks for: of each task but the last, the score after a
// few further examples of it, from what the method learned in the whole stream. A task whose score
// comes back at once was not forgotten, only out of use. Each time begins at the stream's last
// checkpoint, and what is learned is thrown away. Where that has numbers that are not finite a
// warning stands in the score's place: the stream itself was learned whole.
func (p *protocol) recover(ctx context.Context) error {
	s := p.worker.suite
	if len(s.Evaluation.Recovery) == 0 || p.method.Kind != methods.Sequential || s.Stream != suite.Sequential {
		return nil
	}
	stop := p.log.time(record.Eval, len(p.lessons))
	defer stop(0) // each evaluation tells of its tokens
	for _, l := range p.lessons[:len(p.lessons)-1] {
		for _, examples := range s.Evaluation.Recovery {
			err := p.recoverTask(ctx, l, examples)
			var diverged *DivergedError
			if errors.As(err, &diverged) {
				err = p.log.event(record.Event{Kind: record.Warning, Task: l.name, Text: fmt.Sprintf("no score after %d further examples: %s", examples, diverged.Reason)})
			}
			if err != nil {
				return fmt.Errorf("recover task %s by %d examples: %w", l.name, examples, err)
			}
		}
	}
	return p.log.sync()
}

// recoverTask learns so many examples of a task once, in batches, at the method's rate without a
// schedule, and records the task's score.
func (p *protocol) recoverTask(ctx context.Context, l lesson, examples int) error {
	session, err := p.start()
	if err != nil {
		return err
	}
	defer session.Close()
	if err := session.Load(p.folder.CheckpointAt(rundir.Place{Index: len(p.lessons)})); err != nil {
		return err
	}
	if err := session.StartTask(); err != nil {
		return err
	}
	t := p.worker.trainer(p.cell, session, nil)
	next, replay := t.bounded(epochs(l.rows, t.stream("recovery", l))), t.stream("recovery/replay", l)
	for left := min(examples, t.drawn(l)); left > 0; left -= t.training.Batch {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := t.recoveryStep(min(left, t.training.Batch), next, replay, l.rate); err != nil {
			return err
		}
	}
	row, _, err := p.evaluate(ctx, session, p.worker.evaluator.Only(p.cell.Tasks[l.index-1], p.worker.suite.Evaluation), l, 0)
	if err != nil {
		return err
	}
	return p.log.event(record.Event{Kind: record.Recovery, Index: l.index, Task: l.name, Examples: examples, Scores: row.InOrder(p.cell.Tasks), EvalTokens: row.Tokens})
}

// recoveryStep makes a step of so many rows, and those that the method replays beside them. A
// memory was offered these rows in the stream, and is not again.
func (t *trainer) recoveryStep(rows int, next func() methods.Row, replay *rand.Rand, rate float64) error {
	current := make([]methods.Row, rows)
	for i := range current {
		current[i] = next()
	}
	b, err := t.batch(current, t.session.MixBatch(nil, replay))
	if err != nil {
		return err
	}
	_, err = b.step(t.session, rate)
	return err
}

// result writes a row of results: its predictions, and then the event that names them.
func (p *protocol) result(event record.Event, predictions string, row *evaluation.Row, measures []record.Measure) (err error) {
	if event.Predictions, err = p.worker.writePredictions(predictions, p.log.mine, p.cell, row); err != nil {
		return err
	}
	event.Knowledge, event.KnowledgeParts, event.Perplexity = row.Knowledge, row.Parts, row.Perplexity
	event.EvalTokens, event.Measures, event.Divergence = row.Tokens, measures, row.Divergence
	event.Mixtures = row.Mixtures
	base := event.Kind == record.Boundary && event.Index == 0
	event.Scores, event.TeacherForced = row.InOrder(p.cell.Tasks), p.worker.evaluator.ForcedInOrder(p.cell.Tasks, row, base)
	if noisy := row.Perturbed; base && noisy != nil {
		event.Perturbed = &record.Reference{Scores: noisy.InOrder(p.cell.Tasks), Knowledge: noisy.Knowledge,
			TeacherForced: p.worker.evaluator.ForcedInOrder(p.cell.Tasks, noisy, false)}
	}
	return p.log.event(event)
}

// measuresOf gives measures the form of records. One that is not finite has no form there and is
// left out: there was nothing to be measured.
func measuresOf(list []methods.Measure) (measures []record.Measure) {
	for _, m := range list {
		if evaluation.Finite(m.Value) {
			measures = append(measures, record.Measure{Name: m.Name, Value: m.Value})
		}
	}
	return measures
}

// measureStart gives the diagnostics of the boundary before the stream, where nothing has moved
// yet.
func (p *protocol) measureStart(session *methods.Session) ([]record.Measure, error) {
	if !p.worker.suite.Evaluation.Diagnostics {
		return nil, nil
	}
	list, err := session.MeasureStart()
	return measuresOf(list), err
}

// measureUpdate gives the diagnostics of the weights that are evaluated.
func (p *protocol) measureUpdate(session *methods.Session, effective map[string]*tensors.Tensor) ([]record.Measure, error) {
	if !p.worker.suite.Evaluation.Diagnostics {
		return nil, nil
	}
	list, err := session.MeasureBoundary(effective)
	return measuresOf(list), err
}

// writePredictions writes what was predicted at a boundary, if the file is still the worker's to
// write, and returns its sha256.
func (w *Worker) writePredictions(path string, mine func() error, cell suite.Cell, row *evaluation.Row) (string, error) {
	data, err := w.evaluator.EncodePredictions(cell.Tasks, row)
	if err != nil {
		return "", fmt.Errorf("write predictions: %w", err)
	}
	if err := rundir.WriteBytesIf(path, mine, data); err != nil {
		return "", err
	}
	return rundir.HashBytes(path, data).SHA256, nil
}
