package launch

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"secura/datasets/prepared"
	"secura/experiments"
	"secura/experiments/engine"
	"secura/experiments/rundir"
	"secura/experiments/suite"
)

// What is known of the data is told before cells run, on a cluster too, and not again by the next
// stage of a tuning.
func TestWarningsOfTheDataAreToldOnce(t *testing.T) {
	s, err := suite.Load("smoke", suite.Options{Presets: experiments.KnownPresets(), Set: []string{"backend=go"}})
	if err != nil {
		t.Fatal(err)
	}
	prepared, err := experiments.Prepare(t.Context(), s, &prepared.Store{DataDir: "."})
	if err != nil {
		t.Fatal(err)
	}
	prepared.Warnings = []string{"prompts are cut"}
	var log bytes.Buffer
	folder := t.TempDir()
	l := Launch{Run: rundir.Run{Path: filepath.Join(folder, "run")}, Suite: s, Prepared: prepared, DataDir: ".", NoDownload: true, Log: &log}
	for range 2 {
		if err := l.share(t.Context(), &engine.Array{Program: filepath.Join(folder, "runner")}); err != nil {
			t.Fatal(err)
		}
		if told := strings.Count(log.String(), "warning: prompts are cut\n"); told != 1 {
			t.Errorf("told %d times: %q", told, log.String())
		}
	}
}
