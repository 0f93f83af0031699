//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/reports"
)

// call runs this program and returns its exit code and all that it says.
func call(t *testing.T, args ...string) (code int, output string) {
	t.Helper()
	data, err := exec.Command("runner", args...).CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode(), string(data)
	}
	if err != nil {
		t.Fatalf("runner %v: %v", args, err)
	}
	return 0, string(data)
}

// expect calls this program and holds its exit code and what it says to what is expected.
func expect(t *testing.T, code int, says string, args ...string) {
	t.Helper()
	got, output := call(t, args...)
	if got != code || !regexp.MustCompile("(?m)"+says).MatchString(output) {
		t.Errorf("runner %v: code %d, expected %d and %q:\n%s", args, got, code, says, output)
	}
}

// editFile replaces the first match in a file.
func editFile(t *testing.T, path, pattern, new string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := regexp.MustCompile(pattern).FindIndex(data)
	if at == nil {
		t.Fatalf("%s has no %q", path, pattern)
	}
	edited := string(data[:at[0]]) + new + string(data[at[1]:])
	if err := os.WriteFile(path, []byte(edited), 0o644); err != nil {
		t.Fatal(err)
	}
}

// copyRun copies a run into a folder of the test.
func copyRun(t *testing.T, run string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "run")
	if err := os.CopyFS(to, os.DirFS(run)); err != nil {
		t.Fatal(err)
	}
	return to
}

