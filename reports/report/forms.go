package report

import (
	"errors"
	"fmt"
	"os"

	"secura/datasets/score"
	"secura/experiments/record"
	"secura/experiments/suite"
	"secura/reports/metric"
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

// FormMeasures tell forgetting how to answer from forgetting what: the share of written answers
// that have the form of the task's true ones (score.Form), and how much of the loss is of answers
// that lost it. They read the predictions. There are none where no task has written answers.
func (r *Report) FormMeasures() ([]Measure, error) {
	scorers := r.WrittenTasks()
	if len(scorers) == 0 {
		return nil, nil
	}
	if r.forms == nil {
		learns := func(m suite.MethodSpec) bool { return !m.Reference() }
		read, err := fromPredictions(r, learns, func(c Cell) (forms, error) { return formsOf(r, c, scorers) })
		if err != nil {
			return nil, fmt.Errorf("read the form of answers: %w", err)
		}
		r.forms = read
	}
	return formMeasures(r.forms), nil
}

// fromPredictions reads something of the predictions of each done cell of some methods, by its id;
// a cell whose predictions are not there any more is left out.
func fromPredictions[T any](r *Report, has func(suite.MethodSpec) bool, read func(Cell) (T, error)) (map[string]T, error) {
	of := map[string]T{}
	for _, c := range r.Cells {
		if c.State != record.Done || !has(c.Method) {
			continue
		}
		x, err := read(c)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("cell %s: %w", c.ID, err)
		}
		of[c.ID] = x
	}
	return of, nil
}

// noPredictions says why a cell has no measure that is read from them.
const noPredictions = "its predictions are not there any more"

// WrittenTasks are the tasks of the suite with written answers, each with its first score.
func (r *Report) WrittenTasks() map[string]string {
	scorers := map[string]string{}
	for _, task := range r.Suite.Tasks {
		if !task.Choice() && len(task.Scores) > 0 { // a suite that was made by hand may name none
			scorers[task.Name] = task.Scores[0]
		}
	}
	return scorers
}

// formMeasures are those of cells by their ids.
func formMeasures(read map[string]forms) []Measure {
	of := func(number func(forms) float64) func(Cell) metric.Value {
		return func(c Cell) metric.Value {
			if f, ok := read[c.ID]; ok {
				return metric.Number(number(f))
			}
			if c.Method.Reference() {
				return metric.Undefined("a reference")
			}
			return metric.Undefined(noPredictions)
		}
	}
	return []Measure{
		{Key: "form_before", Head: []string{"form", "before"}, Better: 1, Of: of(func(f forms) float64 { return f.before }),
			Meaning: "share of written answers that have the form of the true ones, before the stream"},
		{Key: "form_learned", Head: []string{"form", "learned"}, Better: 1, Of: of(func(f forms) float64 { return f.own }),
			Meaning: "the same right after a task's own training"},
		{Key: "form_end", Head: []string{"form", "end"}, Better: 1, Of: of(func(f forms) float64 { return f.end }),
			Meaning: "the same at the end of the stream"},
		{Key: "lost_with_form", Head: []string{"lost", "with form"}, Better: -1, Of: of(func(f forms) float64 { return f.withForm }),
			Meaning: "fall of these tasks' scores after their training, by answers that lost the form"},
		{Key: "lost_otherwise", Head: []string{"lost", "otherwise"}, Better: -1, Of: of(func(f forms) float64 { return f.within }),
			Meaning: "the same by other answers"},
	}
}

// formsOf reads a cell's predictions; scorers are the first scores of the tasks with written
// answers.
func formsOf(r *Report, c Cell, scorers map[string]string) (f forms, err error) {
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
