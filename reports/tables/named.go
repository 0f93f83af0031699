// Package tables makes the tables of a report, one file each; those of reports/diagnostics and
// reports/claims are among them. In comes a report, out come tables as rows with footnotes, which
// reports/table prints. Read Of first, which chooses the tables that fit a run.
package tables

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"secura/experiments/suite"
	"secura/reports/claims"
	"secura/reports/diagnostics"
	"secura/reports/report"
	"secura/reports/table"
)

// ErrLacks is within the error of a table that is made of what the run's records do not hold.
var ErrLacks = errors.New("not measured")

// lackError is ErrLacks that says what was to be measured.
type lackError struct{ text string }

func (e lackError) Error() string        { return e.text }
func (e lackError) Is(target error) bool { return target == ErrLacks }

// Named makes the tables of one name of suite.Tables. Where the run's records do not hold what a
// table needs, the error says what was to be measured, and is ErrLacks.
func Named(r *report.Report, name string) ([]table.Table, error) {
	tables, err := namedTables(r, name)
	return Sourced(r, tables), err
}

func namedTables(r *report.Report, name string) ([]table.Table, error) {
	if slices.Contains(suite.TableNames(suite.DiagnosticTables), name) {
		return diagnostics.Tables(r, name)
	}
	lacks := func(reason string) ([]table.Table, error) {
		return nil, lackError{fmt.Sprintf("table %s of %s: %s", name, r.Run.Path, reason)}
	}
	switch name {
	case "summary":
		return []table.Table{Summary(r)}, nil
	case "per-task":
		return []table.Table{Tasks(r)}, nil
	case "families":
		if r.Suite.Separate() {
			return lacks("the tasks are learned alone, and there is no end of a stream")
		}
		if len(r.Suite.Families()) < 2 {
			return lacks("all tasks are of one family")
		}
		return []table.Table{Families(r)}, nil
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
		if !r.HasCurve() || r.Suite.Separate() {
			return lacks("it needs a stream with evaluations within tasks; run it with -set evaluation.every_steps=N, in a folder of its own")
		}
		return []table.Table{Stability(r)}, nil
	case "kl":
		if !r.HasKL() {
			return lacks("its records hold no divergence from the backbone; run it with -set evaluation.kl=true, in a folder of its own")
		}
		t, err := Divergence(r)
		return []table.Table{t}, err
	case "interpolation":
		if len(r.Mixes()) == 0 {
			return lacks("its records hold no mixtures of weights; run it with -set evaluation.interpolate=[0.25,0.5,0.75], in a folder of its own")
		}
		return []table.Table{Interpolation(r)}, nil
	case "format":
		if r.Suite.Separate() {
			return lacks("the tasks are learned alone, and nothing is forgotten")
		}
		if len(r.WrittenTasks()) == 0 {
			return lacks("no task of the suite has written answers")
		}
		t, err := Format(r)
		return []table.Table{t}, err
	case "battery":
		if r.Suite.Separate() {
			return lacks("the tasks are learned alone, and there is no end of a stream")
		}
		if len(r.Suite.Knowledge) == 0 {
			return lacks("the suite has no knowledge battery")
		}
		t, err := Battery(r)
		return []table.Table{t}, err
	case "recovery":
		if len(r.RecoveryExamples()) == 0 {
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
	return nil, fmt.Errorf("table %s of %s: unknown, expected one of %v", name, r.Run.Path, suite.TableNames())
}

// Measured gives the tables of measures (suite.MeasureTables), beside those of Of, that the run has
// numbers for. Of a tuning that is the front of its trials.
func Measured(r *report.Report) (list []table.Table, err error) {
	for _, name := range suite.TableNames(suite.MeasureTables) {
		if slices.Contains(r.Suite.Tables, name) || r.Trials != nil && name != "front" {
			continue
		}
		tables, err := Named(r, name)
		switch {
		case errors.Is(err, ErrLacks):
			continue
		case err != nil:
			return nil, err
		}
		for _, t := range tables {
			if hasMeasures(t) {
				list = append(list, t)
			}
		}
	}
	return list, nil
}

// hasMeasures says whether any score, or other number that was rounded, stands in a table.
func hasMeasures(t table.Table) bool {
	for _, row := range t.Rows {
		for _, e := range row {
			if e.Number != nil && strings.Contains(e.Text, ".") {
				return true
			}
		}
	}
	return false
}

// Of gives all tables of a report in the order in which they are shown, those that its records have
// numbers for and those that its suite asks for; a tuning's are its trials and choices. Those of
// several backbones are these side by side, and then the tables of each.
func Of(r *report.Report) []table.Table {
	if r.Backbones != nil {
		return backboneTables(r)
	}
	if r.Trials != nil {
		return report.TuningTables(r)
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
	if r.HasCurve() {
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
	for _, asked := range r.Asked { // some of them the report has anyway
		if !slices.ContainsFunc(tables, func(t table.Table) bool { return t.Title == asked.Title }) {
			tables = append(tables, asked)
		}
	}
	return Sourced(r, tables)
}
