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
	"secura/methods/backbone"
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
	for _, c := range []struct {
		file, options, flags string
		tf32                 bool
	}{
		{"cpu_plugin.so", "", "--xla_cpu_max_isa=AVX2 --xla_backend_optimization_level=1", false},
		{"cuda_plugin.so", ",tf32=true,memory_fraction=0.9", "", true},
	} {
		plugin := filepath.Join(t.TempDir(), c.file)
		if err := os.WriteFile(plugin, []byte("plugin"), 0o644); err != nil {
			t.Fatal(err)
		}
		var m rundir.Manifest
		name, err := Launch{Suite: suite.Suite{Backend: "xla:" + plugin + c.options}}.clusterBackend(t.Context(), &m)
		if err != nil || name != "xla:"+plugin+c.options || m.Backend != "xla" || len(m.PluginSHA256) != 64 || m.XLAFlags != c.flags || m.TF32 != c.tf32 {
			t.Errorf("%s, %+v, %v", name, m, err)
		}
	}
}

// TestWorkersShareTheGPUsOfAMachine: each cell has as many as it computes on, and workers that find
// none left share.
func TestWorkersShareTheGPUsOfAMachine(t *testing.T) {
	gpus := func(devices int, options string) backbone.BackendInfo {
		return backbone.BackendInfo{Name: "xla", Plugin: "/cuda_plugin.so", Devices: devices, Options: options}
	}
	for _, c := range []struct {
		backend backbone.BackendInfo
		each    int
		want    string
	}{
		{gpus(1, ""), 1, "- - -"},
		{gpus(2, ""), 1, "0 1 0"},
		{gpus(5, ""), 2, "0;1 2;3 0;1"},
		{gpus(3, ""), 2, "- - -"},
		{gpus(2, "visible_devices=2;3"), 1, "2;3 2;3 2;3"},
		{gpus(2, "tf32=true"), 1, "0 1 0"},
		{backbone.BackendInfo{Name: "xla", Plugin: "/cpu_plugin.so", Devices: 2}, 1, "- - -"},
		{backbone.BackendInfo{Name: "go"}, 1, "- - -"},
	} {
		var got []string
		for worker := range 3 {
			name := openedBy(worker, c.backend, c.each)
			_, devices, found := strings.Cut(name, "visible_devices=")
			if !found {
				devices = "-"
			}
			got = append(got, devices)
			if c.backend.Options != "" && !strings.HasPrefix(name, "xla:/cuda_plugin.so,"+c.backend.Options) {
				t.Errorf("%+v: the options are lost in %s", c.backend, name)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%+v, %d each: %v, expected %s", c.backend, c.each, got, c.want)
		}
	}
}
