package suite

import "slices"

// Table is a table of a report, by the name that -table and a suite's key tables know.
type Table struct {
	Name string
	// lacks names the setting that the table is made of and the suite has not; empty where it has.
	// Nil is a table that any run has.
	lacks func(Suite) string
}

// Tables lists the tables that can be had by themselves, by -table or by a suite that names them.
// Of in reports/tables says which of them a report has without being asked.
var Tables = []Table{
	{"summary", nil},
	{"per-task", nil},
	{"matrix", nil},
	{"cost", nil},
	{"variants", nil},
	{"retention", nil},
	{"knowledge", func(s Suite) string { return without(len(s.Knowledge) > 0, "a knowledge battery") }},
	{"ablation", nil},
	{"orders", func(s Suite) string { return without(s.Orders > 1, "orders of 2 or more") }},
	{"examples", stream},
	{"norms", diagnosed},
	{"gradients", diagnosed},
	{"steps", diagnosed},
	{"stability", func(s Suite) string {
		return without(s.Evaluation.EverySteps > 0 && !s.Separate(), "evaluation.every_steps in a sequential stream")
	}},
	{"front", stream},
	{"interpolation", func(s Suite) string { return without(len(s.Evaluation.Interpolate) > 0, "evaluation.interpolate") }},
	{"format", stream},
	{"recovery", func(s Suite) string { return without(len(s.Evaluation.Recovery) > 0, "evaluation.recovery") }},
	{"budget", nil},
	{"kl", func(s Suite) string { return without(s.Evaluation.KL, "evaluation.kl") }},
	{"released", func(s Suite) string { return without(s.Evaluation.TeacherForced, "evaluation.teacher_forced") }},
	{"claims", nil},
}

// DiagnosticTables are those of Tables that are made of the measures of evaluation.diagnostics.
var DiagnosticTables = []string{"norms", "gradients", "steps"}

// TableNames are the names of Tables.
func TableNames() []string {
	names := make([]string, len(Tables))
	for i, t := range Tables {
		names[i] = t.Name
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
