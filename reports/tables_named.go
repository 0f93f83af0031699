package reports

import (
	"fmt"
	"slices"

	"secura/experiments/rundir"
	"secura/reports/table"
)

// TableNames are the tables that can be had by themselves: of scores, and of
// DiagnosticTables. A report has those of scores that fit its records; ablation
// and diagnostics it has where its suite names them.
var TableNames = append([]string{"summary", "per-task", "matrix", "cost", "variants", "retention", "ablation", "orders", "examples", "knowledge", "released", "claims"}, DiagnosticTables...)

// SuiteTables are those of TableNames that a suite may ask for.
var SuiteTables = append([]string{"ablation"}, DiagnosticTables...)

// Named makes the tables of one name of TableNames. Where the run's records do
// not hold what a table needs, the error says what was to be measured.
func Named(run rundir.Run, r *Report, name string) ([]table.Table, error) {
	tables, err := namedTables(run, r, name)
	return r.sourced(tables), err
}

func namedTables(run rundir.Run, r *Report, name string) ([]table.Table, error) {
	if slices.Contains(DiagnosticTables, name) {
		return Diagnose(run, r, name)
	}
	lacks := func(format string, args ...any) ([]table.Table, error) {
		return nil, fmt.Errorf("table %s of %s: "+format, append([]any{name, run.Path}, args...)...)
	}
	switch name {
	case "summary":
		return []table.Table{SummaryTable(r)}, nil
	case "per-task":
		return []table.Table{TaskTable(r)}, nil
	case "matrix":
		var tables []table.Table
		for _, m := range r.Suite.Methods {
			tables = append(tables, MatrixTable(r, m))
		}
		return tables, nil
	case "cost":
		return []table.Table{CostTable(r)}, nil
	case "variants":
		return []table.Table{VariantsTable(r)}, nil
	case "claims":
		evidence, err := evidenceOf(r)
		if err != nil {
			return nil, err
		}
		return Claims([]*Evidence{evidence}), nil
	case "retention", "knowledge":
		if _, ok := r.base(); !ok {
			return lacks("no cell has been evaluated yet")
		}
		tables := RetentionTables(r)
		if name == "retention" {
			return tables, nil
		}
		if len(tables) < 2 {
			return lacks("the suite has no knowledge battery")
		}
		return tables[:1], nil
	case "released":
		t, ok := ReleasedTable(r)
		if !ok {
			return lacks("its records hold no teacher-forced predictions; run it with -set evaluation.teacher_forced=true, in a folder of its own")
		}
		return []table.Table{t}, nil
	case "ablation":
		return []table.Table{AblationTable(r)}, nil
	case "orders":
		if r.Suite.Orders < 2 {
			return lacks("the run has one order of its tasks; give -orders 2 or more to run")
		}
		return []table.Table{OrdersTable(r)}, nil
	case "examples":
		if r.Suite.Separate() {
			return lacks("the tasks are learned alone, and there is no end of a stream")
		}
		t, err := ExamplesTable(run, r)
		return []table.Table{t}, err
	}
	return lacks("unknown, expected one of %v", TableNames)
}

// Tables are all tables of a report in the order in which they are shown, those
// that its records have numbers for and those that its suite asks for; a tuning's
// are its trials and choices. Those of several backbones are these side by side,
// and then the tables of each.
func Tables(r *Report) []table.Table {
	if r.Backbones != nil {
		return r.backboneTables()
	}
	if r.Trials != nil {
		return TuningTables(*r.Trials)
	}
	var tables []table.Table
	if r.Suite.Separate() {
		tables = append(tables, VariantsTable(r), CostTable(r))
	} else {
		tables = append(tables, SummaryTable(r))
	}
	if t, ok := ComparisonTable(r); ok && !r.Suite.Separate() {
		tables = append(tables, t)
	}
	tables = append(tables, r.Examples...)
	if t, ok := TunedTable(r); ok {
		tables = append(tables, t)
	}
	if r.Suite.Orders > 1 && !r.Suite.Separate() {
		tables = append(tables, OrdersTable(r))
	}
	if t, ok := ReleasedTable(r); ok {
		tables = append(tables, t)
	}
	if r.hasCurve() {
		tables = append(tables, RetentionTables(r)...)
	}
	if !r.Suite.Separate() {
		tables = append(tables, TaskTable(r))
	}
	if !r.Suite.Separate() && r.Suite.Evaluation.Every != "final" {
		for _, m := range r.Suite.Methods {
			tables = append(tables, MatrixTable(r, m))
		}
	}
	return r.sourced(append(tables, r.Asked...))
}
