package reports

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/reports/report"
	"secura/reports/synthetic"
	"secura/reports/tables"
)

func TestLoadReadsWhatACellMeasured(t *testing.T) {
	r := load(t, small().Make(t, nil))
	if len(r.Cells) != 5 || len(r.Warnings) != 0 {
		t.Fatalf("%d cells, warnings %q", len(r.Cells), r.Warnings)
	}
	c := cellOf(t, r, "er-s0-o0")
	if c.State != record.Done || len(c.R) != 4 || len(c.K) != 4 || len(c.Perplexity) != 4 {
		t.Fatalf("state %s, %d rows, %d K, %d perplexities", c.State, len(c.R), len(c.K), len(c.Perplexity))
	}
	for i, row := range c.R {
		for j, x := range row {
			if want := synthetic.Fade(3, 0, i, j+1); i > 0 && x != want {
				t.Errorf("R[%d][%d] = %v, want %v, the first score", i, j+1, x, want)
			}
		}
	}
	if c.TrainedParameters != 4*24576 || c.StateBytes != 3000 || c.TrainTokens != 300 || c.EvalTokens != 200 {
		t.Errorf("parameters %d, state %d, trained on %d, evaluated %d", c.TrainedParameters, c.StateBytes, c.TrainTokens, c.EvalTokens)
	}
	if want := (report.Seconds{Train: 10, Eval: 5, Compile: 2, Total: 23}); c.Seconds != want || c.PeakRSSBytes != 1<<29 {
		t.Errorf("seconds %+v, memory %d", c.Seconds, c.PeakRSSBytes)
	}
	near(t, "acc", c.Metrics["acc"], (synthetic.Fade(3, 0, 3, 1)+synthetic.Fade(3, 0, 3, 2)+synthetic.Fade(3, 0, 3, 3))/3)
	near(t, "perplexity_drift", c.Metrics["perplexity_drift"], 0.3)
}

func TestReferencesBoundTheOthers(t *testing.T) {
	r := load(t, small().Make(t, nil))
	frozen, joint, er := cellOf(t, r, "frozen-s0-o0"), cellOf(t, r, "joint-s0-o0"), cellOf(t, r, "er-s0-o0")
	if len(frozen.R) != 1 || len(frozen.K) != 1 {
		t.Errorf("frozen has %d rows and %d K", len(frozen.R), len(frozen.K))
	}
	near(t, "acc of frozen", frozen.Metrics["acc"], 0.05)
	reason(t, frozen.Metrics, "bwt", "no training")
	if len(joint.R) != 4 || joint.R[1] != nil || joint.R[2] != nil || joint.R[3] == nil || !math.IsNaN(joint.K[1]) {
		t.Errorf("joint's rows: %v, K %v", joint.R, joint.K)
	}
	if !joint.Metrics["acc"].Defined() || !joint.Metrics["knowledge_retention"].Defined() {
		t.Errorf("joint's acc %+v, retention %+v", joint.Metrics["acc"], joint.Metrics["knowledge_retention"])
	}
	reason(t, joint.Metrics, "bwt", "trained on all tasks at once")
	want := 0.0
	for j := range 3 {
		want += (joint.R[3][j] - er.R[j+1][j]) / 3
	}
	near(t, "intransigence", er.Metrics["intransigence"], want)
}

func TestIntransigenceFollowsTheJointCellOfTheSameOrder(t *testing.T) {
	s := small()
	s.Orders, s.Seeds = 2, 2
	s.Score = func(m, seed, i, j int) float64 { return synthetic.Fade(m, seed, i, j) + 0.001*float64(j) }
	s.End = func(f *synthetic.CellFiles) { // else the orders would score alike
		if strings.HasSuffix(f.Id, "o1") {
			f.Raise(0.05)
		}
	}
	r := load(t, s.Make(t, nil))
	c, joint := cellOf(t, r, "seq-s1-o1"), cellOf(t, r, "joint-s1-o1")
	if !slices.Equal(c.Tasks, []string{"task_3", "task_2", "task_1"}) {
		t.Fatalf("order 1 learns %q", c.Tasks)
	}
	want := 0.0
	for j := range 3 {
		want += (joint.R[3][j] - c.R[j+1][j]) / 3
	}
	near(t, "intransigence", c.Metrics["intransigence"], want)
	matrix := tables.Matrix(r, c.Method)
	first := (cellOf(t, r, "seq-s0-o0").R[1][0] + cellOf(t, r, "seq-s1-o0").R[1][0]) / 2
	if got := matrix.Rows[1][1].Text; got != tables.Percent(100*first).Text || !strings.Contains(matrix.Caption[0], "2 seeds") {
		t.Errorf("R[1][1] of order 0 is %s, want %s; %q", got, tables.Percent(100*first).Text, matrix.Caption)
	}
}

