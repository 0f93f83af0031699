package tables

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/table"
)

// Retention shows the base knowledge and the accuracy on all tasks along the training, an
// evaluation a row, methods across: the mean over the done cells of order 0, in points of 100, and
// last the mean over all evaluations after the base row. Knowledge is left out without a battery.
func Retention(r *report.Report) []table.Table {
	along := "along the stream"
	if r.Suite.Separate() {
		along = "while each task is learned alone"
	}
	knowledge := retention(r, "Base knowledge "+along, "K, the score on the knowledge battery", func(s report.Station) float64 { return s.K })
	accuracy := retention(r, "Accuracy "+along, "the mean score over all tasks of the stream, learned or not",
		func(s report.Station) float64 { return report.FirstOf(s.Scores, len(s.Scores)) })
	if base, ok := r.Base(); ok && base.K == nil {
		return []table.Table{accuracy}
	}
	return []table.Table{knowledge, accuracy}
}

func retention(r *report.Report, title, means string, of func(report.Station) float64) table.Table {
	t := table.Table{Title: title, Numbered: true, Columns: []table.Column{{Head: []string{"after step"}}},
		Caption: []string{means + ", in points of 100, the mean over the done cells of order 0; in each task its own steps are counted"}}
	report.SaysMarks(&t, "row")
	steps := []int{0}
	for _, c := range r.Cells {
		for _, x := range r.Course(c) {
			if !slices.Contains(steps, x.Steps) {
				steps = append(steps, x.Steps)
			}
		}
	}
	slices.Sort(steps)
	t.Rows = [][]table.Entry{{{Text: "base row"}}}
	for _, s := range steps[1:] {
		t.Rows = append(t.Rows, []table.Entry{{Text: stepLabel(r, s)}})
	}
	tests := len(steps) - 1
	t.Rows = append(t.Rows, []table.Entry{{Text: fmt.Sprintf("mean of %d tests", tests)}})
	// at is a cell's number in each row: of the base row, at each step, and the mean.
	at := func(c report.Cell) (values []metric.Value) {
		course, total := r.Course(c), 0.0
		for _, s := range steps {
			x := math.NaN()
			if k := slices.IndexFunc(course, func(x report.Station) bool { return x.Steps == s }); k >= 0 {
				x = of(course[k])
			}
			values = append(values, metric.Number(x))
			if s > 0 {
				total += x
			}
		}
		return append(values, metric.Number(total/float64(tests)))
	}
	fields := make([][]report.Contender, len(t.Rows))
	for _, m := range r.Suite.Methods {
		t.Columns = append(t.Columns, table.Column{Head: []string{m.Name}})
		done, reason := r.ScoredCells(m.Name)
		var measured [][]metric.Value
		for _, c := range done {
			measured = append(measured, at(c))
		}
		for i := range t.Rows {
			var numbers []float64
			field := report.Contender{}
			for n, values := range measured {
				if values[i].Defined() {
					numbers = append(numbers, values[i].Number)
				}
				if r.Competes(m) && i > 0 {
					field.Values = append(field.Values, report.SeedValue{Seed: done[n].Seed, Value: values[i]})
				}
			}
			e := table.Entry{Text: "·"} // others were evaluated there
			switch {
			case len(done) == 0:
				e = t.Undefined(reason)
			case len(numbers) == len(done):
				e = table.Score(metric.MeanSDCI(numbers).Mean.Number)
			}
			t.Rows[i] = append(t.Rows[i], e)
			fields[i] = append(fields[i], field)
		}
	}
	sayCounts(r, &t, r.Suite.Methods, byCells(r))
	for i, field := range fields {
		for k := range field {
			field[k].Entry = &t.Rows[i][k+1]
		}
		report.Rank(field, 1)
	}
	return t
}

// stepLabel names a step of the stream by the task that it falls into.
func stepLabel(r *report.Report, steps int) string {
	each := r.Suite.Training.TaskSteps()
	i := min((steps-1)/each, len(r.Suite.Tasks)-1)
	return "T" + strconv.Itoa(i+1) + " " + strconv.Itoa(steps-i*each) + " " + r.Suite.Tasks[i].Name
}
