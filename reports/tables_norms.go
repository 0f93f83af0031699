package reports

import (
	"cmp"
	"fmt"
	"slices"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/reports/table"
)

// norms are the measures of the update that have a table each.
var norms = []struct{ measure, title, means string }{
	{"update/spectral", "Singular-value norm of the update",
		"the largest singular value of W − W pretrained of what is evaluated, the mean over the adapted projections"},
	{"update/frobenius", "Frobenius norm of the update", "‖W − W pretrained‖ of all adapted projections together"},
	{"update/relative", "Relative norm of the update", "‖W − W pretrained‖/‖W pretrained‖ of all adapted projections together"},
	{"update/effective_rank", "Effective rank of the update",
		"exp of the entropy of the update's singular values over their sum, the mean over the projections that moved"},
}

// moment is a place in the stream: behind a task, or behind a step of it.
type moment struct {
	index int
	task  string
	step  int // 0 behind the last one
}

// normTables are a table per norm: places in the stream down, methods across.
func normTables(run rundir.Run, r *Report) ([]table.Table, error) {
	all, reasons := make([]measurements[moment], len(r.Suite.Methods)), make([]string, len(r.Suite.Methods))
	var moments []moment
	for i, m := range r.Suite.Methods {
		var err error
		reasons[i], err = r.measures(run, m.Name, func(c Cell, folder rundir.Cell) error {
			events, _, err := optional[record.Event](folder.Records())
			for _, e := range events {
				at := moment{e.Index, e.Task, e.Step}
				if e.Kind == record.Boundary && e.Index >= 1 && e.Index <= len(c.Tasks) {
					at.task = c.Tasks[e.Index-1]
				}
				all[i].add(at, e.Measures)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, at := range all[i].places {
			if !slices.Contains(moments, at) && slices.ContainsFunc(norms, func(n struct{ measure, title, means string }) bool { return all[i].at(n.measure, at).n > 0 }) {
				moments = append(moments, at)
			}
		}
	}
	slices.SortStableFunc(moments, func(a, b moment) int {
		late := func(m moment) int { return cmp.Or(m.step, 1<<30) } // a task's end comes behind its steps
		return cmp.Or(cmp.Compare(a.index, b.index), cmp.Compare(late(a), late(b)))
	})
	var tables []table.Table
	for _, n := range norms {
		t := table.Table{Title: n.title, Numbered: true, Columns: []table.Column{{Head: []string{""}}},
			Caption: []string{n.means + ", the mean over the done cells of order 0"}}
		for _, at := range moments {
			t.Rows = append(t.Rows, []table.Entry{{Text: r.momentLabel(at)}})
		}
		for i, m := range r.Suite.Methods {
			if m.Preset == "frozen" {
				continue // it has no update
			}
			t.Columns = append(t.Columns, table.Column{Head: []string{m.Name}})
			for j, at := range moments {
				v := all[i].at(n.measure, at).mean(reasons[i])
				if !v.Defined() && len(all[i].places) > 0 {
					t.Rows[j] = append(t.Rows[j], table.Entry{Text: "·"}) // others were measured there
					continue
				}
				t.Rows[j] = append(t.Rows[j], digitsEntry(&t, v))
			}
		}
		if len(moments) == 0 {
			t.Columns, t.Remarks = nil, []string{"no measure of an update is on record: no cell is done, or evaluation.diagnostics was false"}
		}
		tables = append(tables, t)
	}
	return tables, nil
}

func (r *Report) momentLabel(m moment) string {
	if m.step > 0 {
		return fmt.Sprintf("%s, step %d", r.taskLabel(m.index, m.task), m.step)
	}
	return "after " + r.taskLabel(m.index, m.task)
}
