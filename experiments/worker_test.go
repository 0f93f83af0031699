package experiments

import (
	"path/filepath"
	"strings"
	"testing"

	"secura/experiments/rundir"
	"secura/methods/backbone"
)

// TestAWorkerComputesWithTheRunsBackend: with another one it is refused before it runs a cell. What
// writes no cell may have any, and another processor is no other backend.
func TestAWorkerComputesWithTheRunsBackend(t *testing.T) {
	y := newToy(t)
	for _, c := range []struct {
		manifest rundir.Manifest
		any      bool
		want     string
	}{
		{rundir.Manifest{Backend: "xla", PluginSHA256: "beef"}, false, `with another backend: was "xla", is "go", another plugin sha256: was "beef", is ""; numbers of the two differ`},
		{rundir.Manifest{Backend: "go", XLAFlags: "--one"}, false, `another XLA flags: was "--one", is ""`},
		{rundir.Manifest{Backend: "xla", PluginSHA256: "beef"}, true, ""},
		{rundir.Manifest{Backend: "go", Processor: "another"}, false, ""},
		{rundir.Manifest{}, false, ""},
	} {
		run := rundir.Run{Path: t.TempDir()}
		c.manifest.Suite = encoded(t, y.suite)
		if err := rundir.WriteManifest(run, c.manifest); err != nil {
			t.Fatal(err)
		}
		w, err := OpenWorker(t.Context(), WorkerOptions{Run: run, Store: y.store(), AnyBackend: c.any, Backend: backbone.BackendOptions{Name: "go"}})
		if err == nil {
			w.Close()
		}
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v, any backend %v: %v, expected %q", c.manifest, c.any, err, c.want)
		}
	}
}

// TestAWorkerRefusesASuiteThatCannotBeComputed: it names what is wrong with a manifest that was
// edited, and the file, also where a cell is only exported.
func TestAWorkerRefusesASuiteThatCannotBeComputed(t *testing.T) {
	y := newToy(t)
	s := y.suite
	s.Evaluation.Lengths = nil
	run := rundir.Run{Path: t.TempDir()}
	if err := rundir.WriteManifest(run, rundir.Manifest{Suite: encoded(t, s)}); err != nil {
		t.Fatal(err)
	}
	open := WorkerOptions{Run: run, Store: y.store(), Backend: backbone.BackendOptions{Name: "go"}}
	_, opened := OpenWorker(t.Context(), open)
	_, exported := Export(t.Context(), ExportOptions{WorkerOptions: open, Cell: "seq-s0-o0", Dir: filepath.Join(t.TempDir(), "out")})
	for does, err := range map[string]error{"open": opened, "export": exported} {
		if err == nil || !strings.Contains(err.Error(), run.Manifest()) || !strings.Contains(err.Error(), "evaluation.lengths []: none may be left to the data") {
			t.Errorf("%s: %v", does, err)
		}
	}
}
