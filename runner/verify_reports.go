package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/reports"
	"secura/reports/claims"
	"secura/reports/report"
)

// reports makes the run's report, pages, tables, figures and claims again from the records, which
// it reads once, and compares those that the run has: results.json value by value, the others byte
// by byte. It names files that are no part of a run, and says where results.json or all the others
// are not there, as after a run that was stopped before its report or handed to Slurm.
func (v *verification) reports(cells []suite.Cell) error {
	scratch, err := os.MkdirTemp("", "runner-verify-")
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	defer os.RemoveAll(scratch)
	const what = "report, pages, tables, figures and claims are what the records give"
	r, unwritten, err := reports.WriteInto(rundir.Run{Path: scratch}, v.run)
	wrongResults := err
	if r != nil {
		wrongResults = v.results(r)
		v.tuning(r)
	}
	if r != nil && errors.Is(wrongResults, os.ErrNotExist) {
		fmt.Fprintln(v.stdout, "results.json is not there, and not looked at: `runner report RUN` makes it")
	} else {
		v.found("results.json is what the records give", wrongResults)
	}
	if errors.Join(unwritten, err) != nil {
		v.found(what, unwritten, err)
		return nil
	}
	if err := v.claims(r, rundir.Run{Path: scratch}); err != nil {
		v.found(what, err)
		return nil
	}
	made, err := filesBelow(scratch)
	if err != nil {
		return err
	}
	kept, err := filesBelow(v.run.Path)
	if err != nil {
		return err
	}
	var wrong []error
	compared := 0
	var ids, foreign []string
	for _, c := range cells {
		ids = append(ids, c.ID)
	}
	for _, name := range kept {
		switch {
		case name == "results.json": // compared above
		case slices.Contains(made, name):
			compared++
			wrong = append(wrong, sameReport(filepath.Join(scratch, name), filepath.Join(v.run.Path, name)))
		case !rundir.Belongs(filepath.ToSlash(name), ids):
			foreign = append(foreign, name)
		}
	}
	if compared > 0 {
		v.found(what, wrong...)
	} else {
		fmt.Fprintln(v.stdout, "no report, page, table or figure is there, and none was looked at: `runner report RUN` makes them")
	}
	if len(foreign) > 0 {
		fmt.Fprintf(v.stdout, "no part of the run, and not looked at: %s\n", strings.Join(foreign, ", "))
	}
	return nil
}

// claims judges the claims again where the run has claims.md. One that was judged by further runs
// too, which lie elsewhere, is only named.
func (v *verification) claims(r *report.Report, scratch rundir.Run) error {
	kept, err := os.ReadFile(v.run.Claims())
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	own, err := claims.EvidenceOfEach(r)
	if err != nil {
		return err
	}
	if err := claims.Write(scratch, eachWith(own, nil)); err != nil {
		return err
	}
	again, err := os.ReadFile(scratch.Claims())
	if err != nil {
		return err
	}
	if strings.HasPrefix(against(kept), against(again)+" and ") {
		fmt.Fprintf(v.stdout, "judged with further runs (report -with), and not looked at: %s\n", v.run.Claims())
		return os.Remove(scratch.Claims())
	}
	return nil
}

// against is the first line of a report on claims that names the runs.
func against(report []byte) string {
	_, rest, _ := bytes.Cut(report, []byte("\nagainst "))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	return string(line)
}

// sameReport says where a file that the run keeps differs from the one that was made again.
func sameReport(again, kept string) error {
	want, err := os.ReadFile(again)
	if err != nil {
		return err
	}
	got, err := os.ReadFile(kept)
	if err != nil {
		return err
	}
	if bytes.Equal(got, want) {
		return nil
	}
	line := 1
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			break
		}
		if got[i] == '\n' {
			line++
		}
	}
	if bytes.IndexByte(want, 0) >= 0 { // no text
		return fmt.Errorf("%s is not the file that the records give; `runner report` makes it again", kept)
	}
	command := "runner report"
	if filepath.Base(kept) == filepath.Base(rundir.Run{}.Claims()) {
		command = "runner report RUN -claims"
	}
	return fmt.Errorf("%s: line %d is not what the records give; `%s` makes the file again", kept, line, command)
}

// filesBelow are the paths of the files below a folder, relative to it, in their order.
func filesBelow(dir string) (names []string, err error) {
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		names = append(names, name)
		return err
	})
	return names, err
}
