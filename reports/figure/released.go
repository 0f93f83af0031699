package figure

import (
	"math"

	"secura/reports/metric"
	"secura/reports/report"
)

// ReleasedFigures show nats a token on the true answers of the battery over the first task's steps,
// where a run predicted these.
func ReleasedFigures(r *report.Report) ([]Figure, error) {
	steps := r.ForcedSteps()
	if len(steps) < 3 { // the ends of the first task alone are no curve
		return nil, nil
	}
	f := newFigure("released", "What the first steps do to the knowledge battery", "step of the first task, logarithmic; leftmost: before it",
		"nats a token on the battery's true answers")
	each := r.Suite.Training.TaskSteps()
	for _, m := range r.Suite.Methods {
		done, _ := r.ScoredCells(m.Name)
		var series []datum
		for _, s := range steps {
			var numbers []float64
			for _, c := range done {
				numbers = append(numbers, c.ForcedAt(s, each, func(f report.Forced) float64 { return f.Nats }))
			}
			x := -0.5 // half a decade before the first step
			if s > 0 {
				x = math.Log10(float64(s))
			}
			if mean := metric.MeanSDCI(numbers).Mean; mean.Defined() {
				series = append(series, datum{X: x, Y: mean.Number})
			}
		}
		if err := f.curve(m.Name, lookOf(r, m.Name), series); err != nil {
			return nil, err
		}
	}
	if f.finish() {
		return nil, nil
	}
	f.plot.X.Tick.Marker = powers{}
	return []Figure{f}, nil
}