func TestCellsSayWhyAMetricIsUndefined(t *testing.T) {
	s := small()
	s.Knowledge, s.Perplexity, s.Methods = false, false, synthetic.Named("seq", "joint")
	s.End = func(f *synthetic.CellFiles) {
		if f.Id == "joint-s0-o0" {
			f.Cut(3)
			f.Status = &record.Status{State: record.Running}
		}
	}
	seq := cellOf(t, load(t, s.Make(t, nil)), "seq-s0-o0")
	reason(t, seq.Metrics, "knowledge_retention", "no base-knowledge battery")
	reason(t, seq.Metrics, "perplexity_drift", "no held-out base text")
	reason(t, seq.Metrics, "intransigence", "joint run running")
	s.Methods, s.End = synthetic.Named("seq"), nil
	seq = cellOf(t, load(t, s.Make(t, nil)), "seq-s0-o0")
	reason(t, seq.Metrics, "intransigence", "no joint run")
}

func TestStateFollowsRecordsFirst(t *testing.T) {
	diverged := record.Event{Kind: record.Diverged, Task: "task_2", Step: 3, Reason: "loss is NaN"}
	for _, c := range []struct {
		name   string
		end    func(f *synthetic.CellFiles)
		state  record.State
		reason string
	}{
		{"a cell without files", func(f *synthetic.CellFiles) { f.Events, f.Status = nil, nil }, record.Queued, ""},
		{"no status, records that end", func(f *synthetic.CellFiles) { f.Status = nil }, record.Done, ""},
		{"no status, records that go on", func(f *synthetic.CellFiles) { f.Status = nil; f.Cut(2) }, record.Running, ""},
		{"records that end, a status that was not written in time", func(f *synthetic.CellFiles) { f.Status.State = record.Running }, record.Done, ""},
		{"done without an end", func(f *synthetic.CellFiles) { f.Cut(2) }, record.Failed, "its status is done, but its records do not end; run the suite again"},
		{"diverged by its records alone", func(f *synthetic.CellFiles) {
			f.Cut(2)
			f.Events = append(f.Events, diverged)
			f.Status.State = record.Running
		}, record.CellDiverged, "loss is NaN (task task_2, step 3)"},
		{"diverged and then ended", func(f *synthetic.CellFiles) {
			f.Cut(2)
			f.Events = append(f.Events, diverged, record.Event{Kind: record.CellEnd})
		}, record.CellDiverged, "loss is NaN (task task_2, step 3)"},
		{"failed", func(f *synthetic.CellFiles) {
			f.Cut(2)
			f.Status = &record.Status{State: record.Failed, Reason: "disk full"}
		}, record.Failed, "disk full"},
		{"cancelled", func(f *synthetic.CellFiles) {
			f.Cut(2)
			f.Status = &record.Status{State: record.Cancelled, Reason: "interrupted"}
		}, record.Cancelled, "interrupted"},
	} {
		s := small()
		s.Methods, s.End = synthetic.Named("seq"), c.end
		got := cellOf(t, load(t, s.Make(t, nil)), "seq-s0-o0")
		if got.State != c.state || got.Reason != c.reason {
			t.Errorf("%s: %s, reason %q; want %s, %q", c.name, got.State, got.Reason, c.state, c.reason)
		}
		if got.State != record.Done && got.Metrics["acc"].Undefined != got.Standing() {
			t.Errorf("%s: acc is %+v", c.name, got.Metrics["acc"])
		}
	}
}

func TestTornLineIsAWarning(t *testing.T) {
	s := small()
	s.Methods = synthetic.Named("seq")
	s.End = func(f *synthetic.CellFiles) { f.Torn = `{"event":"warn` }
	c := cellOf(t, load(t, s.Make(t, nil)), "seq-s0-o0")
	if c.State != record.Done || len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0].Text, "cut") {
		t.Errorf("state %s, warnings %q", c.State, c.Warnings)
	}
}

