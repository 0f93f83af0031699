package tables

import (
	"secura/reports/report"
	"secura/reports/table"
)

// Cost shows what a cell of each method costs, the mean over those that are done.
func Cost(r *report.Report) table.Table {
	t := table.Table{
		Title:   "Costs",
		Caption: []string{"Of a cell, the mean over those that are done; params are the trained parameters, state is what is kept beside the backbone, the trained parameters included; seconds and memory are measured, and no part of the records"},
		Columns: []table.Column{{Head: []string{"method"}}, {Head: []string{"params", "(1000s)"}}, {Head: []string{"state", "(KiB)"}}, {Head: []string{"training", "seconds"}},
			{Head: []string{"evaluating", "seconds"}}, {Head: []string{"compiling", "seconds"}}, {Head: []string{"all", "seconds"}}, {Head: []string{"memory", "(MiB)"}}},
	}
	for _, m := range r.Suite.Methods {
		row := []table.Entry{{Text: m.Name}}
		for _, c := range []struct {
			of   func(report.Cell) float64
			unit float64
		}{
			{trainedParameters, 1000}, {func(c report.Cell) float64 { return float64(c.StateBytes) }, 1 << 10},
		} {
			row = append(row, costEntry(&t, r.MeanDone(m.Name, c.of), c.unit, 1))
		}
		for _, of := range []func(report.Cell) float64{
			func(c report.Cell) float64 { return c.Seconds.Train }, func(c report.Cell) float64 { return c.Seconds.Eval },
			func(c report.Cell) float64 { return c.Seconds.Compile }, allSeconds,
		} {
			row = append(row, secondsEntry(r, &t, m.Name, of, 1))
		}
		memory := r.MeanDone(m.Name, func(c report.Cell) float64 { return float64(c.PeakRSSBytes) })
		row = append(row, costEntry(&t, memory, 1<<20, 1))
		t.Rows = append(t.Rows, row)
	}
	sayCounts(r, &t, r.Suite.Methods, byCells(r))
	return t
}

// trainedParameters and allSeconds are the costs that the summary has too.
func trainedParameters(c report.Cell) float64 { return float64(c.TrainedParameters) }
func allSeconds(c report.Cell) float64        { return c.Seconds.Total }

// secondsEntry is a method's mean of a wall time. Where several processors computed the cells, a
// footnote says that it tells nothing of the method.
func secondsEntry(r *report.Report, t *table.Table, method string, of func(report.Cell) float64, decimals int) table.Entry {
	e := costEntry(t, r.MeanDone(method, of), 1, decimals)
	if e.Number != nil && !r.SameProcessor() {
		e.Notes = append(e.Notes, t.Note("measured on several processors, or on ones that are not recorded: seconds are no comparison of methods"))
	}
	return e
}
