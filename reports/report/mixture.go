package report

import (
	"fmt"
	"math"

	"secura/experiments/record"
	"secura/experiments/suite"
	"secura/reports/metric"
)

// Mixture is what the weights θ₀ + Mix·(θ − θ₀) have, pretrained θ₀ and learned θ. Scores are as a
// row of R; K and Perplexity are NaN where not measured.
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