func TestLoadRefusesRecordsThatContradictThePlan(t *testing.T) {
	for want, end := range map[string]func(f *synthetic.CellFiles){
		"lie in the folder of seq-s0-o0": func(f *synthetic.CellFiles) { f.Events[0].Seed = 7 },
		"are not the suite's":            func(f *synthetic.CellFiles) { f.Events[0].Tasks[1] = "other" },
		"boundary 1 a second time":       func(f *synthetic.CellFiles) { f.Events = append(f.Events[:5:5], f.Events[4:]...) },
		"has no score of task task_2":    func(f *synthetic.CellFiles) { f.Events[1].Scores[1].Task = "task_1" },
		"boundary 9 in a stream of 3":    func(f *synthetic.CellFiles) { f.Events[4].Index = 9 },
		"line 1: boundary before":        func(f *synthetic.CellFiles) { f.Events = f.Events[1:] },
		"ended without boundary 2": func(f *synthetic.CellFiles) {
			f.Events = slices.DeleteFunc(f.Events, func(e record.Event) bool { return e.Kind == record.Boundary && e.Index == 2 })
		},
		"records.jsonl:13:": func(f *synthetic.CellFiles) { f.Torn = "nonsense\n" },
	} {
		s := small()
		s.Methods, s.End = synthetic.Named("seq"), end
		_, err := Load(s.Make(t, nil))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "records.jsonl") {
			t.Errorf("error %v, want one with %q and the file", err, want)
		}
	}
	s := small()
	s.Methods = []suite.MethodSpec{{Preset: "ewc", Name: "ewc", LearningRate: 0.01, Params: map[string]any{"lambda": 1000}}}
	for settings, want := range map[string]string{
		`{"preset": "ewc", "learning_rate": 0.02, "lambda": 1000}`: "status.json: the cell was computed with other settings than the run's manifest has: learning_rate was 0.02, is 0.01",
		`{"preset": "ewc", "learning_rate": 0.01, "lambda": 100}`:  "lambda was 100, is 1000",
		`{"preset": "ewc", "learning_rate": 0.01, "lambda": 1000}`: "",
	} {
		s.End = func(f *synthetic.CellFiles) { synthetic.Must(t, json.Unmarshal([]byte(settings), &f.Status.Settings)) }
		if _, err := Load(s.Make(t, nil)); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("settings %s: %v, want %q", settings, err, want)
		}
	}
	if _, err := Load(rundir.Run{Path: t.TempDir()}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a run without manifest: %v", err)
	}
}

// TestMeansSayOverHowManySeeds: over those that are done, be more planned or not.
func TestMeansSayOverHowManySeeds(t *testing.T) {
	open := map[string]bool{}
	for _, c := range []struct {
		also string // a cell that is not done either
		want string
	}{
		{"", "mean over 3 seeds, bars"},
		{"er-s2-o0", "mean over 2 to 3 seeds, bars"},
		{"er-s1-o0", "mean over 1 to 3 seeds, bars, none of one seed"},
		{"seq-s1-o0", "mean over 1 to 2 seeds, bars, none of one seed"},
		{"seq-s0-o0", "one seed"},
	} {
		open[c.also] = true
		s := small()
		s.Methods, s.Seeds = synthetic.Named("frozen", "seq", "er"), 3
		s.End = func(f *synthetic.CellFiles) {
			if open[f.Id] {
				f.Cut(2)
				f.Status.State = record.Running
			}
		}
		if got := seedsMean(load(t, s.Make(t, nil))); got != c.want {
			t.Errorf("with %s open: %q, want %q", c.also, got, c.want)
		}
	}
}

func seedsMean(r *report.Report) string { return r.SeedsMean(r.Learners(), "bars") }

func TestRunsWarnings(t *testing.T) {
	s := small()
	s.Methods = synthetic.Named("seq", "er")
	s.End = func(f *synthetic.CellFiles) {
		if f.Id == "er-s0-o0" {
			f.Events[1].Scores[1].Scores[0].Value = 0.5
		}
	}
	run := s.Make(t, nil)
	synthetic.Must(t, run.Cell("old-s0-o0").Make())
	r := load(t, run)
	if len(r.Warnings) != 2 || !strings.Contains(r.Warnings[0], "old-s0-o0") || !strings.Contains(r.Warnings[1], "base rows of seq-s0-o0 and er-s0-o0 differ at task task_2") {
		t.Errorf("warnings: %q", r.Warnings)
	}
	if text := asText(t, r, false); !strings.Contains(text, "- cells/old-s0-o0") {
		t.Error("the text does not tell the run's warnings")
	}
}

