package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"secura/experiments/record"
	"secura/experiments/suite"
	"secura/reports/metric"
)

// Mixture is what the weights θ₀ + Mix·(θ − θ₀) have, pretrained θ₀ and θ what the method
// evaluates, of wise-ft its own mixture and of I-LoRA the slow copy. Scores are as a row of R; K
// and Perplexity are NaN where not measured.
type Mixture struct {
	Mix           float64
	Scores        []float64
	K, Perplexity float64
}

func (c *Cell) mixture(m record.Mixture) Mixture {
	mixed := Mixture{Mix: m.Mix, Scores: c.Scores(record.Event{Scores: m.Scores}), K: math.NaN(), Perplexity: math.NaN()}
	if m.Knowledge != nil {
		mixed.K = *m.Knowledge
	}
	if m.Perplexity != nil {
		mixed.Perplexity = *m.Perplexity
	}
	return mixed
}

// MixtureAt takes a number of the cell's mixture; 0 is the untouched backbone and 1 what was
// learned.
func (c Cell) MixtureAt(mix float64, of func(Mixture) float64) metric.Value {
	if c.Method.Preset == suite.Frozen {
		return metric.Undefined("no training")
	}
	n := len(c.Tasks)
	row := func(i int) Mixture {
		m := Mixture{Mix: mix, K: math.NaN(), Perplexity: math.NaN(), Scores: c.R[i]}
		if c.K != nil {
			m.K = c.K[i]
		}
		if c.Perplexity != nil {
			m.Perplexity = c.Perplexity[i]
		}
		return m
	}
	var x float64
	switch mix {
	case 0:
		x = of(row(0))
	case 1:
		x = of(row(n))
	default:
		for _, m := range c.Mixtures {
			if m.Mix == mix {
				return metric.Number(of(m))
			}
		}
		return metric.Undefined(fmt.Sprintf("no mixture %g: the method's forward pass is not one with weights, or it was not evaluated", mix))
	}
	return metric.Number(x)
}

// MeanScore is a mixture's mean over tasks.
func (m Mixture) MeanScore() float64 { return FirstOf(m.Scores, len(m.Scores)) }

// Mixes are the mixtures that any cell evaluated, ascending, between 0 and 1.
func (r *Report) Mixes() []float64 {
	return ofAnyCell(r, func(c Cell) []Mixture { return c.Mixtures }, func(m Mixture) float64 { return m.Mix })
}

// MixtureMeasures are the accuracy, the knowledge retention and the loss on held-out text of a
// mixture, which keys call by its name.
func MixtureMeasures(name string, mix float64) [3]Measure {
	of := func(number func(Cell, Mixture) float64) func(Cell) metric.Value {
		return func(c Cell) metric.Value {
			return c.MixtureAt(mix, func(m Mixture) float64 { return number(c, m) })
		}
	}
	weights := "θ₀ + " + name + "·(θ − θ₀)"
	return [3]Measure{
		{Key: "acc@" + name, Head: []string{"accuracy"}, Better: 1, Meaning: "accuracy at the end of " + weights + ", pretrained θ₀ and evaluated θ",
			Of: of(func(_ Cell, m Mixture) float64 { return m.MeanScore() })},
		{Key: "knowledge_retention@" + name, Head: []string{"knowledge", "retention"}, Better: 1, Meaning: "knowledge retention of " + weights,
			Of: of(func(c Cell, m Mixture) float64 { return c.Retained(m.K) })},
		{Key: "text_loss@" + name, Head: []string{"held-out", "text"}, Better: -1, Nats: true, Meaning: "loss of " + weights + " on held-out text, in nats per token",
			Of: of(func(_ Cell, m Mixture) float64 { return m.Perplexity })},
	}
}

// ofAnyCell are the different numbers that the entries of any cell have, ascending.
func ofAnyCell[E any, N cmp.Ordered](r *Report, entries func(Cell) []E, number func(E) N) (list []N) {
	for _, c := range r.Cells {
		for _, e := range entries(c) {
			list = append(list, number(e))
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// shortest writes a number with as few digits as tell it from others.
func shortest(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
