package reports

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/reports/report"
	"secura/reports/synthetic"
	"secura/reports/tables"
)

// onBackbones makes one run of what several runs have, each on a backbone of its own, which is
// called by its key.
func onBackbones(t testing.TB, names []string, each []synthetic.Run) rundir.Run {
	t.Helper()
	var files []*synthetic.CellFiles
	for i, label := range record.BackboneLabels(names) {
		for _, f := range each[i].Cells() {
			for k := range f.Events {
				if e := &f.Events[k]; e.Kind == record.CellStart {
					e.Cell, e.Backbone = record.CellID(e.Method, label, e.Seed, e.Order), names[i]
					f.Id = e.Cell
				}
			}
			files = append(files, f)
		}
	}
	run := rundir.Run{Path: t.TempDir()}
	each[0].WriteIn(t, run, files, nil)
	manifest, err := rundir.ReadManifest(run)
	synthetic.Must(t, err)
	var suite map[string]any
	synthetic.Must(t, json.Unmarshal(manifest.Suite, &suite))
	delete(suite, "backbone")
	suite["backbones"] = names
	manifest.Suite, err = json.Marshal(suite)
	synthetic.Must(t, err)
	synthetic.Must(t, rundir.WriteManifest(run, manifest))
	return run
}

// twoBackbones are a run of two backbones, and what runs of each alone would have been.
func twoBackbones(t testing.TB) (run rundir.Run, each []synthetic.Run) {
	t.Helper()
	one := synthetic.Run{Tasks: synthetic.TaskNames(3), Methods: synthetic.Named("joint", "seq", "er", "secura"), Seeds: 3, Orders: 1, Knowledge: true, Score: synthetic.Fade}
	other := one
	other.Score = func(method, seed, i, j int) float64 { return synthetic.Fade(3-method, 2-seed, i, j) / 2 }
	each = []synthetic.Run{one, other}
	return onBackbones(t, []string{"nano", "ORG/Other-1.5B"}, each), each
}

func readResults(t testing.TB, run rundir.Run) (out report.ResultsFile) {
	t.Helper()
	synthetic.Must(t, json.Unmarshal(resultsOf(t, load(t, run)), &out))
	return out
}

// Means, tests and bounds of a backbone are those of a run of it alone: nothing is taken from the
// cells of another.
func TestABackbonesNumbersAreThoseOfARunOfItAlone(t *testing.T) {
	run, each := twoBackbones(t)
	got := readResults(t, run)
	if got.Backbone != "" || !reflect.DeepEqual(got.Backbones, []string{"nano", "ORG/Other-1.5B"}) {
		t.Errorf("backbone %q, backbones %q", got.Backbone, got.Backbones)
	}
	for i, name := range got.Backbones {
		want := readResults(t, each[i].Make(t, nil))
		methods, comparisons, cells := len(want.Methods), len(want.Comparisons), len(want.Cells)
		if len(got.Methods) != 2*methods || len(got.Comparisons) != 2*comparisons || len(got.Cells) != 2*cells || comparisons == 0 {
			t.Fatalf("%d methods, %d comparisons, %d cells", len(got.Methods), len(got.Comparisons), len(got.Cells))
		}
		for k, w := range want.Methods {
			w.Backbone = name
			if g := got.Methods[i*methods+k]; !reflect.DeepEqual(g, w) {
				t.Errorf("%s of %s: %+v, alone %+v", w.Method, name, g, w)
			}
		}
		for k, w := range want.Comparisons {
			w.Backbone = name
			if g := got.Comparisons[i*comparisons+k]; !reflect.DeepEqual(g, w) {
				t.Errorf("comparison on %s: %+v, alone %+v", name, g, w)
			}
		}
		for k, w := range want.Cells {
			g := got.Cells[i*cells+k]
			if g.Backbone != name || !strings.Contains(g.ID, ".") || !reflect.DeepEqual(g.Metrics, w.Metrics) {
				t.Errorf("cell %s on %s: %+v, alone %+v", g.ID, g.Backbone, g.Metrics, w.Metrics)
			}
		}
	}
	if first, second := got.Methods[1], got.Methods[len(got.Methods)/2+1]; first.Metrics["acc"].Mean == second.Metrics["acc"].Mean {
		t.Error("both backbones have the same numbers: this test would not see that they were mixed")
	}
}

