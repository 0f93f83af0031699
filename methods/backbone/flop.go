package backbone

// ForwardFLOP counts the floating-point operations of a forward pass over full rows, with logits at the last answers slots
// of each: two for each weight and token, and for each pair of slots and number of a head those of scores and of their
// use. Norms, activations and softmax are left out, as is usual for model FLOP utilisation (Chowdhery et al. 2022,
// PaLM, appendix B); attention counts all pairs, though half of them are hidden.
func (c Config) ForwardFLOP(rows, length, answers int) float64 {
	weights := 0.0
	for _, p := range c.Projections(0) {
		out, in := c.projectionSize(p.Name)
		weights += float64(out) * float64(in)
	}
	tokens := float64(rows) * float64(length)
	layer := 2*weights*tokens + 4*tokens*float64(length)*float64(c.Heads*c.HeadSize)
	return float64(c.Layers)*layer + 2*float64(c.Vocabulary)*float64(c.Width)*float64(rows*answers)
}
