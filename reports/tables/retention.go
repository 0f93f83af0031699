package tables

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"secura/experiments/suite"
	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/table"
)

// hasCurve says whether any cell was evaluated within tasks.
func hasCurve(r *report.Report) bool {
	return slices.ContainsFunc(r.Cells, func(c report.Cell) bool { return len(c.Curve) > 0 })
}

// test is one evaluation of everything: after so many steps of the stream.
type test struct {
	steps int
	Mean  float64 // over the tasks
	k     float64
}

// tests are a cell's evaluations after the base row, boundaries and those
// within tasks, in the order of steps.
func tests(r *report.Report, c report.Cell) (list []test) {
	add := func(steps int, scores []float64, k float64) {
		list = append(list, test{steps, metric.Mean(0, len(scores)-1, func(j int) float64 { return scores[j] }), k})
	}
	for _, p := range c.Curve {
		steps := (p.Index-1)*r.Suite.Training.TaskSteps() + p.Step
		if c.Method.Preset == suite.Joint {
			steps = p.Step
		}
		add(steps, p.Scores, p.K)
	}
	for i, row := range c.R {
		k := math.NaN()
		if c.K != nil {
			k = c.K[i]
		}
		if i > 0 && row != nil {
			add(i*r.Suite.Training.TaskSteps(), row, k)
		}
	}
	slices.SortStableFunc(list, func(a, b test) int { return a.steps - b.steps })
	return list
}

// Retention shows the base knowledge and the accuracy on all tasks along
// the training, an evaluation a row, methods across: the mean over the done
// cells of order 0, in points of 100, and last the mean over all evaluations
// after the base row. Knowledge is left out without a battery.
func Retention(r *report.Report) []table.Table {
	along := "along the stream"
	if r.Suite.Separate() {
		along = "while each task is learned alone"
	}
	knowledge := retention(r, "Base knowledge "+along, "K, the score on the knowledge battery", func(t test) float64 { return t.k },
		func(c report.Cell) float64 {
			if c.K == nil {
				return math.NaN()
			}
			return c.K[0]
		})
	accuracy := retention(r, "Accuracy "+along, "the mean score over all tasks of the stream, learned or not", func(t test) float64 { return t.Mean },
		func(c report.Cell) float64 {
			return metric.Mean(0, len(c.R[0])-1, func(j int) float64 { return c.R[0][j] })
		})
	if base, ok := r.Base(); ok && base.K == nil {
		return []table.Table{accuracy}
	}
	return []table.Table{knowledge, accuracy}
}

func retention(r *report.Report, title, means string, of func(test) float64, before func(report.Cell) float64) table.Table {
	t := table.Table{Title: title, Numbered: true, Columns: []table.Column{{Head: []string{"after step"}}},
		Caption: []string{means + ", in points of 100, the mean over the done cells of order 0; in each task its own steps are counted"}}
	report.SaysMarks(&t, "row")
	var steps []int
	for _, c := range r.Cells {
		for _, x := range tests(r, c) {
			if !slices.Contains(steps, x.steps) {
				steps = append(steps, x.steps)
			}
		}
	}
	slices.Sort(steps)
	t.Rows = [][]table.Entry{{{Text: "base row"}}}
	for _, s := range steps {
		t.Rows = append(t.Rows, []table.Entry{{Text: stepLabel(r, s)}})
	}
	t.Rows = append(t.Rows, []table.Entry{{Text: fmt.Sprintf("mean of %d tests", len(steps))}})
	// at is a cell's number in each row: before, at each step, and the mean.
	at := func(c report.Cell) []metric.Value {
		tests, total := tests(r, c), 0.0
		values := []metric.Value{metric.Number(before(c))}
		for _, s := range steps {
			x := math.NaN()
			if k := slices.IndexFunc(tests, func(x test) bool { return x.steps == s }); k >= 0 {
				x = of(tests[k])
			}
			values = append(values, metric.Number(x))
			total += x
		}
		return append(values, metric.Number(total/float64(len(steps))))
	}
	fields := make([][]report.Contender, len(t.Rows))
	for _, m := range r.Suite.Methods {
		t.Columns = append(t.Columns, table.Column{Head: []string{m.Name}})
		done, reason := r.DoneCells(m.Name)
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
