package reports

import (
	"fmt"
	"io"

	"secura/experiments/rundir"
)

// Figures are all drawings of a report, those that its records have numbers for.
func Figures(r *Report) ([]Figure, error) {
	if r.Backbones != nil {
		return r.backboneFigures()
	}
	if r.Trials != nil || !r.finished() {
		return nil, nil
	}
	var figures []Figure
	makers := []func() ([]Figure, error){r.releasedFigures, r.stepFigures, r.normFigures}
	if !r.Suite.Separate() {
		makers = append([]func() ([]Figure, error){r.streamFigures, r.tradeoffFigures, r.taskFigures}, makers...)
	}
	for _, of := range makers {
		list, err := of()
		if err != nil {
			return nil, fmt.Errorf("draw %s: %w", r.Run.Path, err)
		}
		figures = append(figures, list...)
	}
	return figures, nil
}

// taskFigures are of tasks: forgetting, and the matrix of each method.
func (r *Report) taskFigures() ([]Figure, error) {
	var figures []Figure
	f, ok, err := r.forgettingFigure()
	if err != nil {
		return nil, err
	}
	if ok {
		figures = append(figures, f)
	}
	if r.Suite.Evaluation.Every == "final" {
		return figures, nil
	}
	for _, m := range r.Suite.Methods {
		if m.Preset == "frozen" {
			continue
		}
		if f, ok := r.matrixFigure(m); ok {
			figures = append(figures, f)
		}
	}
	return figures, nil
}

// writeFigures writes each figure as SVG and as PNG.
func writeFigures(run rundir.Run, figures []Figure) error {
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
