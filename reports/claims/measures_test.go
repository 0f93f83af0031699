package claims

import (
	"slices"
	"strings"
	"testing"

	"secura/experiments/record"
	"secura/experiments/suite"
	"secura/reports/synthetic"
	"secura/reports/table"
)

// observe gives each cell the steps and measures that the methods of the paper and its release have
// when they behave as methods.md says.
func observe(s *synthetic.Run) {
	s.Methods = append(s.Methods, synthetic.Named("secura-k", "secura-released-m1", "secura-released-m2")...)
	s.Methods = append(s.Methods, suite.MethodSpec{Preset: "secura", Name: "no-magnorm", Params: map[string]any{"magnorm": false}},
		suite.MethodSpec{Preset: "secura", Name: "no-normalisation", Params: map[string]any{"normalise": "none"}})
	before := s.End
	s.End = func(f *synthetic.CellFiles) {
		method := f.Id[:strings.LastIndex(f.Id, "-s")]
		if before != nil && slices.ContainsFunc(synthetic.Named("seq", "er", "ewc", "i-lora", "cur-lora", "secura"), func(m suite.MethodSpec) bool { return m.Name == method }) {
			before(f)
		}
		for i := range f.Events {
			e := &f.Events[i]
			switch {
			case e.Kind == record.Boundary && strings.HasPrefix(method, "secura-released"):
				update := 0.0 // M2 never writes the weight
				if method == "secura-released-m1" {
					update = 0.5 * float64(e.Index)
				}
				e.Measures = append(e.Measures, record.Measure{Name: "update/frobenius", Value: update}, record.Measure{Name: "weight/frobenius", Value: 8 + update/10})
				if e.Index == 0 {
					e.Measures = append(e.Measures, record.Measure{Name: "cabr/a0_identity_error", Value: 1.5e-6})
				}
			case e.Kind == record.Boundary && e.Index == 0 && strings.HasPrefix(method, "secura"):
				e.Measures = append(e.Measures, record.Measure{Name: "cabr/a0_identity_error", Value: 1.5e-6})
			case e.Kind == record.TaskStart:
				f.Steps = append(f.Steps, observed(method, e.Task, 1), observed(method, e.Task, 2))
				if method == "secura" { // the schedule ends at a rate of 0: nothing moves
					last := record.Step{Index: e.Index, Task: e.Task, Step: 3, Loss: 0.5, Tokens: 10}
					last.Measures = []record.Measure{{Name: "magnorm/mean", Value: 2}, {Name: "magnorm/moved_mean", Value: 2}, {Name: "step/relative", Value: 0}}
					f.Steps = append(f.Steps, last)
				}
			}
		}
	}
}

// observed is one step of a method that behaves as expected.
func observed(method, task string, n int) record.Step {
	s := record.Step{Index: 1, Task: task, Step: n, Loss: 2 / float64(n), LearningRate: 0.05 / float64(n), Tokens: 10}
	add := func(name string, value float64) {
		s.Measures = append(s.Measures, record.Measure{Name: name, Value: value})
	}
	small := float64(n)
	switch method {
	case "secura-k":
		add("gradient/q_proj/A", 0.1)
		add("magnorm/mean", 1.97)
		add("merge/mismatch", 0.4*small)
	case "secura", "secura-released-m1", "secura-released-m2", "no-magnorm":
		for _, projection := range []string{"q_proj", "v_proj"} {
			add("gradient/"+projection+"/A", 0)
			add("gradient/"+projection+"/B", 0.02*small)
		}
	}
	if strings.HasPrefix(method, "secura-released") {
		add("gradient/q_proj/bias", 0.3)
		add("step/relative", 0.02/small)
		add("magnorm/mean", 2-0.51*(small-1))
		add("magnorm/gain", 1+0.34*(small-1))
		s.Loss = 2 * small
		if method == "secura-released-m1" {
			add("merge/kept_entries", 0.7)
			add("merge/kept_error", 0.2*small)
		}
	}
	switch method {
	case "secura":
		add("magnorm/mean", 2)
		add("magnorm/moved_mean", 1.9525)
		add("magnorm/scaling_ratio", 30*small)
		add("step/relative", 1e-4/small)
	case "no-normalisation":
		add("magnorm/mean", 2)
		add("magnorm/moved_mean", 1.4)
	case "no-magnorm":
		s.Loss *= 1 + 1e-4*small
	}
	return s
}

// found is a row of findings: what was measured and whether it shows.
func found(t testing.TB, made table.Table, label string) (measured, records, where, shown string) {
	t.Helper()
	for _, row := range made.Rows {
		if row[0].Text == label {
			return row[1].Text, row[2].Text, row[3].Text + ", " + row[3].Spread, row[4].Text
		}
	}
	t.Fatalf("table %q has no row %q", made.Title, label)
	return
}

