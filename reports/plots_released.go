package reports

import (
	"math"
	"secura/reports/metric"
)

// releasedFigures show nats a token on the true answers of the battery over the
// first task's steps, where a run predicted these.
func (r *Report) releasedFigures() ([]Figure, error) {
	steps := r.forcedSteps()
	if len(steps) < 3 { // the ends of the first task alone are no curve
		return nil, nil
	}
	f := newFigure("released", "What the first steps do to the knowledge battery", "step of the first task, logarithmic; leftmost: before it",
		"nats a token on the battery's true answers")
	each := r.Suite.Training.each()
	for _, m := range r.Suite.Methods {
		done, _ := r.doneCells(m.Name)
		var series []datum
		for _, s := range steps {
			var numbers []float64
			for _, c := range done {
				numbers = append(numbers, c.forcedAt(s, each, func(f forced) float64 { return f.nats }))
			}
			x := -0.5 // half a decade before the first step
			if s > 0 {
				x = math.Log10(float64(s))
			}
			if len(numbers) > 0 {
				summary := metric.MeanSDCI(numbers)
				series = append(series, datum{x: x, y: summary.Mean.Number})
			}
		}
		if err := f.curve(m.Name, r.lookOf(m.Name), series); err != nil {
			return nil, err
		}
	}
	if f.finish() {
		return nil, nil
	}
	f.plot.X.Tick.Marker = powers{}
	return []Figure{f}, nil
}
