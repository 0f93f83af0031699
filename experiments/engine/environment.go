package engine

import "strings"

// processorSettings give a worker one core.
var processorSettings = []string{"GOMAXPROCS=1", "OMP_NUM_THREADS=1"}

// memorySettings are for glibc; other C libraries do not read them.
var memorySettings = []string{
	// XLA takes its buffers from the C library anew in each step. By default that library gives
	// large ones back to the system at once and gets zeroed pages for the next step: a fifth of a
	// training step's time, in the kernel. Keeping them costs memory that was used a step ago
	// anyway. One arena, for the heaps of others go back to the system when they are empty.
	"MALLOC_ARENA_MAX=1", "MALLOC_MMAP_MAX_=0", "MALLOC_TRIM_THRESHOLD_=8589934592", "MALLOC_TOP_PAD_=67108864",
	// Pages of 2 MB (GLIBC_TUNABLES=glibc.malloc.hugetlb=1) were measured to be slower: a third at
	// SmolLM2-135M.
}

// workerEnvironment is an environment with the workers' settings. Those of memory stand back where
// the user has set them; the processors are not the user's to set: workers share them.
func workerEnvironment(env []string) []string {
	given := map[string]bool{}
	for _, setting := range env {
		name, _, _ := strings.Cut(setting, "=")
		given[name] = true
	}
	env = append(env, processorSettings...)
	for _, setting := range memorySettings {
		if name, _, _ := strings.Cut(setting, "="); !given[name] {
			env = append(env, setting)
		}
	}
	return env
}
