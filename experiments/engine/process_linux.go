package engine

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// allowedCores are the cores that this process may run on.
func allowedCores() []int { return coresOf(0) }

// coresOf are the cores that a process may run on, this one by 0; none where that cannot be read.
func coresOf(process int) []int {
	var set unix.CPUSet
	if unix.SchedGetaffinity(process, &set) != nil {
		return nil
	}
	var cores []int
	for i := 0; len(cores) < set.Count(); i++ {
		if set.IsSet(i) {
			cores = append(cores, i)
		}
	}
	return cores
}

// coresToTake are the allowed cores, those that the fewest processes are bound to first: the
// workers of two runs on one machine do not share a core while another is free.
func coresToTake() []int {
	cores, bound := allowedCores(), map[int]int{}
	for _, core := range boundProcesses() {
		bound[core]++
	}
	slices.SortStableFunc(cores, func(a, b int) int { return cmp.Compare(bound[a], bound[b]) })
	return cores
}

// boundProcesses are the processes that may run on one core alone, by their number. The kernel's
// own, which have no command line, are not counted. Of those that cannot be read nothing is known.
func boundProcesses() map[int]int {
	bound := map[int]int{}
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, line := range lines {
		if said, err := os.ReadFile(line); err != nil || len(said) == 0 {
			continue
		}
		process, _ := strconv.Atoi(filepath.Base(filepath.Dir(line)))
		if cores := coresOf(process); len(cores) == 1 {
			bound[process] = cores[0]
		}
	}
	return bound
}

// setGroup gives the process a group of its own, so that a Ctrl-C in the terminal reaches the
// parent alone, and lets it die with the parent.
func setGroup(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// startOn starts the process on a core (-1: any), and closes exited once it is gone, waitErr
// telling how.
//
// A child inherits the affinity of the thread that starts it, and Pdeathsig fires when that thread
// ends, not the process; so one locked thread starts the child, gets its own affinity back, and
// waits until the child is gone.
func startOn(core int, command *exec.Cmd, exited chan<- struct{}, waitErr *error) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		var before, one unix.CPUSet
		pinned := core >= 0 && unix.SchedGetaffinity(0, &before) == nil
		if pinned {
			one.Set(core)
			pinned = unix.SchedSetaffinity(0, &one) == nil
		}
		err := command.Start()
		if pinned {
			unix.SchedSetaffinity(0, &before)
		}
		started <- err
		if err == nil {
			*waitErr = command.Wait()
			close(exited)
		}
	}()
	return <-started
}

// terminate asks the process and what it started to end.
func terminate(command *exec.Cmd) { unix.Kill(-command.Process.Pid, unix.SIGTERM) }

// killGroup ends the process and what it started.
func killGroup(command *exec.Cmd) { unix.Kill(-command.Process.Pid, unix.SIGKILL) }
