package diagnostics

import (
	"cmp"
	"fmt"
	"slices"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/reports/report"
	"secura/reports/table"
)

// Norms are the measures of the update that have a table each.
var Norms = []struct{ Measure, Title, means string }{
	{"update/spectral", "Singular-value norm of the update",
		"the largest singular value of W − W pretrained of what is evaluated, the mean over the adapted projections"},
	{"update/frobenius", "Frobenius norm of the update", "‖W − W pretrained‖ of all adapted projections together"},
	{"update/relative", "Relative norm of the update", "‖W − W pretrained‖/‖W pretrained‖ of all adapted projections together"},
	{"update/effective_rank", "Effective rank of the update",
		"exp of the entropy of the update's singular values over their sum, the mean over the projections that moved"},
}

// moment is a place in the stream: after a task, or after a step of it.
type moment struct {
	index int
	task  string
	step  int // 0 after the last one
}

// normTables are a table per norm: places in the stream down, methods across.
func normTables(r *report.Report) ([]table.Table, error) {
	all, reasons := make([]Measurements[moment], len(r.Suite.Methods)), make([]string, len(r.Suite.Methods))
	var moments []moment
	for i, m := range r.Suite.Methods {
		var err error
		reasons[i], err = measures(r, m.Name, func(c report.Cell, folder rundir.Cell) error {
			events, _, err := report.Optional[record.Event](folder.Records())
			for _, e := range events {
				at := moment{e.Index, e.Task, e.Step}
				if e.Kind == record.Boundary && e.Index >= 1 && e.Index <= len(c.Tasks) {
					at.task = c.Tasks[e.Index-1]
				}
				all[i].Add(at, e.Measures)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, at := range all[i].Places {
			if !slices.Contains(moments, at) && slices.ContainsFunc(Norms, func(n struct{ Measure, Title, means string }) bool { return all[i].At(n.Measure, at).N > 0 }) {
				moments = append(moments, at)
			}
		}
	}
	slices.SortStableFunc(moments, func(a, b moment) int {
		late := func(m moment) int { return cmp.Or(m.step, 1<<30) } // a task's end comes after its steps
		return cmp.Or(cmp.Compare(a.index, b.index), cmp.Compare(late(a), late(b)))
	})
	var tables []table.Table
	for _, n := range Norms {
		t := table.Table{Title: n.Title, Numbered: true, Columns: []table.Column{{Head: []string{""}}},
			Caption: []string{n.means + ", the mean over the done cells of order 0"}}
		for _, at := range moments {
			t.Rows = append(t.Rows, []table.Entry{{Text: momentLabel(r, at)}})
		}
		for i, m := range r.Suite.Methods {
			if m.Preset == suite.Frozen {
				continue // it has no update
			}
			t.Columns = append(t.Columns, table.Column{Head: []string{m.Name}})
			for j, at := range moments {
				v := all[i].At(n.Measure, at).Mean(reasons[i])
				if !v.Defined() && len(all[i].Places) > 0 {
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

func momentLabel(r *report.Report, m moment) string {
	if m.step > 0 {
		return fmt.Sprintf("%s, step %d", taskLabel(r, m.index, m.task), m.step)
	}
	return "after " + taskLabel(r, m.index, m.task)
}
