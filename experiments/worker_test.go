package experiments

import (
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
