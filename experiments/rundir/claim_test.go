package rundir

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"secura/experiments/machine"
)

var shortLease = Lease{Renew: 20 * time.Millisecond, Lose: 100 * time.Millisecond, Dead: 250 * time.Millisecond}

// elsewhereClaims writes the claim of another machine as the cell's newest.
func elsewhereClaims(t *testing.T, c Cell, a attempt) string {
	t.Helper()
	a.Host, a.Boot, a.PID = "node7", "another boot", 4711
	path := filepath.Join(c.Claims(), "0001.json")
	if err := WriteJSON(path, a); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAClaimOfAnotherMachineHoldsWhileItIsRenewed(t *testing.T) {
	cell := Run{Path: t.TempDir()}.Cell("seq-s0-o0")
	path := elsewhereClaims(t, cell, attempt{Job: "12_3"})
	var seen Sighting
	if _, err := TakeClaim(t.Context(), cell, shortLease, &seen); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), "job 12_3 on node7") {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var renewing sync.WaitGroup
	renewing.Go(func() {
		for n := 1; ctx.Err() == nil; n++ {
			WriteJSON(path, attempt{Host: "node7", Boot: "another boot", PID: 4711, Renewed: n})
			time.Sleep(20 * time.Millisecond)
		}
	})
	_, err := TakeClaim(t.Context(), cell, shortLease, &seen)
	stop()
	renewing.Wait()
	if !errors.Is(err, ErrLocked) {
		t.Fatal(err)
	}
	claim, err := TakeClaim(t.Context(), cell, shortLease, &seen)
	if errors.Is(err, ErrLocked) { // it was renewed once more before that ended
		claim, err = TakeClaim(t.Context(), cell, shortLease, &seen)
	}
	if err != nil {
		t.Fatal("a claim that nobody renews is dead:", err)
	}
	if claim.Attempt != 2 {
		t.Errorf("attempt %d, want 2", claim.Attempt)
	}
	if err := claim.Release(); err != nil {
		t.Fatal(err)
	}
}

// TestWhatWasSeenOfAClaimLongAgoSavesWaiting asks for two cells long after they were first asked
// for: whether their claims were renewed meanwhile is known at once.
func TestWhatWasSeenOfAClaimLongAgoSavesWaiting(t *testing.T) {
	alive, dead := Run{Path: t.TempDir()}.Cell("seq-s0-o0"), Run{Path: t.TempDir()}.Cell("seq-s0-o0")
	elsewhereClaims(t, alive, attempt{Renewed: 7})
	elsewhereClaims(t, dead, attempt{Renewed: 7})
	long := time.Now().Add(-time.Hour)
	start := time.Now()
	if _, err := TakeClaim(t.Context(), alive, DefaultLease, &Sighting{1, 6, long}); !errors.Is(err, ErrLocked) {
		t.Error(err)
	}
	claim, err := TakeClaim(t.Context(), dead, DefaultLease, &Sighting{1, 7, long})
	if err != nil {
		t.Fatal(err)
	}
	defer claim.Release()
	if waited := time.Since(start); waited > DefaultLease.Renew {
		t.Errorf("it took %s", waited)
	}
}

