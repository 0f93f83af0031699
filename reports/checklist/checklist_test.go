package checklist

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"secura/datasets"
	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/reports/report"
)

// made is a report of two methods on three seeds, of which one cell diverged.
func made(t *testing.T) *report.Report {
	s := suite.Default()
	s.Name, s.Backbone, s.Seeds = "mine", "org/base", 3
	s.Tasks = []datasets.Task{{Name: "a", Source: "a", Limits: datasets.Limits{Train: 100}, Splits: datasets.Splits{Train: "train[:90%]"}}, {Name: "b", Source: "builtin:b"}, {Name: "c", Source: "sets/c", Splits: datasets.Splits{Test: "validation_matched"}}}
	s.Knowledge = []datasets.Task{{Name: "facts", Source: "builtin:facts"}}
	s.Methods = []suite.MethodSpec{{Preset: "frozen", Name: "frozen"}, {Preset: "seq", Name: "seq", Reason: record.TunedReason + " x"}, {Preset: "er", Name: "er", Reason: record.TunedReason + " y"}}
	s.Tuning = suite.Tuning{Trials: 8, Stream: []string{"a"}, Split: "validation", Objective: "acc"}
	r := &report.Report{Run: rundir.Run{Path: t.TempDir()}, Suite: s, Manifest: rundir.Manifest{Plan: "0123456789abcdef", Revision: "cafe", Backend: "go", Processor: "Some CPU", Platform: "linux/amd64",
		Modules: map[string]string{"go": "go1.26"}, Files: []rundir.File{{}, {}}, Changes: []string{"continued with another processor"},
		Sources: []rundir.Source{{Backbone: "org/base", Licenses: []string{"mit"}}, {Tasks: []string{"a"}, Name: "org/a", Revision: "0123456789", Licenses: []string{"cc-by-4.0"}}}}}
	for seed := range 3 {
		for _, m := range s.Methods {
			c := report.Cell{ID: record.CellID(m.Name, "", seed, 0), Method: m, Seed: seed, State: record.Done, TrainedParameters: 512, Seconds: report.Seconds{Total: 1800}, ProcessorSeconds: 3600, PeakRSSBytes: 1 << 30}
			if m.Name == "er" && seed == 2 {
				c.State, c.Reason = record.CellDiverged, "loss is NaN"
			}
			r.Cells = append(r.Cells, c)
		}
	}
	return r
}

