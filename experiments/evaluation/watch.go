package evaluation

// Watched is the evaluator that tells how much of an evaluation is done, in percent, whenever that
// has grown.
func (v *Evaluator) Watched(tell func(percent int)) *Evaluator {
	watched := *v
	watched.tell = tell
	return &watched
}

// progress counts the tokens of one evaluation, of those of Evaluator.Tokens.
type progress struct {
	done, all int64
	told      int
	tell      func(percent int) // nil where nobody watches
}

// add tells that a batch is computed.
func (p *progress) add(tokens int) {
	p.done += int64(tokens)
	percent := int(100 * p.done / max(p.all, 1))
	if p.tell != nil && percent > p.told {
		p.told = percent
		p.tell(percent)
	}
}
