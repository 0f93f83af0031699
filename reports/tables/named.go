// Package tables makes the tables of a report, one file each; those of reports/diagnostics and
// reports/claims are among them. In comes a report, out come tables as rows with footnotes, which
// reports/table prints. Read Of first, which chooses the tables that fit a run.
package tables

import (
	"fmt"
	"slices"

	"secura/experiments/suite"
	"secura/reports/claims"
	"secura/reports/diagnostics"
	"secura/reports/report"
	"secura/reports/table"
)

// Names are the tables that can be had by themselves. Of says which of them a report has anyway;
// ablation and suite.DiagnosticTables it has where its suite names them, and those from stability
// to recovery never.
var Names = append([]string{"summary", "per-task", "matrix", "cost", "variants", "retention", "ablation", "orders", "examples", "knowledge", "released", "claims", "stability", "front", "kl", "interpolation", "budget", "format", "recovery"}, suite.DiagnosticTables...)

// Named makes the tables of one name of Names. Where the run's records do not hold what a table
// needs, the error says what was to be measured.
func Named(r *report.Report, name string) ([]table.Table, error) {
	tables, err := namedTables(r, name)
	return Sourced(r, tables), err
}

func namedTables(r *report.Report, name string) ([]table.Table, error) {
	if slices.Contains(suite.DiagnosticTables, name) {
		return diagnostics.Tables(r, name)
	}
	lacks := func(format string, args ...any) ([]table.Table, error) {
		return nil, fmt.Errorf("table %s of %s: "+format, append([]any{name, r.Run.Path}, args...)...)
	}
	switch name {
	case "summary":
		return []table.Table{Summary(r)}, nil
	case "per-task":
		return []table.Table{Tasks(r)}, nil
	case "matrix":
		var tables []table.Table
		for _, m := range r.Suite.Methods {
			tables = append(tables, Matrix(r, m))
		}
		return tables, nil
	case "cost":
		return []table.Table{Cost(r)}, nil
	case "variants":
		return []table.Table{Variants(r)}, nil
	case "claims":
		evidence, err := claims.EvidenceOf(r)
		if err != nil {
			return nil, err
		}
		return claims.Tables([]*claims.Evidence{evidence}), nil
	case "retention", "knowledge":
		if _, ok := r.Base(); !ok {
			return lacks("no cell has been evaluated yet")
		}
		tables := Retention(r)
		if name == "retention" {
			return tables, nil
		}
		if len(tables) < 2 {
			return lacks("the suite has no knowledge battery")
		}
		return tables[:1], nil
	case "released":
		t, ok := Released(r)
		if !ok {
			return lacks("its records hold no teacher-forced predictions; run it with -set evaluation.teacher_forced=true, in a folder of its own")
		}
		return []table.Table{t}, nil
	case "stability":
		if !hasCurve(r) || r.Suite.Separate() {
			return lacks("it needs a stream with evaluations within tasks; run it with -set evaluation.every_steps=N, in a folder of its own")
		}
		return []table.Table{Stability(r)}, nil
	case "kl":
		if !hasKL(r) {
			return lacks("its records hold no divergence from the backbone; run it with -set evaluation.kl=true, in a folder of its own")
		}
		return []table.Table{Divergence(r)}, nil
	case "interpolation":
		if len(mixes(r)) == 0 {
			return lacks("its records hold no mixtures of weights; run it with -set evaluation.interpolate=[0.25,0.5,0.75], in a folder of its own")
		}
		return []table.Table{Interpolation(r)}, nil
	case "format":
		if r.Suite.Separate() {
			return lacks("the tasks are learned alone, and nothing is forgotten")
		}
		t, err := Format(r)
		return []table.Table{t}, err
	case "recovery":
		if len(recoveries(r)) == 0 {
			return lacks("no task was scored after further examples; run it with -set evaluation.recovery=[4,16], in a folder of its own")
		}
		return []table.Table{Recovery(r)}, nil
	case "budget":
		return []table.Table{Budget(r)}, nil
	case "front":
		if r.Suite.Separate() {
			return lacks("the tasks are learned alone, and nothing is retained")
		}
		return Fronts(r), nil
	case "ablation":
		return []table.Table{Ablation(r)}, nil
	case "orders":
		if r.Suite.Orders < 2 {
			return lacks("the run has one order of its tasks; give -orders 2 or more to run")
		}
		return []table.Table{Orders(r)}, nil
	case "examples":
		if r.Suite.Separate() {
			return lacks("the tasks are learned alone, and there is no end of a stream")
		}
		t, err := ExamplesTable(r)
		return []table.Table{t}, err
	}
	return lacks("unknown, expected one of %v", Names)
}

// Of gives all tables of a report in the order in which they are shown, those that its records have
// numbers for and those that its suite asks for; a tuning's are its trials and choices. Those of
// several backbones are these side by side, and then the tables of each.
func Of(r *report.Report) []table.Table {
	if r.Backbones != nil {
		return backboneTables(r)
	}
	if r.Trials != nil {
		return report.TuningTables(*r.Trials)
	}
	var tables []table.Table
	if r.Suite.Separate() {
		tables = append(tables, Variants(r), Cost(r))
	} else {
		tables = append(tables, Summary(r))
	}
	if t, ok := ComparisonTable(r); ok && !r.Suite.Separate() {
		tables = append(tables, t)
	}
	tables = append(tables, r.Examples...)
	if t, ok := report.TunedTable(r); ok {
		tables = append(tables, t)
	}
	if r.Suite.Orders > 1 && !r.Suite.Separate() {
		tables = append(tables, Orders(r))
	}
	if t, ok := Released(r); ok {
		tables = append(tables, t)
	}
	if hasCurve(r) {
		tables = append(tables, Retention(r)...)
	}
	if !r.Suite.Separate() {
		tables = append(tables, Tasks(r))
	}
	if !r.Suite.Separate() && r.Suite.Evaluation.Every != suite.EveryFinal {
		for _, m := range r.Suite.Methods {
			tables = append(tables, Matrix(r, m))
		}
	}
	return Sourced(r, append(tables, r.Asked...))
}
