package tables

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/table"
)

// examples are the scores of one cell's test examples. The strata are its tasks, in the order of
// learning, and then the battery, which is empty without one.
type examples struct {
	// before holds the battery's scores of the base model, own each task's right after its
	// training, and final all strata at the end of the stream.
	before []float64
	own    [][]float64
	final  [][]float64
	// ids tell the examples of final.
	ids [][]int32
}

// exampleMeasures are metrics as numbers of examples that were drawn so often.
var exampleMeasures = []struct {
	metric string
	head   []string
	of     func(e *examples, counts [][]float64) float64
}{
	{"acc", []string{"", "accuracy"}, func(e *examples, counts [][]float64) float64 {
		return metric.Mean(0, len(e.own)-1, func(j int) float64 { return metric.WeightedMean(e.final[j], counts[j]) })
	}},
	{"bwt", []string{"backward", "transfer"}, func(e *examples, counts [][]float64) float64 {
		return metric.Mean(0, len(e.own)-2, func(j int) float64 {
			return metric.WeightedMean(e.final[j], counts[j]) - metric.WeightedMean(e.own[j], counts[j])
		})
	}},
	{"knowledge_retention", []string{"knowledge", "retention"}, func(e *examples, counts [][]float64) float64 {
		battery := len(e.own)
		return metric.WeightedMean(e.final[battery], counts[battery]) / metric.WeightedMean(e.before, counts[battery])
	}},
}

// ExamplesTable shows the first seed's numbers with 95% intervals of a bootstrap over test
// examples, and those of secura's differences to the other methods. The methods' examples are drawn
// together, so that differences are paired. It has no rows, and says why, where no predictions are
// on record.
func ExamplesTable(r *report.Report) (table.Table, error) {
	t := table.Table{
		Title: "Intervals over test examples",
		Caption: []string{
			"The first seed and order alone, in points of 100, with 95% intervals between the percentiles of a bootstrap over the test examples, task by task",
			"They tell how far other examples of the same kind would move a number, and nothing of other seeds.",
		},
		Columns:   []table.Column{{Head: []string{"method"}}},
		MarkMeans: "its interval leaves 0 out",
	}
	var names []string
	var all []*examples
	for _, m := range r.Suite.Methods {
		c := First(r, m.Name)
		if m.Reference() || c.State != record.Done {
			continue
		}
		e, err := readExamples(r.Run.Cell(c.ID), c.Tasks)
		if errors.Is(err, os.ErrNotExist) {
			t.Remarks = append(t.Remarks, m.Name+": its predictions are not there any more")
			continue
		}
		if err == nil && len(all) > 0 {
			err = e.sameAs(all[0])
		}
		if err != nil {
			return table.Table{}, fmt.Errorf("cell %s: %w", c.ID, err)
		}
		names, all = append(names, m.Name), append(all, e)
	}
	if len(all) == 0 {
		t.Columns, t.Remarks = nil, append(t.Remarks, "no method's cell of the first seed and order is done and has its predictions")
		return t, nil
	}
	fillExamples(&t, r, names, all)
	return t, nil
}

// fillExamples makes the rows, a method each.
func fillExamples(t *table.Table, r *report.Report, names []string, all []*examples) {
	measures := exampleMeasures
	if len(all[0].before) == 0 {
		measures = measures[:2] // no battery
	}
	ours := slices.Index(names, report.Subject)
	for _, m := range measures {
		t.Columns = append(t.Columns, table.Column{Head: m.head})
		if ours >= 0 && len(all) > 1 {
			t.Columns = append(t.Columns, table.Column{Head: []string{report.Subject, "minus it"}})
		}
	}
	// drawn[measure][method] are what the drawings gave.
	drawn := make([][][]float64, len(measures))
	for k := range drawn {
		drawn[k] = make([][]float64, len(all))
	}
	sizes := make([]int, len(all[0].final))
	once := make([][]float64, len(sizes))
	for i, scores := range all[0].final {
		sizes[i], once[i] = len(scores), slices.Repeat([]float64{1}, len(scores))
	}
	metric.NewStrata(sizes).Resample(metric.Resamples, func(counts [][]float64) {
		for k, m := range measures {
			for i, e := range all {
				drawn[k][i] = append(drawn[k][i], m.of(e, counts))
			}
		}
	})
	for i, name := range names {
		row := []table.Entry{{Text: name}}
		for k, m := range measures {
			x := m.of(all[i], once)
			recorded := First(r, name).Metrics[m.metric]
			e := drawnEntry(t, x, slices.Clone(drawn[k][i]), false)
			if recorded.Defined() && table.Points(recorded.Number) != table.Points(x) {
				e.Notes = append(e.Notes, t.Note("the mean over single examples; other tables have the score of the whole test at once, "+table.Points(recorded.Number)))
			}
			row = append(row, e)
			switch {
			case ours < 0 || len(all) < 2:
			case i == ours:
				row = append(row, table.Entry{Text: "·"})
			default:
				row = append(row, drawnEntry(t, m.of(all[ours], once)-x, metric.Minus(drawn[k][ours], drawn[k][i]), true))
			}
		}
		t.Rows = append(t.Rows, row)
	}
}

