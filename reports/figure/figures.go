// Package figure draws what a report's tables say: how tasks are learned and forgotten along a
// stream, learning against retention, matrices, norms and losses. In comes a report, out come
// drawings as SVG and PNG with equal bytes for equal records. Read Of first.
package figure

import (
	"fmt"
	"io"

	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/reports/report"
)

// Of gives all drawings of a report, those that its records have numbers for.
func Of(r *report.Report) ([]Figure, error) {
	if r.Backbones != nil {
		return backboneFigures(r)
	}
	if r.Trials != nil || !finished(r) {
		return nil, nil
	}
	var figures []Figure
	makers := []func(*report.Report) ([]Figure, error){ReleasedFigures, stepFigures, normFigures}
	if !r.Suite.Separate() {
		makers = append([]func(*report.Report) ([]Figure, error){streamFigures, tradeoffFigures, taskFigures}, makers...)
	}
	for _, of := range makers {
		list, err := of(r)
		if err != nil {
			return nil, fmt.Errorf("draw %s: %w", r.Run.Path, err)
		}
		figures = append(figures, list...)
	}
	return figures, nil
}

// taskFigures are of tasks: forgetting, and the matrix of each method.
func taskFigures(r *report.Report) ([]Figure, error) {
	var figures []Figure
	f, ok, err := forgettingFigure(r)
	if err != nil {
		return nil, err
	}
	if ok {
		figures = append(figures, f)
	}
	if r.Suite.Evaluation.Every == suite.EveryFinal {
		return figures, nil
	}
	for _, m := range r.Suite.Methods {
		if m.Preset == suite.Frozen {
			continue
		}
		if f, ok := MatrixFigure(r, m); ok {
			figures = append(figures, f)
		}
	}
	return figures, nil
}

// Write writes each figure as SVG and as PNG.
func Write(run rundir.Run, figures []Figure) error {
	for _, f := range figures {
		for _, form := range []struct {
			extension string
			draw      func() ([]byte, error)
		}{{".svg", f.SVG}, {".png", f.PNG}} {
			data, err := form.draw()
			if err != nil {
				return err
			}
			if err := rundir.WriteFile(run.Figure(f.Name+form.extension), func(w io.Writer) error { _, err := w.Write(data); return err }); err != nil {
				return err
			}
		}
	}
	return nil
}

// backboneFigures are the figures of each backbone, which its label is the name of.
func backboneFigures(r *report.Report) ([]Figure, error) {
	var figures []Figure
	for _, part := range r.Backbones {
		list, err := Of(part)
		if err != nil {
			return nil, err
		}
		for _, f := range list {
			f.Name += "-" + part.Label
			f.Title += " on " + part.Label
			f.plot.Title.Text += " on " + part.Label
			figures = append(figures, f)
		}
	}
	return figures, nil
}
