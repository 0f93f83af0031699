package backbone

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute/gobackend"
)

func TestProbeRefusesOtherValues(t *testing.T) {
	b, err := gobackend.New(goConfig)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	if err := Probe(b, false); err != nil {
		t.Fatal(err)
	}
	alter := func(values []float32, i int, by float32) []float32 {
		changed := slices.Clone(values)
		changed[i] += by
		return changed
	}
	for name, want := range map[string]probeResult{
		"loss":      {loss: probeWant.loss * 1.0001, embedding: probeWant.embedding, output: probeWant.output},
		"embedding": {loss: probeWant.loss, embedding: alter(probeWant.embedding, 6, 1e-4), output: probeWant.output},
		"output":    {loss: probeWant.loss, embedding: probeWant.embedding, output: alter(probeWant.output, 0, 1e-4)},
		"length":    {loss: probeWant.loss, embedding: probeWant.embedding, output: probeWant.output[1:]},
	} {
		if err := probeAgainst(b, want, false); !errors.Is(err, ErrProbe) {
			t.Errorf("%s altered: got %v, want ErrProbe", name, err)
		}
	}
}

// TestProbeTellsTF32: a matrix whose products lost their last digits is told, unless products in
// TF32 are wanted.
func TestProbeTellsTF32(t *testing.T) {
	rounded := probeDigits()
	for i := range rounded {
		rounded[i] = math.Float32frombits((math.Float32bits(rounded[i]) + 1<<12) &^ (1<<13 - 1))
	}
	if err := compareProbe("a product with the identity", rounded, probeDigits()); err == nil {
		t.Error("10 bits are taken for 24")
	}
	b, err := gobackend.New(goConfig)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	if err := Probe(b, true); err != nil {
		t.Error(err)
	}
}

func TestRefusedBackendIsNotReturned(t *testing.T) {
	saved := probeWant
	defer func() { probeWant = saved }()
	probeWant.loss *= 2
	b, _, err := OpenBackend(context.Background(), BackendOptions{Name: "go"})
	if b != nil || !errors.Is(err, ErrProbe) || !strings.Contains(err.Error(), "backend go is refused") {
		t.Errorf("got %v, %v", b, err)
	}
}

func TestOpenGo(t *testing.T) {
	b, info, err := OpenBackend(context.Background(), BackendOptions{Name: "go"})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	if want := (BackendInfo{Name: "go", Version: "ops_sequential", Slower: true}); info != want {
		t.Errorf("got %+v", info)
	}
}

func TestOpenInstalledXLA(t *testing.T) {
	path, ok := InstalledPlugin()
	if !ok || !xlaSupported {
		t.Skip("no XLA plugin is installed, or the build has no XLA")
	}
	b, info, err := OpenBackend(context.Background(), BackendOptions{Name: "auto", NoDownload: true})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	if info.Name != "xla" || info.Plugin != path || len(info.PluginSHA256) != 64 || info.Slower || info.Flags == "" {
		t.Errorf("got %+v", info)
	}
}

func TestAutoFallsBackToGoWithAWarning(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(pluginPathEnv, dir)
	for _, broken := range []bool{false, true} {
		if broken { // a plugin that cannot be loaded
			os.WriteFile(filepath.Join(dir, wheelFile), []byte("not a library"), 0o755)
		}
		var log bytes.Buffer
		b, info, err := OpenBackend(context.Background(), BackendOptions{NoDownload: true, Log: &log})
		if err != nil {
			t.Fatal(err)
		}
		b.Finalize()
		if info.Name != "go" || strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), "5 to 8 times slower") {
			t.Errorf("got %+v, log %q", info, log.String())
		}
	}
}

// TestABackendIsFoundWithoutOpeningIt: the plugins here are no libraries.
func TestABackendIsFoundWithoutOpeningIt(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	dir, err := os.Getwd() // links followed, as for a relative path
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(pluginPathEnv, filepath.Join(dir, "installed"))
	find := func(want string, o BackendOptions) {
		t.Helper()
		got, err := FindBackend(o)
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%+v: %s, want %s (%v)", o, got, want, err)
		}
	}
	find("go", BackendOptions{Name: "go"})
	find("error", BackendOptions{Name: "xla:mine.so"})
	find("error", BackendOptions{Name: "xla"})
	find("go", BackendOptions{Name: "auto", NoDownload: true})
	plugin := filepath.Join(dir, "installed", wheelFile)
	if err := errors.Join(os.WriteFile("mine.so", nil, 0o644), os.Mkdir("installed", 0o755)); err != nil {
		t.Fatal(err)
	}
	find("xla:"+filepath.Join(dir, "mine.so"), BackendOptions{Name: "xla:mine.so"})
	if !xlaSupported {
		find("go", BackendOptions{})
		return
	}
	find("auto", BackendOptions{})
	if err := os.WriteFile(plugin, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	find("xla:"+plugin, BackendOptions{Name: "auto"})
	find("xla:"+plugin, BackendOptions{Name: "xla", NoDownload: true})
}

func TestUnusableBackendsSayWhatToDo(t *testing.T) {
	t.Setenv(pluginPathEnv, t.TempDir())
	for name, want := range map[string]string{
		"xls":              `did you mean "xla"`,
		"G0":               `did you mean "go"`,
		"xla:":             `unknown backend`,
		"xla":              "use -backend go|runner setup",
		"xla:/nowhere.so":  "use -backend go|runner setup",
		"xla:probe_any.so": "use -backend go|runner setup",
	} {
		_, _, err := OpenBackend(context.Background(), BackendOptions{Name: name})
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		if !slices.ContainsFunc(strings.Split(want, "|"), func(w string) bool { return strings.Contains(err.Error(), w) }) {
			t.Errorf("%s: got %v, want %q", name, err, want)
		}
	}
}
