package backbone

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func sum(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

// source serves the text "archive" and extracts the text "library" from it.
func source(t *testing.T, archiveSHA, libSHA string, downloads *atomic.Int32) pluginSource {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		downloads.Add(1)
		w.Write([]byte("archive"))
	}))
	t.Cleanup(server.Close)
	return pluginSource{"project 1", "pjrt_c_api_cpu_v1_plugin.so", archiveSHA, libSHA,
		func() (string, error) { return server.URL, nil },
		func(_, library string) error { return os.WriteFile(library, []byte("library"), 0o600) }}
}

func TestInstallOnceByManyAtOnce(t *testing.T) {
	var downloads atomic.Int32
	broken := pluginSource{project: "project 0", file: "x", address: func() (string, error) { return "", errors.New("no such host\nmore") }}
	sources := []pluginSource{broken, source(t, sum("archive"), sum("library"), &downloads)}
	dir := filepath.Join(t.TempDir(), "lib")
	var wait sync.WaitGroup
	logs := make([]bytes.Buffer, 3)
	for i := range logs {
		wait.Go(func() {
			path, err := installFrom(context.Background(), sources, dir, &logs[i])
			if err != nil || path != filepath.Join(dir, "pjrt_c_api_cpu_v1_plugin.so") {
				t.Error(path, err)
			}
		})
	}
	wait.Wait()
	if downloads.Load() != 1 {
		t.Errorf("%d downloads, want 1", downloads.Load())
	}
	log := logs[0].String() + logs[1].String() + logs[2].String()
	if strings.Count(log, "\n") != 2 || !strings.Contains(log, "project 0") || !strings.Contains(log, "project 1, 0.0 MB") {
		t.Errorf("log: %q", log)
	}
	if left, _ := os.ReadDir(dir); len(left) != 2 { // the plugin and the lock
		t.Errorf("left: %v", left)
	}
}

func TestInstallRefusesOtherHashes(t *testing.T) {
	var downloads atomic.Int32
	for want, s := range map[string]pluginSource{
		"archive has sha256": source(t, sum("other"), "", &downloads),
		"library has sha256": source(t, sum("archive"), sum("other"), &downloads),
	} {
		dir := t.TempDir()
		if _, err := installFrom(context.Background(), []pluginSource{s}, dir, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "[^.]*")); len(left) != 0 {
			t.Errorf("left: %v", left)
		}
	}
}

func TestInstallStopsWhenAsked(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	hang := make(chan struct{})
	defer close(hang)
	s := pluginSource{project: "slow", file: "x", address: func() (string, error) { cancel(); <-hang; return "", nil }}
	if _, err := installFrom(ctx, []pluginSource{s}, t.TempDir(), &bytes.Buffer{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestInstalledPluginPrefersThePinnedBuild(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	t.Setenv(pluginPathEnv, first+"::"+second)
	if path, ok := InstalledPlugin(); ok {
		t.Errorf("found %s in empty folders", path)
	}
	for _, name := range []string{"pjrt_c_api_cpu_plugin.so", wheelFile, "pjrt_c_api_cpu_v0.114.0_plugin.so", "pjrt_c_api_cuda_plugin.so"} {
		os.WriteFile(filepath.Join(second, name), nil, 0o644)
	}
	if path, _ := InstalledPlugin(); path != filepath.Join(second, wheelFile) {
		t.Error(path)
	}
	os.Remove(filepath.Join(second, wheelFile))
	if path, _ := InstalledPlugin(); filepath.Base(path) != "pjrt_c_api_cpu_v0.114.0_plugin.so" {
		t.Error(path)
	}
	os.WriteFile(filepath.Join(first, "pjrt_c_api_cpu_plugin.so"), nil, 0o644)
	if path, _ := InstalledPlugin(); filepath.Dir(path) != first {
		t.Error(path)
	}
}
