package backbone

// PackedFLOP counts the operations of HiddenPacked and of logits at the wanted slots, as
// ForwardFLOP does: rows of length slots, answers of them wanted in each, of texts of at most
// longest slots.
func (c Config) PackedFLOP(rows, length, answers, longest int) float64 {
	all, rest := 0.0, 0.0 // of a layer's weights: those before attention, and those after it
	for _, p := range c.Projections(0) {
		out, in := c.projectionSize(p.Name)
		if n := 2 * float64(out) * float64(in); p.Name == "q_proj" || p.Name == "k_proj" || p.Name == "v_proj" {
			all += n
		} else {
			rest += n
		}
	}
	slots, wanted, layers := float64(rows*length), float64(rows*answers), float64(c.Layers)
	attention := 4 * float64(newNeighbourhood(length, longest).seen()*c.Heads*c.HeadSize)
	return slots*(layers*(all+attention)+(layers-1)*rest) + wanted*(rest+2*float64(c.Vocabulary)*float64(c.Width))
}

// PackedScores counts the attention scores of HiddenPacked, with what copying keys and values costs
// as if it were more of them.
func (c Config) PackedScores(rows, length, longest int) float64 {
	return float64(rows*length) * float64(newNeighbourhood(length, longest).cost()) * float64(c.Layers*c.Heads)
}

// ForwardFLOP counts the floating-point operations of a forward pass over full rows, with logits at
// the last answers slots of each: two for each weight and token, and for each pair of slots and
// number of a head those of scores and of their use. Norms, activations and softmax are left out,
// as is usual for model FLOP utilisation (Chowdhery et al. 2022, PaLM, appendix B); attention
// counts all pairs, though half of them are hidden.
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
