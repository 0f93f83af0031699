package launch

import (
	"bytes"
	"os"
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

// A plugin that is named is not opened where a run is submitted. The manifest tells of it as of one
// that is, for the elements' workers are held to that.
func TestASubmittedPluginIsDescribed(t *testing.T) {
	t.Setenv("XLA_FLAGS", "")
	plugin := filepath.Join(t.TempDir(), "plugin.so")
	if err := os.WriteFile(plugin, []byte("plugin"), 0o644); err != nil {
		t.Fatal(err)
	}
	var m rundir.Manifest
	name, err := Launch{Suite: suite.Suite{Backend: "xla:" + plugin}}.clusterBackend(t.Context(), &m)
	if err != nil || name != "xla:"+plugin || m.Backend != "xla" || len(m.PluginSHA256) != 64 || !strings.Contains(m.XLAFlags, "--xla_cpu_max_isa=AVX2") {
		t.Errorf("%s, %+v, %v", name, m, err)
	}
}
