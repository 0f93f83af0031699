package experiments

import (
	"context"
	"fmt"

	"secura/experiments/evaluation"
	"secura/experiments/record"
	"secura/experiments/suite"
	"secura/methods"
)

// interpolate evaluates, where a cell ends, the mixtures of the pretrained and the learned weights
// that evaluation.interpolate asks for. A method whose forward pass is not one with weights has
// none.
func (p *protocol) interpolate(ctx context.Context, session *methods.Session, l lesson, step int, learned *methods.Function, row *evaluation.Row) error {
	s := p.worker.suite
	last := l.index == p.lessons[len(p.lessons)-1].index && step == l.steps
	if !last || s.Stream != suite.Sequential || !session.LearnsWeights() {
		return nil
	}
	for _, mix := range s.Evaluation.Interpolate {
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
