package tables

import (
	"errors"
	"fmt"
	"os"

	"secura/datasets/score"
	"secura/experiments/record"
	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/table"
)

// forms are what a cell's written answers look like, each the mean over its tasks with written
// answers, in [0, 1].
type forms struct {
	// before, own and end are the shares of answers in the task's form before the stream, right
	// after the task's training and at the end.
	before, own, end float64
	// withForm and within are what the score fell between the last two: by examples whose answer
	// has the form no more, and by those whose answer has it or never had.
	withForm, within float64
}

// Format tells forgetting how to answer from forgetting what: the share of written answers that
// have the form of the task's true ones (score.Form), and how much of the loss is of answers that
// lost it. It reads the predictions.
func Format(r *report.Report) (table.Table, error) {
	t := table.Table{Title: "Form of written answers",
		Caption: []string{"The share of written answers that have the form of their task's true ones: a number, or a text as long as these that begins and ends as one of them. " +
			"Lost is by how much the score fell from right after a task's training to the end, by answers that lost the form and by others. Means over the tasks with written answers, in points of 100" + spreadMeans(r)},
		Columns: []table.Column{{Head: []string{"method"}}, {Head: []string{"form", "before"}}, {Head: []string{"form", "learned"}}, {Head: []string{"form", "end"}}, {Head: []string{"lost", "with form"}}, {Head: []string{"lost", "otherwise"}}}}
	scorers := map[string]string{}
	for _, task := range r.Suite.Tasks {
		if !task.Choice() {
			scorers[task.Name] = task.Scores[0]
		}
	}
	if len(scorers) == 0 {
		return t, fmt.Errorf("table format of %s: no task of the suite has written answers", r.Run.Path)
	}
	read := map[string]forms{}
	for _, c := range r.Cells {
		if c.State != record.Done || c.Method.Reference() {
			continue
		}
		f, err := formsOf(r, c, scorers)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return t, fmt.Errorf("table format: cell %s: %w", c.ID, err)
		}
		read[c.ID] = f
	}
	for _, m := range r.Suite.Methods {
		if m.Reference() {
			continue
		}
		row := []table.Entry{{Text: m.Name}}
		for _, of := range []func(forms) float64{
			func(f forms) float64 { return f.before }, func(f forms) float64 { return f.own }, func(f forms) float64 { return f.end },
			func(f forms) float64 { return f.withForm }, func(f forms) float64 { return f.within },
		} {
			row = append(row, report.ScoreEntry(&t, r.Over(m.Name, func(c report.Cell) metric.Value {
				if f, ok := read[c.ID]; ok {
					return metric.Number(of(f))
				}
				return metric.Undefined("its predictions are not there any more")
			})))
		}
		t.Rows = append(t.Rows, row)
	}
	return t, nil
}

// formsOf reads a cell's predictions; scorers are the first scores of the tasks with written
// answers.
func formsOf(r *report.Report, c report.Cell, scorers map[string]string) (f forms, err error) {
	folder, n := r.Run.Cell(c.ID), len(c.Tasks)
	read := map[int][]record.Prediction{} // by boundary; two of them are of every task
	at := func(i int, task string) (rows []record.Prediction, err error) {
		if read[i] == nil {
			if read[i], err = record.ReadPredictions(folder.Predictions(i)); err != nil {
				return nil, err
			}
		}
		for _, p := range read[i] {
			if p.Task == task {
				rows = append(rows, p)
			}
		}
		return rows, nil
	}
	each := 1 / float64(len(scorers))
	for j, task := range c.Tasks {
		scorer, written := scorers[task]
		if !written {
			continue
		}
		var rows [3][]record.Prediction // before, after its own training, at the end
		for k, i := range []int{0, j + 1, n} {
			if rows[k], err = at(i, task); err != nil {
				return f, err
			}
			if len(rows[k]) == 0 || len(rows[k]) != len(rows[0]) {
				return f, fmt.Errorf("%s has %d examples of task %s, the base row %d", folder.Predictions(i), len(rows[k]), task, len(rows[0]))
			}
		}
		var golds []string
		for _, p := range rows[0] {
			golds = append(golds, p.Gold)
		}
		form, share := score.NewForm(scorer, golds), each/float64(len(golds))
		for k, to := range []*float64{&f.before, &f.own, &f.end} {
			for _, p := range rows[k] {
				if form.Has(p.Prediction) {
					*to += share
				}
			}
		}
		for k, own := range rows[1] {
			fell := share * (own.Score - rows[2][k].Score)
			if form.Has(own.Prediction) && !form.Has(rows[2][k].Prediction) {
				f.withForm += fell
			} else {
				f.within += fell
			}
		}
	}
	return f, nil
}
