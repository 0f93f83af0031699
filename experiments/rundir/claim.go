package rundir

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"secura/experiments/machine"
)

// ErrClaimLost is the error of a claim whose holder could not renew it in time, or that another
// process took over.
var ErrClaimLost = errors.New("the claim is lost")

// Lease says how long a claim holds. A holder that could not renew its claim no longer relies on it
// after Lose on its own clock; others take it over when they saw no renewal for Dead on theirs. No
// two clocks are compared, so that machines whose clocks differ can share a run.
type Lease struct {
	Renew, Lose, Dead time.Duration
}

// DefaultLease allows for a shared file system that shows a change after half a minute.
var DefaultLease = Lease{Renew: 10 * time.Second, Lose: 40 * time.Second, Dead: 90 * time.Second}

// attempt is the content of claims/NNNN.json. The file with the highest number says who may write
// the cell's files.
type attempt struct {
	Host string `json:"host"`
	// Boot names one start of one machine: two machines may have one name.
	Boot string `json:"boot"`
	PID  int    `json:"pid"`
	// Job is the scheduler's name of the job, such as "123_4".
	Job string `json:"job,omitempty"`
	// Renewed counts the renewals.
	Renewed  int  `json:"renewed"`
	Released bool `json:"released"`
}

// Claim is the right to write a cell's files. Within a machine a file lock decides, which dies with
// its process. File locks of network file systems may do nothing, and so the claim is a file too:
// made under a number that only one process can be the first to take, renewed while its holder
// works, and taken over under the next number when it was not renewed. A holder that was held up
// notices by its own clock before another may begin. It asks for the next number as others do, and
// goes on if none of them had it: nobody wrote the cell's files while its machine was suspended.
type Claim struct {
	lock  *Lock
	cell  Cell
	lease Lease
	// Attempt is the claim's number: how often the cell was taken.
	Attempt int

	mu      sync.Mutex
	state   attempt
	renewed time.Time
	uptime  time.Duration // the system's, when it was renewed
	lost    error

	stop chan struct{}
	done sync.WaitGroup
}

// Sighting is what was seen of the claim of another machine; the zero value is of none.
type Sighting struct {
	number, renewed int
	first           time.Time // when it was seen like this
}

// TakeClaim takes the cell, or returns an error that is ErrLocked and names the holder. A claim of
// another machine that is seen for the first time, or was renewed since, holds, and is noted in
// seen. Asked again with the same sighting it watches the claim until it is renewed, or was not for
// so long that its holder is dead.
func TakeClaim(ctx context.Context, c Cell, lease Lease, seen *Sighting) (*Claim, error) {
	lock, err := TakeLock(c.Lock())
	if err != nil {
		return nil, err
	}
	claim := &Claim{lock: lock, cell: c, lease: lease, stop: make(chan struct{})}
	if err := claim.take(ctx, seen); err != nil {
		return nil, errors.Join(fmt.Errorf("claim cell %s: %w", c.ID, err), lock.Release())
	}
	claim.done.Go(claim.keep)
	return claim, nil
}

func (c *Claim) take(ctx context.Context, seen *Sighting) error {
	number, last, err := newestAttempt(c.cell)
	if err != nil {
		return err
	}
	host, _ := os.Hostname()
	c.state = attempt{Host: host, Boot: machine.BootID(), PID: os.Getpid(), Job: jobName()}
	// One of this machine lost the file lock that this process has: it is dead.
	if number > 0 && !last.Released && (last.Host != c.state.Host || last.Boot != c.state.Boot) {
		if err := c.watch(ctx, number, last, seen); err != nil {
			return err
		}
	}
	c.Attempt, c.renewed, c.uptime = number+1, time.Now(), machine.Uptime()
	return c.create()
}

// watch returns nil when the claim is as it was seen, and has been for as long as it takes to be
// dead, or when it is released.
func (c *Claim) watch(ctx context.Context, number int, last attempt, seen *Sighting) error {
	for {
		if seen.number != number || seen.renewed != last.Renewed {
			*seen = Sighting{number, last.Renewed, time.Now()}
			return last.held()
		}
		left := c.lease.Dead - time.Since(seen.first)
		if left <= 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(min(c.lease.Renew, left)):
		}
		var err error
		if number, last, err = newestAttempt(c.cell); err != nil || last.Released {
			return err
		}
	}
}

// create puts the claim's file in place whole, unless its number is taken.
func (c *Claim) create() error {
	temp := c.path() + fmt.Sprintf(".%s-%d", c.state.Host, c.state.PID)
	if err := WriteJSON(temp, c.state); err != nil {
		return err
	}
	defer os.Remove(temp)
	err := os.Link(temp, c.path())
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("attempt %d is %w by another process", c.Attempt, ErrLocked)
	}
	return err
}

