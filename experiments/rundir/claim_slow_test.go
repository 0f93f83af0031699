//go:build linux

package rundir

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// slowRenewal renews a claim on a file system that hangs: the claim's file is a pipe, which is read
// only after meanwhile has returned.
func slowRenewal(t *testing.T, meanwhile func(cell Cell)) (*Claim, error) {
	t.Helper()
	cell := Run{Path: t.TempDir()}.Cell("seq-s0-o0")
	claim, err := TakeClaim(t.Context(), cell, Lease{Renew: time.Hour, Lose: time.Hour, Dead: time.Hour}, new(Sighting))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { claim.Release() })
	if err := errors.Join(os.Remove(claim.path()), syscall.Mkfifo(claim.path(), 0o644)); err != nil {
		t.Fatal(err)
	}
	renewed := make(chan error, 1)
	go func() { renewed <- claim.renew(false) }()
	pipe, err := os.OpenFile(claim.path(), os.O_WRONLY, 0) // returns when renew has begun to read
	if err != nil {
		t.Fatal(err)
	}
	meanwhile(cell)
	_, err = pipe.WriteString("{}\n")
	if err := errors.Join(err, pipe.Close()); err != nil {
		t.Fatal(err)
	}
	return claim, <-renewed
}

// TestARenewalThatHungDoesNotReviveAClaim: it counts from before the hang.
func TestARenewalThatHungDoesNotReviveAClaim(t *testing.T) {
	var hung time.Time
	claim, err := slowRenewal(t, func(Cell) { hung = time.Now() })
	if err != nil {
		t.Fatal(err)
	}
	claim.mu.Lock()
	defer claim.mu.Unlock()
	if claim.renewed.After(hung) {
		t.Error("it was renewed after the file system hung")
	}
}

func TestAClaimThatIsTakenOverDuringARenewalIsLost(t *testing.T) {
	claim, err := slowRenewal(t, func(cell Cell) {
		if err := WriteJSON(filepath.Join(cell.Claims(), "0002.json"), attempt{Host: "node7"}); err != nil {
			t.Fatal(err)
		}
	})
	if !errors.Is(err, ErrClaimLost) || !errors.Is(claim.Err(), ErrClaimLost) {
		t.Error(err, claim.Err())
	}
}