// TestVerify verifies a run, its bundle on "another machine", and copies of both with something
// changed.
func TestVerify(t *testing.T) {
	x := newTorture(t, "-backend", "go", "-jobs", "2")
	run := filepath.Join(x.dir, "run")
	x.finish(t, run)
	data := []string{"-data", x.dir}
	verify := func(args ...string) []string { return append(append([]string{"verify"}, args...), data...) }

	expect(t, 0, `^ok +executed again: er-s0-o0 from (boundary \d|the start) to boundary \d$`, verify(run)...)
	expect(t, 0, `^verified: 2 of 2 cells$`, verify(run, "-seed", "3")...)
	expect(t, 0, `^ok +executed again: seq-s0-o0 from the start to the end$`, verify(run, "-full")...)
	expect(t, 2, `unknown finished cell "er-s0-o9"; did you mean "er-s0-o0"`, verify(run, "-cells", "er-s0-o9")...)
	expect(t, 1, `a run's folder has a manifest.json`, verify(x.dir)...)

	bundle := filepath.Join(x.dir, "run.tar.zst")
	expect(t, 0, `^packed \d+ files into`, "report", run, "-bundle", bundle)
	expect(t, 0, `^ok +executed again: er-s0-o0 from the start to boundary 1$`, verify(bundle)...)
	whole := filepath.Join(x.dir, "whole.tar.zst")
	expect(t, 0, `^packed \d+ files into`, "report", run, "-bundle", whole, "-checkpoints")
	expect(t, 0, `^ok +executed again: er-s0-o0 from boundary \d`, verify(whole, "-seed", "1")...)
	expect(t, 2, `expected a name that ends in .tar.zst`, "report", run, "-bundle", "run.zip")

	// A clone of a repository that holds the records alone: no checkpoints, locks and claims.
	cloned := rundir.Run{Path: copyRun(t, run)}
	for _, id := range []string{"er-s0-o0", "seq-s0-o0"} {
		c := cloned.Cell(id)
		for _, path := range []string{c.Checkpoints(), c.Claims(), c.Lock()} {
			if err := os.RemoveAll(path); err != nil {
				t.Fatal(err)
			}
		}
	}
	expect(t, 0, `^ok +executed again: er-s0-o0 from the start to boundary 1$`, verify(cloned.Path)...)
	expect(t, 0, `^without checkpoints, so that .*: seq-s0-o0, er-s0-o0$`, verify(cloned.Path, "-cells", "seq-s0-o0")...)
	onlyOne := rundir.Run{Path: copyRun(t, run)}
	if err := os.RemoveAll(onlyOne.Cell("seq-s0-o0").Checkpoint(1)); err != nil {
		t.Fatal(err)
	}
	expect(t, 1, `^DIFFERS +records.*checkpoint/01/complete.json is missing$`, verify(onlyOne.Path)...)

	// The bundling made all report files; what else lies there is named.
	strange := rundir.Run{Path: copyRun(t, run)}
	for _, path := range []string{filepath.Join(strange.Path, "notes.txt"), filepath.Join(strange.Path, "cells", "er-s9-o0.txt"), strange.Table("mine.csv")} {
		if err := os.WriteFile(path, []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(strange.Report("html")); err != nil { // one that is not there is no error
		t.Fatal(err)
	}
	expect(t, 0, `^no part of the run, and not looked at: cells/er-s9-o0.txt, notes.txt, tables/mine.csv$`, verify(strange.Path)...)
	if _, output := call(t, verify(bundle)...); strings.Contains(output, "no part of the run") {
		t.Errorf("a bundle has foreign files:\n%s", output)
	}

	// A run that was stopped before its report is sound, and what it lacks is named.
	stopped := rundir.Run{Path: copyRun(t, run)}
	if err := os.Remove(stopped.Results()); err != nil {
		t.Fatal(err)
	}
	expect(t, 0, "^results.json is not there, and not looked at: `runner report RUN` makes it$", verify(stopped.Path)...)
	for _, pattern := range []string{"report.*", "tables", "figures"} {
		paths, _ := filepath.Glob(filepath.Join(stopped.Path, pattern))
		for _, path := range paths {
			if err := os.RemoveAll(path); err != nil {
				t.Fatal(err)
			}
		}
	}
	code, output := call(t, verify(stopped.Path)...)
	if code != 0 || !strings.Contains(output, "\nno report, page, table or figure is there") || strings.Contains(output, "are what the records give") {
		t.Errorf("without a report: code %d\n%s", code, output)
	}

	for name, c := range map[string]struct {
		tamper func(t *testing.T, run rundir.Run)
		says   string
	}{
		"a metric": {func(t *testing.T, r rundir.Run) {
			editFile(t, r.Results(), `"acc": [0-9.]+`, `"acc": 0.875`)
		}, `^DIFFERS +results.json is what the records give: .*results.json: cells\[0\].metrics.acc is 0.875, expected`},
		"the report": {func(t *testing.T, r rundir.Run) {
			editFile(t, r.Report("md"), `[0-9]\.[0-9]`, "9.9")
		}, `^DIFFERS +report, pages, tables, figures and claims.*report.md: line \d+ is not what the records give`},
		"the page": {func(t *testing.T, r rundir.Run) {
			editFile(t, r.Report("html"), `[0-9]\.[0-9]`, "9.9")
		}, `^DIFFERS +report, pages.*report.html: line \d+ is not`},
		"a table": {func(t *testing.T, r rundir.Run) {
			editFile(t, r.Table("summary.csv"), `[0-9]\.[0-9]`, "9.9")
		}, `^DIFFERS +report, pages.*tables/summary.csv: line \d+ is not`},
		"a verdict": {func(t *testing.T, r rundir.Run) {
			expect(t, 0, "not measured", "report", r.Path, "-claims")
			expect(t, 0, "^ok +report, pages, tables, figures and claims", verify(r.Path)...)
			editFile(t, r.Claims(), "not measured", "supported")
		}, `^DIFFERS +report, pages.*claims.md: line \d+ is not`},
		"a figure": {func(t *testing.T, r rundir.Run) {
			figures, _ := filepath.Glob(r.Figure("*.png"))
			if len(figures) == 0 {
				t.Fatal("the run has no figure")
			}
			os.Truncate(figures[0], 99)
		}, `^DIFFERS +report, pages.*figures/.*png is not the file that the records give`},
		"a score": {func(t *testing.T, r rundir.Run) {
			editFile(t, r.Cell("seq-s0-o0").Records(), `"name":"exact","value":[0-9.]+`, `"name":"exact","value":0.8125`)
		}, `^DIFFERS +records.*boundary 0: scores\[0\].scores\[0\].value is 0.8125, expected`},
		"a prediction": {func(t *testing.T, r rundir.Run) {
			os.Truncate(r.Cell("er-s0-o0").Predictions(1), 99)
		}, `^DIFFERS +records.*er-s0-o0.*predictions/01.parquet has sha256`},
		"the suite": {func(t *testing.T, r rundir.Run) {
			editFile(t, r.Manifest(), `"learning_rate": [0-9.]+`, `"learning_rate": 0.5`)
		}, `^DIFFERS +suite.*the suite has hash`},
		"a file's hash": {func(t *testing.T, r rundir.Run) {
			editFile(t, r.Manifest(), `"sha256": "[0-9a-f]{4}`, `"sha256": "beef`)
		}, `^DIFFERS +suite.*has changed: sha256 was beef`},
		"an example": {func(t *testing.T, r rundir.Run) { os.Truncate(r.Examples(), 9) }, `^DIFFERS +suite.*texts of the examples`},
	} {
		t.Run(name, func(t *testing.T) {
			r := rundir.Run{Path: copyRun(t, run)}
			c.tamper(t, r)
			expect(t, 1, c.says, verify(r.Path)...)
		})
	}

	// A cell whose status is gone has numbers in the report nevertheless, which then says that its
	// processor is not recorded, and claims may be judged by further runs.
	further := rundir.Run{Path: copyRun(t, run)}
	if err := os.Remove(further.Cell("seq-s0-o0").Status()); err != nil {
		t.Fatal(err)
	}
	expect(t, 0, "on ones that are not recorded", "report", further.Path)
	expect(t, 0, "not measured", "report", further.Path, "-claims", "-with", run)
	expect(t, 0, `^judged with further runs \(report -with\), and not looked at: .*claims.md$`, verify(further.Path)...)
	expect(t, 0, `^ok +executed again: seq-s0-o0`, verify(further.Path)...)

	// Data and backbone lie elsewhere.
	elsewhere := t.TempDir()
	if err := os.CopyFS(elsewhere, os.DirFS(x.dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(x.dir, "backbone"), filepath.Join(x.dir, "gone")); err != nil {
		t.Fatal(err)
	}
	expect(t, 1, `backbone`, verify(bundle)...)
	expect(t, 0, `^verified: 2 of 2 cells$`, "verify", bundle, "-data", elsewhere, "-backbone", filepath.Join(elsewhere, "backbone"), "-full")
	if err := os.Rename(filepath.Join(x.dir, "gone"), filepath.Join(x.dir, "backbone")); err != nil {
		t.Fatal(err)
	}

	// A run of another plugin: its scores are held to a tolerance, and this is said.
	other := rundir.Run{Path: copyRun(t, run)}
	editFile(t, other.Manifest(), `(?m)^  "backend": "go"`, `  "backend": "xla", "plugin_sha256": "beef"`)
	editFile(t, other.Results(), `(?m)^  "backend": "go"`, `  "backend": "xla"`)
	editFile(t, other.Cell("er-s0-o0").Steps(), `"step":2,"loss":`, `"step":2,"loss":1`)
	os.Remove(other.Cell("er-s0-o0").Seal())
	expect(t, 1, `^of er-s0-o0 only rates, tokens, the first loss and scores are compared, these to 0.0001 up to the first task that is executed, for it was computed by another backend: was "xla", is "go"`, verify(other.Path, "-backend", "go")...)
	expect(t, 1, `^ok +executed again: er-s0-o0 from the start`, verify(other.Path, "-backend", "go", "-cells", "er-s0-o0")...)
}

// TestEachCellIsHeldToItsProcessor: a run that went on elsewhere has cells of several processors,
// and those of this one must come out byte for byte.
func TestEachCellIsHeldToItsProcessor(t *testing.T) {
	run := rundir.Run{Path: t.TempDir()}
	here := rundir.Manifest{Backend: "xla", Processor: "this one"}
	var out bytes.Buffer
	v := verification{run: run, manifest: rundir.Manifest{Backend: "xla", Processor: "another"}, stdout: &out}
	for id, x := range map[string]struct {
		processors []string
		exact      bool
	}{
		"seq-s0-o0": {nil, false}, // of an older program: the manifest's
		"er-s0-o0":  {[]string{"this one"}, true},
		"ewc-s0-o0": {[]string{"another"}, false},
		"kl-s0-o0":  {[]string{"another", "this one"}, false},
	} {
		if err := rundir.WriteJSON(run.Cell(id).Status(), record.Status{State: record.Done, Processors: x.processors}); err != nil {
			t.Fatal(err)
		}
		out.Reset()
		if got := v.tolerance(suite.Cell{ID: id}, here); (got == 0) != x.exact || x.exact != (out.Len() == 0) {
			t.Errorf("%s of %q: tolerance %g, told %q", id, x.processors, got, out.String())
		}
	}
	// Where the run went on with another processor, the manifest's may be that of the cell or not.
	v.manifest = rundir.Manifest{Backend: "xla", Processor: "this one"}
	if v.tolerance(suite.Cell{ID: "seq-s0-o0"}, here) != 0 {
		t.Error("a cell without a processor is not taken to be computed by the run's")
	}
	_, changes, err := rundir.Merge(rundir.Manifest{Suite: []byte(`{}`), Processor: "another"}, rundir.Manifest{Suite: []byte(`{}`), Processor: "this one"})
	if err != nil {
		t.Fatal(err)
	}
	if v.manifest.Changes = changes; v.tolerance(suite.Cell{ID: "seq-s0-o0"}, here) == 0 || !strings.Contains(out.String(), rundir.UnknownProcessor) {
		t.Errorf("a cell without a processor of a run that went on with another one (%q) is held to its bytes; told %q", changes, out.String())
	}
	if v.manifest.Backend = "go"; v.tolerance(suite.Cell{ID: "ewc-s0-o0"}, rundir.Manifest{Backend: "go", Processor: "this one"}) != 0 {
		t.Error("pure Go computes the same everywhere")
	}
}

// TestAnotherBackendOnResumeIsRefused, unless it is allowed: then the results are marked.
func TestAnotherBackendOnResumeIsRefused(t *testing.T) {
	x := newTorture(t, "-backend", "go", "-jobs", "1", "-methods", "seq")
	run := rundir.Run{Path: filepath.Join(x.dir, "run")}
	x.finish(t, run.Path)
	reopen := func() {
		t.Helper()
		if err := errors.Join(os.Remove(run.Cell("seq-s0-o0").Status()), os.RemoveAll(run.Cell("seq-s0-o0").Checkpoint(3))); err != nil {
			t.Fatal(err)
		}
	}
	reopen()
	editFile(t, run.Manifest(), `(?m)^  "backend": "go"`, `  "backend": "xla", "plugin_sha256": "beef"`)
	before, err := os.ReadFile(run.Manifest())
	if err != nil {
		t.Fatal(err)
	}
	again := append(x.flags[:len(x.flags):len(x.flags)], "-out", run.Path)
	expect(t, 2, `another backend: was "xla", is "go", another plugin sha256: was "beef", is "".*-allow-backend-change`, again...)
	if after, _ := os.ReadFile(run.Manifest()); string(after) != string(before) {
		t.Error("a refused run has another manifest")
	}
	expect(t, 0, `warning: continued with another backend: was "xla", is "go"`, append(again, "-allow-backend-change")...)
	results, err := os.ReadFile(run.Results())
	if err != nil || !strings.Contains(string(results), `continued with another backend: was \"xla\", is \"go\"`) {
		t.Errorf("results.json is not marked: %v\n%.600s", err, results)
	}
	reopen()
	again = append(again, "-set", "training.checkpoint_every=3")
	expect(t, 0, `goes on after task 2`, again...) // the setting changes no number; the mark stays
	if results, _ := os.ReadFile(run.Results()); !strings.Contains(string(results), "continued with another plugin sha256") {
		t.Error("the mark of results.json is gone")
	}
}

// TestATuningIsVerified: tune.json and tuned.yaml are held to the trials' records and to the run's
// settings.
func TestATuningIsVerified(t *testing.T) {
	tune := filepath.Join(t.TempDir(), "tune")
	var settings []string
	for _, s := range []string{"training.steps=2", "training.batch=2", "evaluation.test_examples=4", "evaluation.knowledge_examples=4", "tasks=[syllogisms, odd_one_out]", "knowledge=[knowledge_choice]"} {
		settings = append(settings, "-set", s)
	}
	expect(t, 0, `^Choices of the tuning of smoke`, append([]string{"tune", "smoke", "-backend", "go", "-methods", "seq", "-trials", "2", "-seeds", "2", "-examples", "4", "-out", tune}, settings...)...)
	const what = "tune.json and tuned.yaml are what the trials' records give"
	expect(t, 0, `^ok +`+what+`$`, "verify", tune)
	bundle := filepath.Join(filepath.Dir(tune), "tune.tar.zst")
	expect(t, 0, `^packed \d+ files into`, "report", tune, "-bundle", bundle)
	expect(t, 0, `^ok +`+what+`$`, "verify", bundle)
	// What is said of the tuning alone: nothing is executed.
	says := func(run rundir.Run, want ...string) {
		t.Helper()
		r, err := reports.Load(run)
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		v := verification{run: run, stdout: &out}
		v.tuning(r)
		for _, w := range want {
			if v.wrong != len(want) || !regexp.MustCompile(`(?m)^DIFFERS +`+what+`: .*`+w+`$`).MatchString(out.String()) {
				t.Errorf("%d differences, expected %d, and %q:\n%s", v.wrong, len(want), w, out.String())
			}
		}
	}
	run := rundir.Run{Path: copyRun(t, tune)}
	editFile(t, run.Tuning(), `"score": [-0-9.e]+`, `"score": 0.9`)
	editFile(t, run.Tuning(), `(?s)"again": \[\s+{\s+"score": [-0-9.e]+`, `"again": [{"score": 0.8`)
	editFile(t, run.Tuning(), `(?s)"name": "seq.t02",\s+"round": \d,\s+"learning_rate": [-0-9.e]+`, `"name": "seq.t02", "round": 1, "learning_rate": 0.7`)
	says(run, `trial seq\.t01: score is 0\.9, expected 0\.\d+ by its records`,
		`trial seq\.t01 again, seed 0: score is 0\.8, expected 0\.\d+ by its records`,
		`trial seq\.t02: learning_rate is 0\.7, expected 0\.\d+ as the run has it`,
		`trial seq\.t02 again: learning_rate is 0\.7, expected 0\.\d+ as the run has it`)
	run = rundir.Run{Path: copyRun(t, tune)}
	var k record.Tuning
	if err := rundir.ReadJSON(run.Tuning(), &k); err != nil {
		t.Fatal(err)
	}
	editFile(t, run.Tuning(), `"choice": \d`, fmt.Sprintf(`"choice": %d`, 1-k.Methods[0].Choice))
	says(run, fmt.Sprintf(`the choice of seq is %d, by its trials %d`, 1-k.Methods[0].Choice, k.Methods[0].Choice),
		`tuned.yaml: method seq: learning_rate is 0\.\d+, expected 0\.\d+ by the choice`)
}