// First is a method's cell of the first seed and order.
func First(r *report.Report, method string) report.Cell {
	return r.Cells[slices.IndexFunc(r.Cells, func(c report.Cell) bool { return c.Method.Name == method && c.Seed == 0 && c.Order == 0 })]
}

// drawnEntry is a number with the interval of what the drawings gave, which it sorts; a difference
// is marked where the interval leaves 0 out.
func drawnEntry(t *table.Table, x float64, drawn []float64, difference bool) table.Entry {
	if !metric.Number(x).Defined() {
		return t.Undefined("there is a single task, or the base model knew nothing of the battery")
	}
	// A drawing of nothing that the base model knew has no share of it.
	drawn = slices.DeleteFunc(drawn, func(x float64) bool { return !metric.Number(x).Defined() })
	i := metric.PercentileInterval(drawn)
	e := table.Between(x, i.Low, i.High)
	e.Marked = difference && i.Excludes(0)
	return e
}

// readExamples reads the predictions of a cell that a stream's metrics are made of. A missing file
// is os.ErrNotExist.
func readExamples(folder rundir.Cell, tasks []string) (*examples, error) {
	n := len(tasks)
	e := &examples{own: make([][]float64, n), final: make([][]float64, n+1), ids: make([][]int32, n+1)}
	last, err := record.ReadPredictions(folder.Predictions(n))
	if err != nil {
		return nil, err
	}
	for _, p := range last {
		j := slices.Index(tasks, p.Task)
		if j < 0 {
			j = n
		}
		e.final[j], e.ids[j] = append(e.final[j], p.Score), append(e.ids[j], p.ID)
	}
	for j, task := range tasks {
		path := folder.Predictions(j + 1)
		rows, err := record.ReadPredictions(path)
		if err != nil {
			return nil, err
		}
		var ids []int32
		for _, p := range rows {
			if p.Task == task {
				e.own[j], ids = append(e.own[j], p.Score), append(ids, p.ID)
			}
		}
		if len(ids) == 0 || !slices.Equal(ids, e.ids[j]) {
			return nil, fmt.Errorf("%s has %d examples of task %s, the end of the stream %d, or others", path, len(ids), task, len(e.ids[j]))
		}
	}
	if len(e.final[n]) == 0 {
		return e, nil
	}
	rows, err := record.ReadPredictions(folder.Predictions(0))
	if err != nil {
		return nil, err
	}
	var ids []int32
	for _, p := range rows {
		if !slices.Contains(tasks, p.Task) {
			e.before, ids = append(e.before, p.Score), append(ids, p.ID)
		}
	}
	if !slices.Equal(ids, e.ids[n]) {
		return nil, fmt.Errorf("%s has %d examples of the battery, the end of the stream %d, or others", folder.Predictions(0), len(ids), len(e.ids[n]))
	}
	return e, nil
}

// sameAs says where the examples are not those of another cell.
func (e *examples) sameAs(other *examples) error {
	for i := range e.ids {
		if !slices.Equal(e.ids[i], other.ids[i]) {
			return fmt.Errorf("the examples of task %d are not those of the first method's cell, so that they cannot be paired", i+1)
		}
	}
	return nil
}
