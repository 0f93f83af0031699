package reports

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/synthetic"
)

// tried is a tuning of two methods: one whose second trial is best of three seeds, with two
// parameters that go together, and whose last trial diverged, and one without any score.
func tried() record.Tuning {
	outcome := func(acc, learning, gain float64) record.Outcome {
		return record.Outcome{Score: &acc, Gain: &gain, Metrics: []record.Score{{Name: "acc", Value: acc}, {Name: "learning_accuracy", Value: learning}}}
	}
	diverged := func(task string, step int) record.Outcome {
		return record.Outcome{Reason: fmt.Sprintf("diverged: loss is NaN (task %s, step %d)", task, step)}
	}
	sizes := func(rank, inner float64) map[string]any { return map[string]any{"rank": rank, "inner": inner} }
	return record.Tuning{Suite: "mine", Budget: 3, Finalists: 2, Seeds: 3, Stream: []string{"b", "a"}, Steps: 48, Split: "validation", Examples: 16, Objective: "acc",
		Methods: []record.TunedMethod{
			{Preset: "secura", Name: "secura", Coefficient: []string{"rank", "inner"}, Choice: 1, Trials: []record.Trial{
				{Name: "secura.t01", Round: 1, LearningRate: 1e-3, Params: sizes(37, 49), Outcome: outcome(.5, .5, .2), Again: []record.Outcome{outcome(.1, .5, .2), outcome(.15, .5, .2)}},
				{Name: "secura.t02", Round: 1, LearningRate: 1e-1, Params: sizes(37, 49), Outcome: outcome(.375, .625, .325), Again: []record.Outcome{outcome(.35, .6, .3), outcome(.4, .6, .3)}},
				{Name: "secura.t03", Round: 2, LearningRate: 1e-1, Params: sizes(64, 85), Outcome: diverged("a", 3)},
			}, Remarks: []string{"the budget ended while the largest learning rate that was tried won"}},
			{Preset: "seq", Name: "seq", Choice: -1, Trials: []record.Trial{
				{Name: "seq.t01", Round: 1, LearningRate: 1e-3, Outcome: diverged("a", 3)},
				{Name: "seq.t02", Round: 1, LearningRate: 1e-1, Outcome: diverged("a", 3)},
				{Name: "seq.t03", Round: 2, LearningRate: 3.2e-3, Outcome: diverged("b", 1)},
			}},
		}}
}

// TestATuningAsksForWhatTheTablesAskFor: what counts as learned is one number.
func TestATuningAsksForWhatTheTablesAskFor(t *testing.T) {
	if record.LearnedGain != metric.LearnedBar {
		t.Errorf("a tuning asks for %g, the tables for %g", record.LearnedGain, metric.LearnedBar)
	}
}

// TestATuningOfOneSeedPromisesNoMeans: no trial is run again.
func TestATuningOfOneSeedPromisesNoMeans(t *testing.T) {
	k := tried()
	k.Seeds = 1
	for _, m := range k.Methods {
		for i := range m.Trials {
			m.Trials[i].Again = nil
		}
	}
	trials := report.TuningTables(&report.Report{Trials: &k})[1]
	if strings.Contains(trials.Caption[0], "again") || len(trials.Columns) != 7 || len(trials.Rows[0]) != 7 {
		t.Errorf("%d columns, %q", len(trials.Columns), trials.Caption)
	}
}

// TestTuningTables holds the printed choices and trials.
func TestTuningTables(t *testing.T) {
	k := tried()
	text := asText(t, &report.Report{Trials: &k}, false)
	synthetic.CompareGolden(t, "tuning.txt", []byte(text))
	for line := range strings.Lines(text) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 100 {
			t.Errorf("a line of %d columns: %s", n, line)
		}
	}
}

// TestATuningsRunReportsItsTrials reads tune.json from the run's folder.
func TestATuningsRunReportsItsTrials(t *testing.T) {
	run := small().Make(t, nil)
	if r, err := Load(run); err != nil || r.Trials != nil {
		t.Fatalf("a run that is no tuning: error %v, report %v", err, r)
	}
	synthetic.Must(t, rundir.WriteJSON(run.Tuning(), tried()))
	r, err := Load(run)
	synthetic.Must(t, err)
	if text := asText(t, r, false); !strings.HasPrefix(text, "Choices of the tuning of mine\n") || strings.Contains(text, "Summary") {
		t.Errorf("the tuning's report is\n%s", text)
	}
	// Those of methods that have no choice yet are told.
	s := small()
	s.Seeds, s.Methods = 1, synthetic.Named("seq.t01", "kl.t01", "kl.t02", "o-lora.t01")
	s.End = func(f *synthetic.CellFiles) {
		if f.Id == "o-lora.t01-s0-o0" {
			f.Events, f.Status = nil, nil
		}
	}
	run = s.Make(t, nil)
	synthetic.Must(t, rundir.WriteJSON(run.Tuning(), tried()))
	if r, err = Load(run); err != nil {
		t.Fatal(err)
	}
	const want = "- methods without a choice yet, which are left out: kl, o-lora; of their trials 2 done, 1 open\n"
	if text := asText(t, r, false); !strings.Contains(text, want) {
		t.Errorf("the report of a tuning that goes on has no %q:\n%s", want, text)
	}
}

// The tuning of another revision may have other keys.
func TestATuningThatCannotBeReadNamesTheRemedy(t *testing.T) {
	run := synthetic.Run{Tasks: synthetic.TaskNames(2), Methods: synthetic.Named("seq"), Seeds: 1, Orders: 1, Score: synthetic.Fade}.Make(t, nil)
	synthetic.Must(t, rundir.WriteBytes(run.Tuning(), []byte(`{"suite":"mine","least_learning_rate":1}`)))
	_, err := Load(run)
	for _, want := range []string{"tune.json", "least_learning_rate", "remove the file"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("expected %q: %v", want, err)
		}
	}
}

// TestTheReportTellsOfTheTuning looks for budget and reasons in the report of a run whose suite
// came from a tuning.
func TestTheReportTellsOfTheTuning(t *testing.T) {
	r, err := Load(small().Make(t, nil))
	synthetic.Must(t, err)
	if _, ok := report.TunedTable(r); ok {
		t.Fatal("a suite that was not tuned has a table of its tuning")
	}
	r.Suite.Tuning = suite.Tuning{Trials: 8, Stream: []string{"b", "a"}, Split: "validation", Examples: 64, Objective: "acc"}
	for i := range r.Suite.Methods {
		if m := &r.Suite.Methods[i]; m.Name == "er" {
			m.LearningRate, m.Reason, m.Params = 6e-3, "tuned: the best of 8 trials", map[string]any{"rank": 4, "buffer": 0.1}
		}
	}
	if k, _ := report.TunedTable(r); len(k.Rows) != 1 {
		t.Errorf("the table names %d methods, expected the one that was tuned", len(k.Rows))
	}
	var out bytes.Buffer
	synthetic.Must(t, Text(&out, r, false))
	for _, want := range []string{
		"\nTuning\nEach method had 8 trials on a calibration stream of 2 tasks (b, a), evaluated on at most 64 examples",
		"er¹", "0.006", "buffer 0.1, rank 4", "¹ tuned: the best of 8 trials",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, out.String())
		}
	}
}