func TestTheReleasedBehaviourIsMeasured(t *testing.T) {
	s := sixteen(2, same(.6), same(.9), same(.9))
	observe(&s)
	c := judge{evidence(t, s)}
	released, equations := c.released(), c.equations()
	for _, want := range []struct {
		table                                  table.Table
		label, measured, records, where, shown string
	}{
		{released, "A₀: |UΣVᵀ − W[:r,:m]|", "1.5e-06", "8", "secura-s0-o0, before the stream", "yes"},
		{released, "M1: gradient of A", "0", "32", "secura-released-m1-s0-o0, task task_1, step 1", "yes"},
		{released, "secura: gradient of B", "0.04", "32", "secura-s0-o0, task task_1, step 2", "yes"},
		{released, "M1: gradient of bias", "0.3", "16", "secura-released-m1-s0-o0, task task_1, step 1", "yes"},
		{released, "M1: gain at step 2", "1.34", "2", "secura-released-m1-s0-o0, step 2", "yes"},
		{released, "M1: loss, step 1 → 2", "2 → 4", "2", "secura-released-m1-s0-o0, task task_1, step 1", "·"},
		{released, "M1: first update / ‖W‖", "2%", "2", "secura-released-m1-s0-o0, step 1", "·"},
		{released, "M1: mean S", "1.49 … 2", "16", "secura-released-m1-s0-o0, task task_1, step 1", "yes"},
		{released, "M1: ‖W‖ of all", "8 … 8.2", "10", "secura-released-m1-s0-o0, after task task_4", "·"},
		{released, "M2: ‖update‖ of all", "0", "10", "secura-released-m2-s0-o0, before the stream", "·"},
		{released, "M1: entries that bf16 keeps", "70%", "16", "secura-released-m1-s0-o0, task task_1, step 1", "·"},
		{released, "M1: error of a bf16 merge", "20% … 40%", "16", "secura-released-m1-s0-o0, task task_1, step 2", "·"},
		{released, "unnormalised S, had W moved", "1.4", "16", "no-normalisation-s0-o0, task task_1, step 1", "yes"},
		{equations, "1 mean S in the forward pass", "2", "24", "secura-s0-o0, task task_1, step 1", "yes"},
		{equations, "1 losses without S-MagNorm", "0.0002", "16", "no-magnorm-s1-o0, task task_4, step 2", "yes"},
		{equations, "2 mean S, had W moved", "1.9525", "16", "secura-s0-o0, task task_1, step 1", "yes"},
		{equations, "2 that scaling / the update", "30 … 60", "16", "secura-s0-o0, task task_1, step 2", "yes"},
		{equations, "3 (merged − trained) / update", "0.4 … 0.8", "16", "secura-k-s0-o0, task task_1, step 2", "yes"},
		{equations, "4 relative size of a step", "0.005% … 0.01%", "16", "secura-s0-o0, task task_1, step 1", "·"},
		{equations, "4 the same per learning rate", "0.002", "16", "secura-s0-o0, task task_1, step 1", "·"},
	} {
		if measured, records, where, shown := found(t, want.table, want.label); measured != want.measured || records != want.records || where != want.where || shown != want.shown {
			t.Errorf("%s: %s, %s, %s, %s; want %s, %s, %s, %s", want.label, measured, records, where, shown, want.measured, want.records, want.where, want.shown)
		}
	}
	for want, keep := range map[string][6]float64{"yes": {.9, 0, 0, 0, 0, .3}, "no": {.3, 0, 0, 0, 0, .9}, "undecided": same(.9)} {
		c := judge{evidence(t, sixteen(8, same(.6), keep, same(.9)))}
		if _, _, _, shown := found(t, c.equations(), "5 backward transfer beyond seq"); shown != want {
			t.Errorf("backward transfer with kept shares %v: shown is %q, want %q", keep, shown, want)
		}
	}
	synthetic.CompareGolden(t, "claims.txt", []byte(claimsText(t, c.runs)))
}

func TestBehaviourThatDiffersIsNotShown(t *testing.T) {
	s := sixteen(2, same(.6), same(.9), same(.9))
	observe(&s)
	before := s.End
	s.End = func(f *synthetic.CellFiles) {
		before(f)
		for i := range f.Steps {
			for k := range f.Steps[i].Measures {
				if m := &f.Steps[i].Measures[k]; i == 3 && f.Id == "secura-s1-o0" && (m.Name == "magnorm/mean" || m.Name == "gradient/v_proj/A") {
					m.Value += 0.001
				}
			}
		}
		if f.Id == "secura-released-m2-s1-o0" { // the outputs are not amplified
			for k := range f.Steps[1].Measures {
				if m := &f.Steps[1].Measures[k]; m.Name == "magnorm/gain" {
					m.Value = 1.6
				}
			}
		}
	}
	c := judge{evidence(t, s)}
	for label, made := range map[string]table.Table{
		"1 mean S in the forward pass": c.equations(), "secura: gradient of A": c.released(), "M2: gain at step 2": c.released(),
	} {
		if _, _, where, shown := found(t, made, label); shown != "no" || !strings.Contains(where, "-s1-o0") {
			t.Errorf("%s: shown is %q at %s", label, shown, where)
		}
	}
}

func TestWhatTheRunDidNotMeasureHasItsCommand(t *testing.T) {
	c := judge{evidence(t, sixteen(1, same(.6), same(.9), same(.9)))}
	for _, shown := range []table.Table{c.released(), c.equations()} {
		for _, row := range shown.Rows[:len(shown.Rows)-2] {
			if row[1].Text != "–" || len(row[1].Notes) != 1 || !strings.Contains(shown.Footnotes[row[1].Notes[0]-1], "runner run -suite") {
				t.Errorf("%s: %+v of %q", row[0].Text, row[1], shown.Footnotes)
			}
		}
	}
	if text := claimsText(t, c.runs); !strings.Contains(strings.Join(strings.Fields(text), " "), "the records of secura hold no such measure; runner run -suite gradients") {
		t.Error("a run with secura but no measures does not say so")
	}
}
