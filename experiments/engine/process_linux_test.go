package engine

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func TestAWorkerHasOneCoreAndTheParentKeepsItsOwn(t *testing.T) {
	before := fmt.Sprint(allowedCores())
	var s seen
	if err := run(t, context.Background(), 2, &s, "where-1", "where-2"); err != nil {
		t.Fatal(err)
	}
	for _, p := range s.lines {
		if p.Reason != "" && !p.State.Ended() {
			if n := len(strings.Fields(p.Reason)); n != 1 || !strings.HasSuffix(p.Reason, "]1") && !strings.HasSuffix(p.Reason, "] 1") {
				t.Errorf("cores and GOMAXPROCS: %s", p.Reason)
			}
		}
	}
	if after := fmt.Sprint(allowedCores()); after != before {
		t.Errorf("the parent had cores %s, has %s", before, after)
	}
}

// TestTakenCoresComeLast: a core that a process is bound to is taken after those that fewer are
// bound to, and is free again once the process is gone.
func TestTakenCoresComeLast(t *testing.T) {
	core := allowedCores()[0]
	command := exec.Command("sleep", "60")
	exited := make(chan struct{})
	var waitErr error
	if err := startOn(core, command, exited, &waitErr); err != nil {
		t.Fatal(err)
	}
	bound := boundProcesses()
	if at, ok := bound[command.Process.Pid]; !ok || at != core {
		t.Errorf("a process on core %d is seen on core %d (%t) of %v", core, at, ok, bound)
	}
	on := map[int]int{}
	for _, at := range bound {
		on[at]++
	}
	cores := coresToTake()
	if all := slices.Sorted(slices.Values(cores)); !slices.Equal(all, allowedCores()) {
		t.Errorf("cores %v, of %v", cores, allowedCores())
	}
	if now := boundProcesses(); fmt.Sprint(now) == fmt.Sprint(bound) && !slices.IsSortedFunc(cores, func(a, b int) int { return on[a] - on[b] }) {
		t.Errorf("cores are taken in the order %v, of which so many processes are bound to each: %v", cores, on)
	}
	command.Process.Kill()
	<-exited
	if _, ok := boundProcesses()[command.Process.Pid]; ok {
		t.Error("a process that is gone still takes a core")
	}
}
