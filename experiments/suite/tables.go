package suite

import "slices"

// Table is a table of a report, by the name that -table and a suite's key tables know.
type Table struct {
	Name string
	Kind TableKind
	// lacks names the setting that the table is made of and the suite has not; empty where it has.
	// Nil is a table that any run has.
	lacks func(Suite) string
}

// TableKind says what a table is made of, where a report treats such tables alike.
type TableKind string

// The kinds of tables; other tables have none.
const (
	// DiagnosticTables are made of the measures of evaluation.diagnostics.
	DiagnosticTables TableKind = "diagnostics"
	// MeasureTables are of measures that a report does not have by itself. Its page has each that
	// the run has numbers for.
	MeasureTables TableKind = "measures"
)

// Tables lists the tables that can be had by themselves, by -table or by a suite that names them.
// Of in reports/tables says which of them a report has without being asked.
var Tables = []Table{
	{"summary", "", nil},
	{"per-task", "", nil},
	{"families", MeasureTables, func(s Suite) string {
		return without(len(s.Families()) > 1 && !s.Separate(), "tasks of several families in a sequential stream")
	}},
	{"matrix", "", nil},
	{"cost", "", nil},
	{"variants", "", nil},
	{"retention", "", nil},
	{"knowledge", "", func(s Suite) string { return without(len(s.Knowledge) > 0, "a knowledge battery") }},
	{"ablation", "", nil},
	{"orders", "", func(s Suite) string { return without(s.Orders > 1, "orders of 2 or more") }},
	{"examples", "", stream},
	{"norms", DiagnosticTables, diagnosed},
	{"gradients", DiagnosticTables, diagnosed},
	{"steps", DiagnosticTables, diagnosed},
	{"stability", MeasureTables, func(s Suite) string {
		return without(s.Evaluation.EverySteps > 0 && !s.Separate(), "evaluation.every_steps in a sequential stream")
	}},
	{"front", MeasureTables, stream},
	{"interpolation", MeasureTables, func(s Suite) string { return without(len(s.Evaluation.Interpolate) > 0, "evaluation.interpolate") }},
	{"format", MeasureTables, stream},
	{"battery", MeasureTables, func(s Suite) string {
		return without(len(s.Knowledge) > 0 && !s.Separate(), "a knowledge battery in a sequential stream")
	}},
	{"recovery", MeasureTables, func(s Suite) string { return without(len(s.Evaluation.Recovery) > 0, "evaluation.recovery") }},
	{"budget", MeasureTables, nil},
	{"kl", MeasureTables, func(s Suite) string { return without(s.Evaluation.KL, "evaluation.kl") }},
	{"released", "", func(s Suite) string { return without(s.Evaluation.TeacherForced, "evaluation.teacher_forced") }},
	{"claims", "", nil},
}

// TableNames are the names of Tables, or of those of some kinds.
func TableNames(kinds ...TableKind) (names []string) {
	for _, t := range Tables {
		if len(kinds) == 0 || slices.Contains(kinds, t.Kind) {
			names = append(names, t.Name)
		}
	}
	return names
}

func without(has bool, setting string) string {
	if has {
		return ""
	}
	return setting
}

func stream(s Suite) string    { return without(!s.Separate(), "a sequential stream") }
func diagnosed(s Suite) string { return without(s.Evaluation.Diagnostics, "evaluation.diagnostics") }

// validateTables checks that the tables that the suite names are known, and that its runs will have
// what they are made of.
func (s Suite) validateTables(r *rules) {
	for i, name := range s.Tables {
		r.oneOf("table", name, TableNames()...)
		r.must(!slices.Contains(s.Tables[:i], name), "tables names %q twice", name)
		for _, t := range Tables {
			if t.Name == name && t.lacks != nil {
				lacks := t.lacks(s)
				r.must(lacks == "", "tables names %s, which needs %s", name, lacks)
			}
		}
	}
}