func written(t *testing.T, r *report.Report) string {
	t.Helper()
	var out strings.Builder
	err := Write(&out, r, func(m suite.MethodSpec) (Settings, error) {
		return Settings{Rate: 0.0039, Params: map[string]any{"rank": 8, "alpha": 16}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestAChecklistTellsWhatTheRunKnows(t *testing.T) {
	got := written(t, made(t))
	for _, want := range []string{
		"- program: secura, code revision cafe\n", "- input files: 2,", "- changed on the way: continued with another processor\n",
		"| a | org/a at 01234567 | cc-by-4.0 | train\\[:90%\\], 100 examples | test | **[author]** |", "| b | b, made by secura | apache-2.0 | train | test | **[author]** |",
		"| c | sets/c | **[author]** | train | validation_matched |", "with -full every cell: on the same processor the records must be equal byte for byte, on another one scores to a tolerance\n",
		"| facts | facts, made by secura | apache-2.0 | never: base knowledge |", "- license of the backbone org/base: mit\n",
		"- how they were chosen for seq, er: Each method had 8 trials", "| er | 512 | 0.0039 | alpha 16, rank 8 |",
		"- seeds and orders: seeds 0 to 2, 1 order of", "- cells: 8 of 9 are done; not done: er-s2-o0 diverged: loss is NaN\n", "95% Student-t interval",
		"- tests: none: there is one method that can be compared\n", "- hardware: Some CPU linux/amd64\n", "- accelerators, and how many: none",
		"in sum: 4.5 hours of wall time, 9.0 hours of processor time\n", "in the mean over 8\n", "- memory: 1.00 GiB",
		"| 7 Statistical significance | Intervals: yes, 95% over seeds. Tests: none, for there is one method that can be compared.", "| C3 Descriptive statistics: error bars, single run or mean | Intervals: yes", "- precision of the computation: float32\n", "| 12 Licenses for existing assets | Partly. Not known, and marked under Data: 1 license of data sets", "| 6 Experimental setting and details | Yes: values",
	} {
		if !strings.Contains(strings.ReplaceAll(got, "train[:90%]", "train\\[:90%\\]"), want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	for _, list := range []struct {
		form string
		n    int
	}{{`(?m)^\| \d+ .* \|$`, 16}, {`(?m)^\| [ABC]\d .* \|$`, 12}} {
		if n := len(regexp.MustCompile(list.form).FindAllString(got, -1)); n != list.n {
			t.Errorf("%d questions of the form %s, want %d", n, list.form, list.n)
		}
	}
}

// TestAChecklistCountsWhatIsFinished: of three seeds that are planned er has one, which has no
// interval, and i-lora has none, so that nobody knows what it trains.
func TestAChecklistCountsWhatIsFinished(t *testing.T) {
	r := made(t)
	lora := suite.MethodSpec{Preset: "i-lora", Name: "i-lora"}
	r.Suite.Methods = append(r.Suite.Methods, lora)
	for seed := range 3 {
		r.Cells = append(r.Cells, report.Cell{ID: record.CellID(lora.Name, "", seed, 0), Method: lora, Seed: seed, State: record.Queued})
	}
	for i := range r.Cells {
		if c := &r.Cells[i]; c.Method.Name == "er" && c.Seed > 0 {
			c.State = record.Queued
		}
	}
	got := written(t, r)
	for _, want := range []string{
		"| 7 Statistical significance | Intervals: of some methods, 95% over seeds; others have one seed yet. Tests: too few seeds",
		"Some methods have one seed yet, and no interval", "With 1 paired seed no p of 1 comparison can fall below 0.05: 6 are needed",
		"| frozen | 0 | ", "| er | 512 | ", "| i-lora | not run yet | ",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
}

func TestAChecklistSaysYesWhereTestsCanFindSomething(t *testing.T) {
	r := made(t)
	for i, c := range r.Cells {
		r.Cells[i].State = record.Done
		c.State, c.Seed = record.Done, c.Seed+3
		r.Cells = append(r.Cells, c)
	}
	r.Suite.Seeds, r.Suite.DType = 6, suite.HalfPrecision
	got := written(t, r)
	for _, want := range []string{"| 7 Statistical significance | Yes: 95% intervals over seeds and paired tests", "float32; those weights of the backbone that no method changes are held as bfloat16\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	if r.Manifest.TF32 = true; !strings.Contains(written(t, r), "held as bfloat16; products of float32 in TF32, with 10 bits\n") {
		t.Error("TF32 is not told")
	}
	r.Suite.Methods = r.Suite.Methods[:2] // the second is a reference
	if got := written(t, r); !strings.Contains(got, "Tests: none, for there is one method that can be compared.") {
		t.Error(got)
	}
}

func TestAChecklistMarksWhatIsNotKnown(t *testing.T) {
	r := made(t)
	r.Suite.Seeds, r.Cells, r.Manifest.Sources = 1, r.Cells[:2], nil
	r.Suite.Methods[2].Reason = "by hand"
	r.Suite.Tasks = append(r.Suite.Tasks, datasets.Task{Name: "d", Source: "sets/c"}) // another task of a data set that was counted
	got := written(t, r)
	for _, want := range []string{"- license of the backbone org/base: **[author]**", "for er: **[author]**", "error bars: none over seeds", "| 7 Statistical significance | No: there is one seed",
		"How they were chosen: **[author]** where", "Partly. Not known, and marked under Data: 3 licenses of", "- where the code can be had: **[author]**"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	wrong := errors.New("no such method")
	if err := Write(&strings.Builder{}, r, func(suite.MethodSpec) (Settings, error) { return Settings{}, wrong }); !errors.Is(err, wrong) {
		t.Errorf("%v", err)
	}
}

func TestAChecklistSaysWhatRecordsTheRevision(t *testing.T) {
	r := made(t)
	const asked, question = "- code revision that has all of what ran: **[author]**\n", "executes a task of each method again; see Code. The code revision: **[author]**."
	if got := written(t, r); strings.Contains(got, asked) || strings.Contains(got, question) {
		t.Errorf("a whole revision is asked for in\n%s", got)
	}
	r.Manifest.Revision = ""
	if got, want := written(t, r), "code revision not recorded (go run, -buildvcs=false,"; !strings.Contains(got, want) {
		t.Errorf("%q is not in\n%s", want, got)
	}
	for _, change := range []string{"", `continued with another code revision: was "beef-dirty", is "cafe"`} {
		r.Manifest.Changes = []string{change}
		if got := written(t, r); !strings.Contains(got, asked) || !strings.Contains(got, question) {
			t.Errorf("no revision is asked for in\n%s", got)
		}
		r.Manifest.Revision = "cafe"
	}
}
