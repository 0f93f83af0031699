package main

import (
	"bytes"
	"context"
	"io"
	"regexp"
	"strings"
	"testing"

	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/methods"
	"secura/reports"
	"secura/reports/citation"
	"secura/reports/report"
	"secura/reports/synthetic"
)

// TestCitationAndChecklistNeedNoTables: a suite may ask for a table that cannot be made of the run.
func TestCitationAndChecklistNeedNoTables(t *testing.T) {
	run := synthetic.Run{Tasks: synthetic.TaskNames(2), Methods: synthetic.Named("seq"), Seeds: 1, Orders: 1, Score: synthetic.Fade}.Make(t, nil)
	manifest, err := rundir.ReadManifest(run)
	synthetic.Must(t, err)
	manifest.Suite = bytes.Replace(manifest.Suite, []byte("{"), []byte(`{"tables":["none"],`), 1)
	synthetic.Must(t, rundir.WriteManifest(run, manifest))
	if _, err := reports.Load(run); err == nil || !strings.Contains(err.Error(), "table none") {
		t.Fatalf("the report with its tables: %v", err)
	}
	for _, flag := range []string{"-cite", "-checklist"} {
		if err := execute(context.Background(), []string{"report", run.Path, flag}, io.Discard, io.Discard); err != nil {
			t.Errorf("%s: %v", flag, err)
		}
	}
}

// TestEveryMethodsPaperHasAnEntry holds the bibliography to the sources of all methods.
func TestEveryMethodsPaperHasAnEntry(t *testing.T) {
	r := &report.Report{Manifest: rundir.Manifest{Plan: "0123456789abcdef"}, Suite: suite.Suite{Name: "all"}}
	for _, m := range methods.All {
		r.Suite.Methods = append(r.Suite.Methods, suite.MethodSpec{Preset: m.Name, Name: m.Name})
	}
	var out strings.Builder
	if err := citation.Write(&out, r, sourceOf); err != nil {
		t.Fatal(err)
	}
	for _, line := range regexp.MustCompile(`(?m)^.*(no entry|not known).*$`).FindAllString(out.String(), -1) {
		t.Errorf("%s: add it to reports/citation/references.bib", line)
	}
	for _, eprint := range []string{"2106.09685", "2402.09353", "1902.10486", "1612.00796", "1805.06370", "2402.18865", "2408.14572", "2502.18168", "1802.01483"} {
		if !strings.Contains(out.String(), "eprint = {"+eprint+"}") {
			t.Errorf("arXiv %s is not in the bibliography of a run of all methods", eprint)
		}
	}
}

// TestTheCitationFileTellsOfThisProgram holds CITATION.cff to what -cite prints and the license
// says.
func TestTheCitationFileTellsOfThisProgram(t *testing.T) {
	file := readDocument(t, "CITATION.cff")
	var out strings.Builder
	r := &report.Report{Suite: suite.Suite{Name: "all"}}
	if err := citation.Write(&out, r, sourceOf); err != nil {
		t.Fatal(err)
	}
	title := regexp.MustCompile(`(?m)^title: "(.*)"$`).FindStringSubmatch(file)
	if title == nil || !strings.Contains(strings.NewReplacer("{", "", "}", "").Replace(out.String()), "title = "+title[1]+",") {
		t.Errorf("CITATION.cff calls the program %q, -cite otherwise", title)
	}
	released := regexp.MustCompile(`(?m)^date-released: "(\d{4})-\d\d-\d\d"$`).FindStringSubmatch(file)
	if released == nil || !strings.Contains(out.String(), "year = {"+released[1]+"},\n  howpublished = {Computer program") {
		t.Errorf("CITATION.cff is of %q, -cite of another year:\n%s", released, out.String())
	}
	for _, text := range []string{"license: Apache-2.0", "version: unreleased", "arXiv:2502.18168", "name: The secura authors"} {
		if !strings.Contains(file, text) {
			t.Errorf("CITATION.cff has no %q", text)
		}
	}
}
