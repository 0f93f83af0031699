package diagnostics

import (
	"cmp"
	"slices"
	"strings"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/table"
)

// Stretch is a quarter of a task's steps.
type Stretch struct {
	Index int
	Task  string
	// Part is 1 for the first quarter, 4 for the last one, and 2 for what is between them. A task
	// of one step has no last quarter.
	Part int
}

// Quarter is a step's stretch, of so many steps of its task.
func Quarter(s record.Step, steps int) Stretch {
	long := (steps + 3) / 4
	switch {
	case s.Step <= long:
		return Stretch{s.Index, s.Task, 1}
	case s.Step > steps-long:
		return Stretch{s.Index, s.Task, 4}
	}
	return Stretch{s.Index, s.Task, 2}
}

// StepMeasures reads the measures of a method's steps.
func StepMeasures(r *report.Report, method string) (all Measurements[Stretch], reason string, err error) {
	reason, err = measures(r, method, func(_ report.Cell, folder rundir.Cell) error {
		steps, _, err := report.Optional[record.Step](folder.Steps())
		last := map[int]int{} // the number of a task's steps by its index
		for _, s := range steps {
			last[s.Index] = max(last[s.Index], s.Step)
		}
		for _, s := range steps {
			all.Add(Quarter(s, last[s.Index]), s.Measures)
		}
		return err
	})
	slices.SortStableFunc(all.Places, func(a, b Stretch) int { return cmp.Compare(a.Index, b.Index) })
	return all, reason, err
}

// tasks are the stretches' tasks in order, each as its stretch of part 1.
func tasks(places []Stretch) (list []Stretch) {
	for _, p := range places {
		if p.Part = 1; !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	return list
}

// GradientPrefix begins the names of the measures that are norms of gradients.
const GradientPrefix = "gradient/"

// gradientTables are one of all methods, with a row per matrix, and one per method, with a row per
// task.
func gradientTables(r *report.Report) ([]table.Table, error) {
	const caption = "norm of the gradient by each of the adapter's matrices over all layers, before clipping: the mean over " +
		"the steps of the first and the last quarter of a task, and over the done cells of order 0"
	whole := table.Table{Title: "Gradient norms", Caption: []string{caption}, Columns: []table.Column{{Head: []string{"method, matrix"}},
		{Head: []string{"first task", "first ¼"}}, {Head: []string{"first task", "last ¼"}}, {Head: []string{"last task", "first ¼"}},
		{Head: []string{"last task", "last ¼"}}, {Head: []string{"all tasks", "first ¼"}}, {Head: []string{"all tasks", "last ¼"}}}}
	tables := []table.Table{{}}
	for _, m := range r.Suite.Methods {
		if m.Preset == suite.Frozen {
			continue
		}
		all, reason, err := StepMeasures(r, m.Name)
		if err != nil {
			return nil, err
		}
		one := table.Table{Title: "Gradient norms of " + m.Name, Caption: []string{caption}, Numbered: true, Columns: []table.Column{{Head: []string{"task"}}}}
		learned := tasks(all.Places)
		for _, s := range learned {
			one.Rows = append(one.Rows, []table.Entry{{Text: taskLabel(r, s.Index, s.Task)}})
		}
		for _, name := range all.names {
			matrix, ok := strings.CutPrefix(name, GradientPrefix)
			if !ok {
				continue
			}
			one.Columns = append(one.Columns, table.Column{Head: []string{matrix, "first ¼"}}, table.Column{Head: []string{matrix, "last ¼"}})
			row := []table.Entry{{Text: m.Name + " " + matrix}}
			quarters := func(t *table.Table, of ...Stretch) []table.Entry {
				var entries []table.Entry
				for _, part := range []int{1, 4} {
					for i := range of {
						of[i].Part = part
					}
					entries = append(entries, digitsEntry(t, all.At(name, of...).Mean("a task of one step has no last quarter")))
				}
				return entries
			}
			for i, s := range learned {
				one.Rows[i] = append(one.Rows[i], quarters(&one, s)...)
			}
			row = append(row, quarters(&whole, learned[0])...)
			row = append(row, quarters(&whole, learned[len(learned)-1])...)
			whole.Rows = append(whole.Rows, append(row, quarters(&whole, slices.Clone(learned)...)...))
		}
		if len(one.Columns) == 1 {
			whole.Remarks = append(whole.Remarks, m.Name+": "+reason)
			continue
		}
		tables = append(tables, one)
	}
	tables[0] = whole
	return tables, nil
}

// stepTables are the ranges of all measures of steps that are no gradients.
func stepTables(r *report.Report) ([]table.Table, error) {
	t := table.Table{Title: "Measures of the steps", Columns: []table.Column{{Head: []string{"method, measure"}}, {Head: []string{"least"}}, {Head: []string{"mean"}},
		{Head: []string{"most"}}, {Head: []string{"steps"}}}, Caption: []string{"over all steps of the done cells of order 0"}}
	for _, m := range r.Suite.Methods {
		all, _, err := StepMeasures(r, m.Name)
		if err != nil {
			return nil, err
		}
		for _, name := range all.names {
			if strings.HasPrefix(name, GradientPrefix) {
				continue
			}
			x := all.At(name, all.Places...)
			row := []table.Entry{{Text: m.Name + " " + name}}
			for _, v := range []float64{x.least, x.Sum / float64(x.N), x.most} {
				row = append(row, digitsEntry(&t, metric.Number(v)))
			}
			t.Rows = append(t.Rows, append(row, table.Count(x.N)))
		}
	}
	if len(t.Rows) == 0 {
		t.Columns, t.Remarks = nil, []string{"no measure of a step but gradients is on record: no cell of a method that has one is done, or evaluation.diagnostics was false"}
	}
	return []table.Table{t}, nil
}
