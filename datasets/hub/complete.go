package hub

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// completeLimit bounds asking for what a snapshot may lack: a node without a network must not wait.
const completeLimit = 10 * time.Second

// Complete brings those of the given files into a repository's snapshot that it lacks and the
// repository has, in the snapshot's own revision. What the repository does not have is noted as the
// Python library notes it, in .no_exist, and not asked for again. Offline it does nothing. Its
// error says why the snapshot may lack files still.
func (h *Hub) Complete(ctx context.Context, r Repository, files []string) error {
	snapshot, err := h.Snapshot(r)
	if err != nil || h.offline {
		return err
	}
	r.Revision = filepath.Base(snapshot)
	absent := filepath.Join(h.cache, r.folder(), ".no_exist", r.Revision)
	there := func(folder, file string) bool {
		_, err := os.Stat(filepath.Join(folder, filepath.FromSlash(file)))
		return !errors.Is(err, fs.ErrNotExist)
	}
	missing := slices.DeleteFunc(slices.Clone(files), func(file string) bool { return there(snapshot, file) || there(absent, file) })
	if len(missing) == 0 {
		return nil
	}
	asking, done := context.WithTimeout(ctx, completeLimit)
	defer done()
	l, err := h.list(asking, r)
	if err != nil {
		return fmt.Errorf("complete %s %s: %w", r.Kind, r.Name, err)
	}
	for _, file := range missing {
		if slices.Contains(l.files, file) {
			err = h.fetch(ctx, r, r.Revision, file)
		} else {
			err = writeWhole(filepath.Join(absent, filepath.FromSlash(file)), "")
		}
		if err != nil {
			return fmt.Errorf("complete %s %s: %s: %w", r.Kind, r.Name, file, err)
		}
	}
	return nil
}