func (c *Claim) path() string {
	return filepath.Join(c.cell.Claims(), fmt.Sprintf("%04d.json", c.Attempt))
}

// keep renews the claim until it is released or lost.
func (c *Claim) keep() {
	ticker := time.NewTicker(c.lease.Renew)
	defer ticker.Stop()
	for {
		select {
		case <-c.stop:
			return
		case <-ticker.C:
		}
		if c.renew(false); c.Err() != nil {
			return
		}
	}
}

// renew writes the claim again, if it still holds and is the newest. A write that failed is tried
// again at the next time. The claim counts as renewed at the time when renew began: while a read or
// a write hung, another process may have taken it over.
func (c *Claim) renew(release bool) error {
	if err := c.Err(); err != nil {
		return err
	}
	began, uptime := time.Now(), machine.Uptime()
	c.mu.Lock()
	defer c.mu.Unlock()
	number, _, err := newestAttempt(c.cell)
	if err == nil && number == c.Attempt {
		c.state.Renewed++
		c.state.Released = release
		if err = WriteJSON(c.path(), c.state); err == nil && !release {
			number, _, err = newestAttempt(c.cell)
		}
	}
	if err != nil {
		return err
	}
	if number != c.Attempt {
		c.lost = fmt.Errorf("cell %s: %w: attempt %d has begun, this was %d", c.cell.ID, ErrClaimLost, number, c.Attempt)
		return c.lost
	}
	c.renewed, c.uptime = began, uptime
	return nil
}

// Job is the scheduler's name of the holder's job; empty outside of one.
func (c *Claim) Job() string { return c.state.Job }

// Err is nil while the claim holds, and an error that is ErrClaimLost from then on for good. A
// claim that was not renewed for too long holds if it can be taken again. Whoever writes a file of
// the cell asks first.
func (c *Claim) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	held := time.Since(c.renewed)
	if c.uptime > 0 { // of a machine that was suspended it alone tells
		held = max(held, machine.Uptime()-c.uptime)
	}
	if c.lost == nil && held > c.lease.Lose {
		if err := c.retake(); err != nil {
			c.lost = fmt.Errorf("cell %s: %w: it could not be renewed for %s: %v", c.cell.ID, ErrClaimLost, held.Round(time.Second), err)
		}
	}
	return c.lost
}

// retake takes the cell again under the next number, unless another process has had it.
func (c *Claim) retake() error {
	began, uptime := time.Now(), machine.Uptime()
	number, _, err := newestAttempt(c.cell)
	if err != nil {
		return err
	}
	if number != c.Attempt {
		return fmt.Errorf("attempt %d has begun, this was %d", number, c.Attempt)
	}
	c.Attempt++
	c.state.Renewed = 0
	if err := c.create(); err != nil {
		c.Attempt--
		return err
	}
	if took := time.Since(began); took > c.lease.Lose {
		return fmt.Errorf("it took %s to take it again", took.Round(time.Second))
	}
	c.renewed, c.uptime = began, uptime
	return nil
}

// Release gives the cell back.
func (c *Claim) Release() error {
	close(c.stop)
	c.done.Wait()
	err := c.renew(true)
	if errors.Is(err, ErrClaimLost) {
		err = nil // the one who lost it was told
	}
	return errors.Join(err, c.lock.Release())
}

// held is the error of a claim that another process has.
func (a attempt) held() error {
	who := fmt.Sprintf("process %d on %s", a.PID, a.Host)
	if a.Job != "" {
		who = fmt.Sprintf("job %s on %s", a.Job, a.Host)
	}
	return fmt.Errorf("%w by %s", ErrLocked, who)
}

// newestAttempt is the claim that counts; number is 0 where nobody ever had one.
func newestAttempt(c Cell) (number int, last attempt, err error) {
	entries, err := os.ReadDir(c.Claims())
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return 0, attempt{}, fmt.Errorf("read claims: %w", err)
	}
	for _, e := range entries {
		var n int
		if _, err := fmt.Sscanf(e.Name(), "%04d.json", &n); err == nil && e.Name() == fmt.Sprintf("%04d.json", n) {
			number = max(number, n)
		}
	}
	if number == 0 {
		return 0, attempt{}, nil
	}
	err = ReadJSON(filepath.Join(c.Claims(), fmt.Sprintf("%04d.json", number)), &last)
	return number, last, err
}

// jobName is how Slurm calls the job that this process is of, empty outside of one.
func jobName() string {
	if array := os.Getenv("SLURM_ARRAY_JOB_ID"); array != "" {
		return array + "_" + os.Getenv("SLURM_ARRAY_TASK_ID")
	}
	return os.Getenv("SLURM_JOB_ID")
}
