package rundir

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"
)

// ErrLocked is the error of a lock that another process holds.
var ErrLocked = errors.New("locked")

// Lock is a held lock. It dies with its process, so none is ever stale. On
// network file systems such locks may do nothing; host and process are
// written into the file for people who have to find out.
type Lock struct {
	flock *flock.Flock
}

// TakeLock takes the lock at path, creating the file and its folder, or
// returns at once an error that is ErrLocked and names the holder.
func TakeLock(path string) (*Lock, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	f := flock.New(path)
	ok, err := f.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
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

// Release gives the lock back. The file stays.
func (l *Lock) Release() error { return l.flock.Close() }

func holder(path string) string {
	data, err := os.ReadFile(path)
	fields := strings.Fields(string(data))
	if err != nil || len(fields) != 2 {
		return "another process"
	}
	return fmt.Sprintf("process %s on %s", fields[1], fields[0])
}
