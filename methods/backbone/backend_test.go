package backbone

import (
	"bytes"
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/gomlx/compute/gobackend"
)

func TestProbeRefusesOtherValues(t *testing.T) {
	b, err := gobackend.New(goConfig)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	if err := Probe(b); err != nil {
		t.Fatal(err)
	}
	alter := func(values []float32, i int, by float32) []float32 {
		out := bytes.Clone([]byte(nil))
		_ = out
		changed := append([]float32(nil), values...)
		changed[i] += by
		return changed
	}
	for name, want := range map[string]probeResult{
		"loss":      {probeWant.loss * 1.0001, probeWant.embedding, probeWant.output},
		"embedding": {probeWant.loss, alter(probeWant.embedding, 6, 1e-4), probeWant.output},
		"output":    {probeWant.loss, probeWant.embedding, alter(probeWant.output, 0, 1e-4)},
		"length":    {probeWant.loss, probeWant.embedding, probeWant.output[1:]},
	} {
		if err := probeAgainst(b, want); !errors.Is(err, ErrProbe) {
			t.Errorf("%s altered: got %v, want ErrProbe", name, err)
		}
	}
}

func TestInstalledBackends(t *testing.T) {
	for _, name := range []string{"go", "auto"} {
		start := time.Now()
		var log bytes.Buffer
		b, info, err := OpenBackend(context.Background(), BackendOptions{Name: name, NoDownload: os.Getenv("SECURA_DOWNLOAD") == "", Log: &log})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		t.Logf("%s: %+v in %s; log %q", name, info, time.Since(start), log.String())
		start = time.Now()
		if err := Probe(b); err != nil {
			t.Error(err)
		}
		t.Logf("probe again: %s", time.Since(start))
		b.Finalize()
	}
}
