package engine

import "strings"

// workerSettings are added to a worker's environment where it does not say otherwise.
var workerSettings = []string{
	// One core each.
	"GOMAXPROCS=1", "OMP_NUM_THREADS=1",
	// XLA takes its buffers from the C library anew in each step. By default that library gives large ones back to the
	// system at once and gets zeroed pages for the next step: a fifth of a training step's time, in the kernel. Keeping
	// them costs memory that was used a step ago anyway. One arena, for the heaps of others go back to the system when
	// they are empty. Other C libraries than glibc's do not read these.
	"MALLOC_ARENA_MAX=1", "MALLOC_MMAP_MAX_=0", "MALLOC_TRIM_THRESHOLD_=8589934592", "MALLOC_TOP_PAD_=67108864",
}

// workerEnvironment is an environment with the workers' settings. The processors are not the user's to set: workers
// share them.
func workerEnvironment(env []string) []string {
	given := map[string]bool{}
	for _, setting := range env {
		name, _, _ := strings.Cut(setting, "=")
		given[name] = strings.HasPrefix(name, "MALLOC_")
	}
	for _, setting := range workerSettings {
		if name, _, _ := strings.Cut(setting, "="); !given[name] {
			env = append(env, setting)
		}
	}
	return env
}