func TestWarningsOfOneKindAreOneRemark(t *testing.T) {
	s := small()
	s.Methods = synthetic.Named("seq", "er")
	s.End = func(f *synthetic.CellFiles) {
		for i, text := range []string{"task a_1: leaves out 5 of 60 rows", "task b: leaves out 7 of 8 rows", "task c: has 7 rows", "leaves out 3", "leaves out 4", "task d: leaves out 1 of 2 rows"} {
			f.Events = slices.Insert(f.Events, 1+i, record.Event{Kind: record.Warning, Text: text})
		}
	}
	got := tables.Summary(load(t, s.Make(t, nil))).Remarks[:4]
	if want := []string{"warning of every cell: task a_1: leaves out 5 of 60 rows; likewise, with other numbers, b, d", "warning of every cell: task c: has 7 rows",
		"warning of every cell: leaves out 3", "warning of every cell: leaves out 4"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestWarningOfAllCellsIsToldOnce(t *testing.T) {
	s := small()
	s.Methods = synthetic.Named("seq", "er")
	s.End = func(f *synthetic.CellFiles) {
		warning := record.Event{Kind: record.Warning, Text: "the pure-Go backend is slow"}
		f.Events = slices.Insert(f.Events, 1, warning)
		if f.Id == "er-s0-o0" {
			f.Events = slices.Insert(f.Events, 1, record.Event{Kind: record.Warning, Text: "odd", Task: "task_1"}, record.Event{Kind: record.Warning, Text: "odd", Task: "task_2"})
		}
	}
	table := tables.Summary(load(t, s.Make(t, nil)))
	if want := "warning of every cell: the pure-Go backend is slow"; len(table.Remarks) != 2 || table.Remarks[0] != want {
		t.Errorf("remarks %q, want %q first, and that one seed has no test", table.Remarks, want)
	}
	notes := slices.DeleteFunc(slices.Clone(table.Footnotes), func(note string) bool { return !strings.HasPrefix(note, "warning") })
	if want := []string{"warning: odd (er-s0-o0, task task_1, and 1 more)"}; !slices.Equal(notes, want) {
		t.Errorf("footnotes %q, want of warnings %q", table.Footnotes, want)
	}
}

func TestSecondsOfACellThatWasKilledAndWentOn(t *testing.T) {
	s := small()
	s.Methods = synthetic.Named("seq")
	s.End = func(f *synthetic.CellFiles) {
		f.Timings = []record.Timing{{Phase: record.Train, Seconds: 30}, {Phase: record.Train, Seconds: 10}, {Phase: record.Total, Seconds: 12}}
	}
	if c := cellOf(t, load(t, s.Make(t, nil)), "seq-s0-o0"); c.Seconds.Total != 40 || c.Seconds.Train != 40 {
		t.Errorf("seconds %+v, want 40 in all: the first process did not live to write its total", c.Seconds)
	}
}

// FuzzRecords holds that any bytes in a cell's records give a report or an error, and that a report
// can be printed in every form.
func FuzzRecords(f *testing.F) {
	s := small()
	s.Methods = synthetic.Named("seq")
	run := s.Make(f, nil)
	path := run.Cell("seq-s0-o0").Records()
	whole, err := os.ReadFile(path)
	synthetic.Must(f, err)
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add([]byte("{\"event\":\"cell_end\"}\n"))
	f.Add(bytes.Replace(whole, []byte(`"index":2`), []byte(`"index":1`), 1))
	f.Fuzz(func(t *testing.T, data []byte) {
		synthetic.Must(t, os.WriteFile(path, data, 0o644))
		r, err := Load(run)
		if err != nil {
			return
		}
		if _, err := report.Results(r); err != nil {
			t.Errorf("results: %v", err)
		}
		asText(t, r, true)
		asMarkdown(t, r)
	})
}

// TestProvenanceNamesTheProcessors: those of the cells, and how many each computed.
func TestProvenanceNamesTheProcessors(t *testing.T) {
	of := func(processors map[string][]string) string {
		s := small()
		s.Methods = synthetic.Named("seq", "er", "ewc")
		s.End = func(f *synthetic.CellFiles) { f.Status.Processors = processors[f.Id] }
		for _, fact := range report.Provenance(load(t, s.Make(t, nil))) {
			if fact.Name == "processor" {
				return fact.Text
			}
		}
		return ""
	}
	for _, c := range []struct {
		processors map[string][]string
		want       string
	}{
		{nil, "a processor"}, // the manifest's
		{map[string][]string{"seq-s0-o0": {"A"}, "er-s0-o0": {"A"}, "ewc-s0-o0": {"A"}}, "A"},
		{map[string][]string{"seq-s0-o0": {"A"}, "er-s0-o0": {"A", "B"}}, "of the cells 1 by A; 1 by A, then B; 1 by a processor"},
	} {
		if got := of(c.processors); got != c.want {
			t.Errorf("%v: %q, want %q", c.processors, got, c.want)
		}
	}
}
