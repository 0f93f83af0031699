package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"secura/experiments/rundir"
)

// TestWhatOfAPublishedRunIsCommitted asks git what it ignores of a run's folder in
// reports/published: what only the machine that computes can use.
func TestWhatOfAPublishedRunIsCommitted(t *testing.T) {
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	git := func(args ...string) ([]byte, error) {
		return exec.Command("git", append([]string{"-C", root}, args...)...).Output()
	}
	if _, err := git("rev-parse", "--is-inside-work-tree"); err != nil {
		t.Skip("this is no git repository, or git is not here:", err)
	}
	run := rundir.Run{Path: filepath.Join("reports", "published", "smollm16")}
	cell := run.Cell("seq-s0-o0")
	for path, ignored := range map[string]bool{
		run.Manifest(): false, run.Examples(): false, run.Results(): false, run.Report("md"): false, run.Report("html"): false,
		run.Claims(): false, run.Table("summary.csv"): false, run.Figure("training-loss.svg"): false,
		cell.Records(): false, cell.Steps(): false, cell.Timing(): false, cell.Status(): false, cell.Seal(): false,
		cell.Predictions(16): false, cell.Parts(): false,
		run.Lock(): true, cell.Lock(): true, filepath.Join(cell.Claims(), "0001.json"): true, filepath.Join(run.Slurm(), "jobs.json"): true,
		filepath.Join(cell.Checkpoint(16), "variables.safetensors"): true, filepath.Join(cell.Checkpoint(16), "complete.json"): true,
	} {
		out, err := git("check-ignore", "--no-index", filepath.ToSlash(path))
		if got := err == nil && strings.TrimSpace(string(out)) != ""; got != ignored {
			t.Errorf("%s: ignored %v, expected %v (%v)", path, got, ignored, err)
		}
	}
}