func TestBackbonesAreSetSideBySide(t *testing.T) {
	run, each := twoBackbones(t)
	r, err := writeAll(run)
	synthetic.Must(t, err)
	var out bytes.Buffer
	synthetic.Must(t, Text(&out, r, false))
	text := out.String()
	for line := range strings.Lines(text) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 100 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	if !strings.HasPrefix(text, "Backbones side by side\n") || strings.Count(text, "\nSummary on ") != 2 || !strings.Contains(text, "backbone ORG/Other-1.5B") {
		t.Errorf("the tables are not those of both backbones:\n%s", text)
	}
	// The tables of a backbone are those of a run of it, but for their titles, the cells' ids and
	// the backbone's name.
	alone := load(t, each[1].Make(t, nil))
	for i, want := range tables.Of(alone) {
		got := tables.Of(r.Backbones[1])[i]
		if !reflect.DeepEqual(got.Rows, want.Rows) || !reflect.DeepEqual(got.Columns, want.Columns) {
			t.Errorf("%s: rows %+v, alone %+v", got.Title, got.Rows, want.Rows)
		}
	}
	for _, name := range []string{"backbones-side-by-side.csv", "summary-on-nano.tex", "comparison-with-secura-on-other-1_5b.csv"} {
		if _, err := os.Stat(run.Table(name)); err != nil {
			t.Error(err)
		}
	}
	for page, wants := range map[string][]string{
		"html":            {`<a href="report.nano.html">nano</a>`, `<a href="report.other-1_5b.html">other-1_5b</a>`, "Backbones side by side", "nano, ORG/Other-1.5B"},
		"nano.html":       {"<title>synthetic on nano", `data-chart="accuracy"`},
		"other-1_5b.html": {"<title>synthetic on other-1_5b", "ORG/Other-1.5B", `data-chart="accuracy"`},
	} {
		content, err := os.ReadFile(run.Report(page))
		synthetic.Must(t, err)
		for _, want := range wants {
			if !bytes.Contains(content, []byte(want)) {
				t.Errorf("report.%s has no %q", page, want)
			}
		}
		if charts := bytes.Contains(content, []byte(`<figure data-chart`)); charts != (page != "html") {
			t.Errorf("report.%s has charts: %v", page, charts)
		}
	}
}

func TestANumberOfABackboneIsExplainedByItsCells(t *testing.T) {
	run, _ := twoBackbones(t)
	r := load(t, run)
	for name, want := range map[string]string{"secura": "secura 2", "secura.other-1_5b": "secura 1", "secura,seq.nano": "secura,seq 1", "secura.other": "secura.other 2"} {
		method, of := r.OnBackbone(name)
		if got := strings.Fields(want); method != got[0] || len(of) != int(got[1][0]-'0') {
			t.Errorf("%s is %s of %d backbones, expected %s", name, method, len(of), want)
		}
	}
	method, of := r.OnBackbone("secura.other-1_5b")
	var out bytes.Buffer
	synthetic.Must(t, Explain(&out, of[0], method, "intransigence"))
	if text := out.String(); !strings.Contains(text, "cells/joint.other-1_5b-s0-o0/records.jsonl") || strings.Contains(text, "nano") {
		t.Errorf("another backbone's joint run:\n%s", text)
	}
}

func TestRecordsOfAnotherBackboneAreRefused(t *testing.T) {
	run, _ := twoBackbones(t)
	path := run.Cell("seq.nano-s1-o0").Records()
	data, err := os.ReadFile(path)
	synthetic.Must(t, err)
	synthetic.Must(t, os.WriteFile(path, bytes.Replace(data, []byte(`"backbone":"nano"`), []byte(`"backbone":"else"`), 1), 0o644))
	if _, err := Load(run); err == nil || !strings.Contains(err.Error(), "cell seq.nano-s1-o0: its records are of backbone else, the plan says nano") {
		t.Errorf("%v", err)
	}
}
