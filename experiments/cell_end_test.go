package experiments

import (
	"context"
	"errors"
	"strings"
	"testing"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/methods/backbone"
)

func TestACellThatLacksMemorySaysWhatTakesLess(t *testing.T) {
	for text, want := range map[string]bool{
		"run graph x: RESOURCE_EXHAUSTED: Out of memory while trying to allocate 10 bytes": true,
		"run graph x: a wrong shape": false,
	} {
		err := errors.New(text)
		state, reason := EndState(context.Background(), err)
		if state != record.Failed || strings.Contains(reason, "training.accumulate") != want || OutOfMemory(err) != want {
			t.Errorf("%s: %s, %s", text, state, reason)
		}
	}
	if OutOfMemory(nil) {
		t.Error("no error is out of memory")
	}
}

// TestAGPUIsNamedBeforeTheProcessor, in the manifest as in each cell's status.
func TestAGPUIsNamedBeforeTheProcessor(t *testing.T) {
	var plain, gpu rundir.Manifest
	DescribeBackend(&plain, backbone.BackendInfo{Name: "go"})
	DescribeBackend(&gpu, backbone.BackendInfo{Name: "xla", Device: "a GPU", TF32: true})
	if plain.Processor == "" || !strings.HasSuffix(gpu.Processor, " with "+plain.Processor) {
		t.Errorf("%q and %q", plain.Processor, gpu.Processor)
	}
	if err := gpu.CheckBackend(rundir.Manifest{Backend: "xla"}); err == nil || !strings.Contains(err.Error(), `another precision of products: was "tf32", is "f32"`) {
		t.Error(err)
	}
}
