package tables

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"secura/experiments/suite"
	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/table"
)

// MatrixTitle begins the title of a method's Matrix.
const MatrixTitle = "R of "

// Matrix shows a method's R and K in percent: the mean over its done cells of order 0, a row per
// boundary. Without a done cell, and with one that diverged, the table has no rows and says why.
func Matrix(r *report.Report, method suite.MethodSpec) table.Table {
	rows, k, n, reason := r.MeanMatrix(method.Name)
	t := table.Table{Title: MatrixTitle + method.Name, Numbered: true}
	if n == 0 {
		t.Remarks = []string{"no mean over cells of order 0: " + reason}
		return t
	}
	seeds := fmt.Sprintf("the mean over %d seeds", n)
	if n == 1 {
		seeds = "one seed"
	}
	t.Caption = []string{fmt.Sprintf("Score of each task (column) after each training (row), percent, %s, order 0", seeds)}
	t.Columns = []table.Column{{Head: []string{""}}}
	for j := range r.Suite.Tasks {
		t.Columns = append(t.Columns, table.Column{Head: []string{fmt.Sprintf("T%d", j+1)}})
	}
	if k != nil {
		t.Columns = append(t.Columns, table.Column{Head: []string{"K"}})
	}
	for i, row := range rows {
		label := "before the stream"
		if i > 0 {
			label = fmt.Sprintf("after T%d %s", i, r.Suite.Tasks[i-1].Name)
		}
		entries := []table.Entry{{Text: label}}
		for j := range r.Suite.Tasks {
			if row == nil {
				entries = append(entries, table.Entry{Text: "·"})
				continue
			}
			e := Percent(row[j])
			e.Marked = i == j+1 && !method.Reference()
			entries = append(entries, e)
		}
		if k != nil {
			entries = append(entries, Percent(k[i]))
		}
		t.Rows = append(t.Rows, entries)
	}
	t.MarkMeans = "right after the task's own training"
	return t
}

// Tasks shows the score of each task (row) at the end of the stream for each method (column), in
// points of 100: the mean over its done cells of order 0. It is the legend of the tasks' numbers
// too.
func Tasks(r *report.Report) table.Table {
	t := table.Table{
		Title:   "Tasks",
		Caption: []string{"Final score of each task in points of 100, the mean over the done cells of order 0"},
		Columns: []table.Column{{Head: []string{"task"}}},
	}
	report.SaysMarks(&t, "row")
	for j, task := range r.Suite.Tasks {
		t.Rows = append(t.Rows, []table.Entry{{Text: fmt.Sprintf("T%d %s", j+1, task.Name)}})
	}
	addTaskReferences(r, &t)
	references := len(t.Columns)
	for _, m := range r.Suite.Methods {
		rows, _, n, reason := r.MeanMatrix(m.Name)
		t.Columns = append(t.Columns, table.Column{Head: []string{m.Name}})
		for j := range r.Suite.Tasks {
			var e table.Entry
			if n == 0 {
				e = t.Undefined(reason)
			} else {
				e = table.Score(rows[len(rows)-1][j] / 100)
			}
			t.Rows[j] = append(t.Rows[j], e)
		}
	}
	sayCounts(r, &t, r.Suite.Methods, byCells(r))
	for j, row := range t.Rows {
		var field []report.Contender
		for i, m := range r.Suite.Methods {
			field = append(field, r.ContendsAlone(m, &row[references+i], func(c report.Cell) metric.Value { return metric.Number(c.R[len(c.R)-1][j]) }))
		}
		report.Rank(field, 1)
	}
	return t
}

// Families shows what each method (column) learned and kept of each family of tasks (two rows): the
// mean score of its tasks right after each was learned, and at the end of the stream, in points of
// 100.
func Families(r *report.Report) table.Table {
	t := table.Table{
		Title: "Families",
		Caption: []string{"Mean score of each family's tasks, whose number stands beside it, in points of 100: right after each was learned, and at the end of the stream" +
			spreadMeans(r) + ". Base is the untouched backbone."},
		Columns: []table.Column{{Head: []string{"family"}}, {Head: []string{"base"}}},
	}
	report.SaysMarks(&t, "row")
	methods := r.Trained()
	for _, m := range methods {
		t.Columns = append(t.Columns, table.Column{Head: []string{m.Name}})
	}
	base, measured := r.Base()
	names := r.Suite.TaskNames()
	for _, tasks := range r.Suite.Families() {
		family := r.Suite.Tasks[tasks[0]].Family
		belongs := func(task string) bool { return slices.Contains(tasks, slices.Index(names, task)) }
		for _, when := range []struct {
			name string
			of   func(report.Cell) metric.Value
		}{{"learned", report.AfterOwnTraining(belongs)}, {"at the end", report.AtEnd(belongs)}} {
			row := []table.Entry{{Text: fmt.Sprintf("%s (%d) %s", cmp.Or(family, "no family"), len(tasks), when.name)}, {Text: table.NotThere}}
			if measured {
				row[1] = table.Score(meanWhere(base, belongs))
			}
			for _, m := range methods {
				row = append(row, report.ScoreEntry(&t, r.Over(m.Name, when.of)))
			}
			var field []report.Contender
			for i, m := range methods {
				field = append(field, r.Contends(m, &row[i+2], when.of))
			}
			report.Rank(field, 1)
			t.Rows = append(t.Rows, row)
		}
	}
	sayCounts(r, &t, methods, bySeeds(r))
	return t
}

// addTaskReferences adds columns of the base row, unless frozen stands for it, and of the chance
// level and the most frequent answer, each where a task has one.
func addTaskReferences(r *report.Report, t *table.Table) {
	base, measured := r.Base()
	if measured && !slices.ContainsFunc(r.Suite.Methods, func(m suite.MethodSpec) bool { return m.Preset == suite.Frozen }) {
		t.Columns = append(t.Columns, table.Column{Head: []string{baseLabel}})
		for j, task := range r.Suite.Tasks {
			t.Rows[j] = append(t.Rows[j], table.Score(base.R[0][slices.Index(base.Tasks, task.Name)]))
		}
	}
	for _, level := range []struct {
		label, meaning string
		values         map[string]metric.Value
	}{
		{chanceLabel, "a guess among the options", r.Chance.Tasks},
		{"majority", "one answer to every question, the one that is right most often", r.Chance.Majority},
	} {
		if !slices.ContainsFunc(r.Suite.TaskNames(), func(task string) bool { return level.values[task].Defined() }) {
			continue
		}
		t.Remarks = append(t.Remarks, level.label+" is "+level.meaning)
		t.Columns = append(t.Columns, table.Column{Head: []string{level.label}})
		for j, task := range r.Suite.Tasks {
			t.Rows[j] = append(t.Rows[j], valueEntry(t, level.values[task.Name]))
		}
	}
}

// Percent is the entry of a number without decimals; others were measured where it is NaN.
func Percent(x float64) table.Entry {
	if math.IsNaN(x) {
		return table.Entry{Text: "·"}
	}
	return table.Numeric(strconv.FormatFloat(math.Abs(math.Round(x)), 'f', 0, 64), x)
}
