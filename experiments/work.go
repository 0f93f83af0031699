package experiments

// share is how much of a cell's computing is done after a step of a lesson, from 0 to 1, counted in tokens: those of a
// training row three times, for its backward pass takes two forward passes.
func (p *protocol) share(l lesson, step int) float64 {
	t, whole := p.worker.suite.Training, p.worker.evaluator.tokens
	cost := func(l lesson, steps int) int64 {
		n := int64(steps) * int64(3*t.Batch*t.Length)
		if every := p.worker.suite.Evaluation.EverySteps; every > 0 {
			n += int64(min(steps, l.steps-1)/every) * whole
		}
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
