package figure

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"

	"secura/experiments/record"
	"secura/experiments/suite"
	"secura/reports/diagnostics"
	"secura/reports/report"
	"secura/reports/table"
)

// binsOfSteps is about how many points a line over all steps of a stream has.
const binsOfSteps = 200

// stepSeries averages a number of each step over a method's done cells of order 0, and over
// neighbouring steps where there are very many.
type stepSeries struct {
	sums   []float64
	counts []int
}

func (s *stepSeries) add(step int, x float64) {
	for len(s.sums) <= step {
		s.sums, s.counts = append(s.sums, 0), append(s.counts, 0)
	}
	s.sums[step] += x
	s.counts[step]++
}

// logarithms are the places with the logarithms of their numbers.
func (s *stepSeries) logarithms() []datum {
	series := s.places()
	for i := range series {
		series[i].Y = math.Log10(series[i].Y)
	}
	return series
}

func (s *stepSeries) places() (series []datum) {
	wide := (len(s.sums) + binsOfSteps - 1) / binsOfSteps
	for from := 0; from < len(s.sums); from += wide {
		sum, n := 0.0, 0
		for i := from; i < min(from+wide, len(s.sums)); i++ {
			sum, n = sum+s.sums[i], n+s.counts[i]
		}
		if n > 0 {
			series = append(series, datum{X: float64(from) + float64(wide+1)/2, Y: sum / float64(n)})
		}
	}
	return series
}

// drawnCells is of how many cells of a method the steps are drawn: more change no curve that one
// can see, and a large plan's steps take long to read.
const drawnCells = 32

// stepFigures show the training loss, the norm of the gradient and, where they were measured, the
// gradients of each of a method's matrices.
func stepFigures(r *report.Report) ([]Figure, error) {
	x := fmt.Sprintf("step of the stream\nmean over done cells of order 0, at most %d,\nand over neighbouring steps where there are more than %d", drawnCells, binsOfSteps)
	loss := newFigure("training-loss", "Training loss: cross-entropy and the method's own terms", x, "objective")
	gradient := newFigure("gradient-norms", "Norm of the gradient before clipping", x, "global norm, logarithmic")
	var matrices []Figure
	for _, m := range r.Suite.Methods {
		if m.Preset == suite.Frozen {
			continue
		}
		var ofLoss, ofNorm stepSeries
		byMatrix, names := map[string]*stepSeries{}, []string{}
		done, _ := r.DoneCells(m.Name)
		for _, c := range done[:min(len(done), drawnCells)] {
			steps, _, err := report.Optional[record.Step](r.Run.Cell(c.ID).Steps())
			if err != nil {
				return nil, fmt.Errorf("cell %s: %w", c.ID, err)
			}
			for i, s := range steps {
				ofLoss.add(i, s.Loss)
				if s.GradientNorm > 0 {
					ofNorm.add(i, s.GradientNorm)
				}
				for _, x := range s.Measures {
					matrix, ok := strings.CutPrefix(x.Name, diagnostics.GradientPrefix)
					if ok && byMatrix[matrix] == nil {
						byMatrix[matrix] = &stepSeries{}
						names = append(names, matrix)
					}
					if ok && x.Value > 0 {
						byMatrix[matrix].add(i, x.Value)
					}
				}
			}
		}
		if err := loss.curve(m.Name, lookOf(r, m.Name), ofLoss.places()); err != nil {
			return nil, err
		}
		if err := gradient.curve(m.Name, lookOf(r, m.Name), ofNorm.logarithms()); err != nil {
			return nil, err
		}
		one := newFigure("gradient-norms-of-"+table.Slug(m.Name), "Norms of the gradients of "+m.Name+" by matrix", x, "norm over all layers, logarithmic")
		for i, name := range names {
			if len(byMatrix[name].sums) == 0 { // an axis of logarithms has no 0
				one.legend.Add(name + ": 0")
				continue
			}
			if err := one.curve(name, numberedLook(i), byMatrix[name].logarithms()); err != nil {
				return nil, err
			}
		}
		if !one.finish() {
			logarithmic(one.plot)
			matrices = append(matrices, one)
		}
	}
	var figures []Figure
	if !loss.finish() {
		figures = append(figures, loss)
	}
	if !gradient.finish() {
		logarithmic(gradient.plot)
		figures = append(figures, gradient)
	}
	return append(figures, matrices...), nil
}

// logarithmic makes the vertical axis of finished curves so, over whole powers of ten; their
// numbers are logarithms.
func logarithmic(p *plot.Plot) {
	p.Y.Tick.Marker = powers{}
	p.Y.Min, p.Y.Max = math.Floor(p.Y.Min), math.Ceil(p.Y.Max)
	if p.Y.Min == p.Y.Max {
		p.Y.Max++
	}
}

// normFigures show the norms of the update along the stream, where they were measured.
func normFigures(r *report.Report) ([]Figure, error) {
	var figures []Figure
	all := make([]diagnostics.Measurements[int], len(r.Suite.Methods))
	for i, m := range r.Suite.Methods {
		done, _ := r.DoneCells(m.Name)
		for _, c := range done {
			events, _, err := report.Optional[record.Event](r.Run.Cell(c.ID).Records())
			if err != nil {
				return nil, fmt.Errorf("cell %s: %w", c.ID, err)
			}
			for _, e := range events {
				switch e.Kind {
				case record.Boundary:
					all[i].Add(e.Index*r.Suite.Training.TaskSteps(), e.Measures)
				case record.Curve:
					all[i].Add(r.StepOf(c, e.Index, e.Step), e.Measures)
				}
			}
		}
		slices.Sort(all[i].Places)
	}
	for _, n := range diagnostics.Norms {
		f := newFigure(table.Slug(n.Title), n.Title+" along the stream", "step of the stream\nmean over the done cells of order 0", strings.TrimSuffix(n.Title, " of the update"))
		for i, m := range r.Suite.Methods {
			var series []datum
			for _, at := range all[i].Places {
				if x := all[i].At(n.Measure, at); x.N > 0 {
					series = append(series, datum{X: float64(at), Y: x.Sum / float64(x.N)})
				}
			}
			if err := f.curve(m.Name, lookOf(r, m.Name), series); err != nil {
				return nil, err
			}
		}
		if !f.finish() {
			figures = append(figures, f)
		}
	}
	return figures, nil
}
