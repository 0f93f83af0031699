//go:build !linux

package engine

import (
	"os"
	"os/exec"
)

// coresToTake is empty: processes are not pinned on this system.
func coresToTake() []int { return nil }

func setGroup(*exec.Cmd) {}

func startOn(_ int, command *exec.Cmd, exited chan<- struct{}, waitErr *error) error {
	if err := command.Start(); err != nil {
		return err
	}
	go func() {
		*waitErr = command.Wait()
		close(exited)
	}()
	return nil
}

func terminate(command *exec.Cmd) {
	if command.Process.Signal(os.Interrupt) != nil {
		command.Process.Kill()
	}
}

func killGroup(command *exec.Cmd) { command.Process.Kill() }
