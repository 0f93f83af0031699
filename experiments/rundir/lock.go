package rundir

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"
)

// ErrLocked is the error of a lock that another process holds.
var ErrLocked = errors.New("locked")

// Lock is a held lock. It dies with its process, so none is ever stale. On network file systems
// such locks may do nothing; host and process are written into the file for people who have to find
// out.
type Lock struct {
	flock *flock.Flock
}

// TakeLock takes the lock at path, creating the file and its folder, or returns at once an error
// that is ErrLocked and names the holder.
func TakeLock(path string) (*Lock, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	f := flock.New(path)
	ok, err := f.TryLock()
	if err != nil {
		return nil, notLockable(path, err)
	}
	if !ok {
		f.Close()
		return nil, fmt.Errorf("%s is %w by %s; wait for it or stop it", path, ErrLocked, holder(path))
	}
	host, _ := os.Hostname()
	if err := os.WriteFile(path, fmt.Appendf(nil, "%s %d\n", host, os.Getpid()), 0o644); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return &Lock{f}, nil
}

// notLockable is the error of a lock that the system could not try to take.
func notLockable(path string, err error) error {
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.ENOLCK) {
		return fmt.Errorf("lock %s: the file system of %s has no file locks (%w): mount it with them, Lustre with -o flock, or give an -out on another one",
			path, filepath.Dir(path), err)
	}
	return fmt.Errorf("lock %s: %w", path, err)
}

// Release gives the lock back. The file stays.
func (l *Lock) Release() error { return l.flock.Close() }

// Holder tells which process holds the lock at path, and whether it is of this machine; 0 if none
// does.
func Holder(path string) (pid int, here bool, err error) {
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return 0, false, nil
	}
	f := flock.New(path)
	free, err := f.TryLock()
	if err != nil {
		return 0, false, notLockable(path, err)
	}
	defer f.Close()
	if free {
		return 0, false, nil
	}
	host, pid := named(path)
	mine, _ := os.Hostname()
	return pid, host == mine, nil
}

// holder names the process that holds a lock.
func holder(path string) string {
	host, pid := named(path)
	if pid == 0 {
		return "another process"
	}
	return fmt.Sprintf("process %d on %s", pid, host)
}

// named is LockedBy of a lock that is held. A process that has just taken it may not have written
// its name yet: it is given a moment.
func named(path string) (host string, pid int) {
	host, pid = LockedBy(path)
	for wait := 0; pid == 0 && wait < 20; wait++ {
		time.Sleep(10 * time.Millisecond)
		host, pid = LockedBy(path)
	}
	return host, pid
}

// LockedBy is the process that took the lock at path last, whether it still holds it or not: it
// takes no lock to find out. It is 0 where none has.
func LockedBy(path string) (host string, pid int) {
	data, err := os.ReadFile(path)
	if fields := strings.Fields(string(data)); err == nil && len(fields) == 2 {
		host = fields[0]
		pid, _ = strconv.Atoi(fields[1])
	}
	return host, pid
}