// A cell that is given back while it is watched is taken at once.
func TestAClaimThatIsReleasedMeanwhileIsTaken(t *testing.T) {
	cell := Run{Path: t.TempDir()}.Cell("seq-s0-o0")
	elsewhereClaims(t, cell, attempt{Renewed: 7})
	time.AfterFunc(50*time.Millisecond, func() { elsewhereClaims(t, cell, attempt{Renewed: 8, Released: true}) })
	claim, err := TakeClaim(t.Context(), cell, Lease{Renew: 10 * time.Millisecond, Lose: time.Minute, Dead: time.Minute}, &Sighting{1, 7, time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	defer claim.Release()
	if claim.Attempt != 2 {
		t.Errorf("attempt %d", claim.Attempt)
	}
}

func TestAReleasedClaimAndOneOfADeadProcessAreTakenAtOnce(t *testing.T) {
	cell := Run{Path: t.TempDir()}.Cell("seq-s0-o0")
	elsewhereClaims(t, cell, attempt{Released: true})
	host, _ := os.Hostname()
	// This machine's second attempt was never released, but its file lock is free.
	if err := WriteJSON(filepath.Join(cell.Claims(), "0002.json"), attempt{Host: host, Boot: machine.BootID(), PID: 1}); err != nil {
		t.Fatal(err)
	}
	claim, err := TakeClaim(t.Context(), cell, DefaultLease, new(Sighting))
	if err != nil {
		t.Fatal(err)
	}
	defer claim.Release()
	if claim.Attempt != 3 || claim.Err() != nil {
		t.Errorf("attempt %d, %v", claim.Attempt, claim.Err())
	}
	if _, err := TakeClaim(t.Context(), cell, DefaultLease, new(Sighting)); !errors.Is(err, ErrLocked) {
		t.Error("the file lock must hold:", err)
	}
	if left, _ := filepath.Glob(filepath.Join(cell.Claims(), "*-*")); len(left) != 0 {
		t.Error("left over:", left)
	}
}

func TestAHolderNoticesThatItsClaimWasTakenOver(t *testing.T) {
	cell := Run{Path: t.TempDir()}.Cell("seq-s0-o0")
	claim, err := TakeClaim(t.Context(), cell, Lease{Renew: 20 * time.Millisecond, Lose: time.Hour, Dead: time.Hour}, new(Sighting))
	if err != nil {
		t.Fatal(err)
	}
	if err := WriteJSON(filepath.Join(cell.Claims(), "0002.json"), attempt{Host: "node7"}); err != nil {
		t.Fatal(err)
	}
	for wait := 0; claim.Err() == nil && wait < 500; wait++ {
		time.Sleep(20 * time.Millisecond)
	}
	if err := claim.Err(); !errors.Is(err, ErrClaimLost) {
		t.Error(err)
	}
	if err := claim.Release(); err != nil {
		t.Error(err)
	}
	var mine attempt
	if err := ReadJSON(filepath.Join(cell.Claims(), "0001.json"), &mine); err != nil || mine.Released {
		t.Error("a lost claim must stay as it is:", mine, err)
	}
}

// TestAHolderThatWasHeldUpTakesItsCellAgain under the next number, by its own clock, unless another
// process had that; a number that others know is renewed no more.
func TestAHolderThatWasHeldUpTakesItsCellAgain(t *testing.T) {
	cell := Run{Path: t.TempDir()}.Cell("seq-s0-o0")
	claim, err := TakeClaim(t.Context(), cell, Lease{Renew: time.Hour, Lose: time.Minute, Dead: time.Hour}, new(Sighting))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { claim.Release() })
	holdUp := func() {
		claim.mu.Lock()
		defer claim.mu.Unlock()
		claim.renewed = claim.renewed.Add(-2 * time.Minute)
	}
	holdUp()
	if err := claim.Err(); err != nil || claim.Attempt != 2 {
		t.Fatalf("attempt %d, %v", claim.Attempt, err)
	}
	if err := claim.renew(false); err != nil {
		t.Error(err)
	}
	if number, last, err := newestAttempt(cell); number != 2 || last.Renewed != 1 || err != nil {
		t.Errorf("the newest is attempt %d, %+v, %v", number, last, err)
	}
	// Another had the cell meanwhile, and gave it back.
	if err := WriteJSON(filepath.Join(cell.Claims(), "0003.json"), attempt{Host: "node7", Released: true}); err != nil {
		t.Fatal(err)
	}
	holdUp()
	for range 2 {
		if err := claim.renew(false); !errors.Is(err, ErrClaimLost) || errors.Is(err, ErrLocked) {
			t.Error("it was revived:", err)
		}
	}
	if number, _, err := newestAttempt(cell); number != 3 || err != nil {
		t.Errorf("the newest is attempt %d, %v", number, err)
	}
}

// TestAMachineThatWasSuspendedAsksForItsCell has one whose clock stood still for a while.
func TestAMachineThatWasSuspendedAsksForItsCell(t *testing.T) {
	if machine.Uptime() == 0 {
		t.Skip("the system does not tell how long it is up")
	}
	cell := Run{Path: t.TempDir()}.Cell("seq-s0-o0")
	claim, err := TakeClaim(t.Context(), cell, DefaultLease, new(Sighting))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { claim.Release() })
	suspend := func() {
		claim.mu.Lock()
		defer claim.mu.Unlock()
		claim.uptime -= DefaultLease.Dead
	}
	suspend()
	if err := claim.Err(); err != nil || claim.Attempt != 2 {
		t.Errorf("attempt %d, %v", claim.Attempt, err)
	}
	suspend()
	if err := WriteJSON(filepath.Join(cell.Claims(), "0003.json"), attempt{Host: "node7"}); err != nil {
		t.Fatal(err)
	}
	if err := claim.Err(); !errors.Is(err, ErrClaimLost) {
		t.Error(err)
	}
}

func TestOfManyAtOnceOneTakesAClaim(t *testing.T) {
	cell := Run{Path: t.TempDir()}.Cell("seq-s0-o0")
	elsewhereClaims(t, cell, attempt{Released: true})
	// The file lock is left out, as on a network file system that has none.
	taken := make(chan error, 16)
	var all sync.WaitGroup
	for i := range cap(taken) {
		all.Go(func() {
			c := &Claim{cell: cell, Attempt: 2, state: attempt{Host: "h", PID: i}}
			taken <- c.create()
		})
	}
	all.Wait()
	winners := 0
	for range cap(taken) {
		if err := <-taken; err == nil {
			winners++
		} else if !errors.Is(err, ErrLocked) {
			t.Error(err)
		}
	}
	if winners != 1 {
		t.Errorf("%d took it", winners)
	}
}
