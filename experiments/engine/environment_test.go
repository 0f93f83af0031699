package engine

import (
	"slices"
	"testing"
)

func TestWorkersKeepTheMemoryTheyUse(t *testing.T) {
	env := workerEnvironment([]string{"HOME=/root", "GOMAXPROCS=8", "MALLOC_MMAP_MAX_=5"})
	last := map[string]string{}
	for _, setting := range env {
		last[setting[:slices.Index([]byte(setting), '=')]] = setting
	}
	for _, want := range []string{"HOME=/root", "GOMAXPROCS=1", "OMP_NUM_THREADS=1", "MALLOC_MMAP_MAX_=5", "MALLOC_TRIM_THRESHOLD_=8589934592"} {
		if !slices.Contains(env, want) {
			t.Errorf("%q is missing in %q", want, env)
		}
	}
	if last["GOMAXPROCS"] != "GOMAXPROCS=1" {
		t.Errorf("the last %s counts", last["GOMAXPROCS"])
	}
	if slices.Contains(env, "MALLOC_MMAP_MAX_=0") {
		t.Error("what the user has set is replaced")
	}
}
