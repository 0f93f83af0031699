package hub

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"secura/atomicfile"
)

// ErrOffline says that HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE forbids a download.
var ErrOffline = errors.New("HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE forbids downloads")

const (
	attempts   = 5
	stallLimit = time.Minute // for the next bytes of a file
)

var errStalled = errors.New("no data came for a minute")

// Download brings files of a repository into the cache and returns the snapshot's folder. choose is
// called once with all paths of the repository, and returns those that are wanted, of those. A file
// that is there is not asked for again; one that was cut off is continued. A file appears in the
// cache whole and with the hub's checksum, or not at all. Several processes may download the same
// files: one does, the others wait.
func (h *Hub) Download(ctx context.Context, r Repository, choose func(files []string) ([]string, error)) (string, error) {
	snapshot, err := h.download(ctx, r, func(l listing) ([]string, error) { return choose(slices.Clone(l.files)) })
	if err != nil {
		return "", fmt.Errorf("download %s %s: %w", r.Kind, r.Name, err)
	}
	return snapshot, nil
}

func (h *Hub) download(ctx context.Context, r Repository, choose func(listing) ([]string, error)) (string, error) {
	if err := r.check(); err != nil {
		return "", err
	}
	if h.offline {
		return "", ErrOffline
	}
	var l listing
	err := h.repeat(ctx, func() (err error) {
		l, err = h.list(ctx, r)
		return err
	})
	if err != nil {
		return "", err
	}
	wanted, err := choose(l)
	if err != nil {
		return "", err
	}
	for _, file := range wanted {
		if !slices.Contains(l.files, file) {
			return "", fmt.Errorf("%s is not in the repository", file)
		}
		if err := h.fetch(ctx, r, l.commit, file); err != nil {
			return "", fmt.Errorf("%s: %w", file, err)
		}
	}
	folder := filepath.Join(h.cache, r.folder())
	if r.revision() != l.commit {
		if err := writeWhole(filepath.Join(folder, "refs", filepath.FromSlash(r.revision())), l.commit); err != nil {
			return "", err
		}
	}
	return filepath.Join(folder, "snapshots", l.commit), nil
}

// fetch brings one file into the cache: its content under its checksum in blobs, and a link to it
// in the snapshot.
func (h *Hub) fetch(ctx context.Context, r Repository, commit, file string) error {
	folder := filepath.Join(h.cache, r.folder())
	link := filepath.Join(folder, "snapshots", commit, filepath.FromSlash(file))
	if _, err := os.Stat(link); err == nil {
		return nil
	}
	address := fmt.Sprintf("/%s/resolve/%s/%s", r.Name, commit, escape(file))
	if r.Kind != Model {
		address = fmt.Sprintf("/%ss%s", r.Kind, address)
	}
	var from remote
	err := h.repeat(ctx, func() (err error) {
		from, err = h.inspect(ctx, address)
		return err
	})
	if err != nil {
		return err
	}
	blob := filepath.Join(folder, "blobs", from.checksum)
	locks := filepath.Join(h.cache, ".locks", r.folder())
	for _, dir := range []string{filepath.Dir(blob), locks, filepath.Dir(link)} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	lock := flock.New(filepath.Join(locks, from.checksum+".lock"))
	if _, err := lock.TryLockContext(ctx, 200*time.Millisecond); err != nil {
		return fmt.Errorf("wait for another download of the same file: %w", err)
	}
	defer lock.Unlock()
	if _, err := os.Stat(blob); err != nil {
		fmt.Fprintf(h.log, "download %s of %s, %.1f MB\n", file, r.Name, float64(from.size)/1e6)
		if err := h.fetchBlob(ctx, from, blob); err != nil {
			return err
		}
	}
	target, err := filepath.Rel(filepath.Dir(link), blob)
	if err != nil {
		return err
	}
	if err := os.Symlink(target, link); err != nil && !errors.Is(err, os.ErrExist) {
		return os.Link(blob, link) // a file system without symbolic links
	}
	return nil
}

// fetchBlob downloads into blob.incomplete, and renames it when it has the right size and checksum.
func (h *Hub) fetchBlob(ctx context.Context, from remote, blob string) error {
	incomplete := blob + ".incomplete"
	out, err := os.OpenFile(incomplete, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	defer out.Close()
	if err := h.repeat(ctx, func() error { return h.resume(ctx, from, out) }); err != nil {
		return err
	}
	got, err := checksum(out, from)
	if err != nil {
		return err
	}
	if got != from.checksum {
		os.Remove(incomplete)
		return fmt.Errorf("the checksum of what came is %s, the hub's is %s; it was removed, try again", got, from.checksum)
	}
	if err := errors.Join(out.Sync(), out.Close()); err != nil {
		return err
	}
	return os.Rename(incomplete, blob)
}

// resume appends what is missing of a file.
func (h *Hub) resume(ctx context.Context, from remote, out *os.File) error {
	offset, err := out.Seek(0, io.SeekEnd)
	if err != nil || offset == from.size {
		return err
	}
	restart := func() error {
		offset = 0
		if err := out.Truncate(0); err != nil {
			return err
		}
		_, err := out.Seek(0, io.SeekStart)
		return err
	}
	if offset > from.size {
		if err := restart(); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	response, err := h.request(ctx, http.MethodGet, from.path, offset)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if offset > 0 && !strings.HasPrefix(response.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", offset)) {
		if response.StatusCode == http.StatusPartialContent {
			return fmt.Errorf("the hub sends the part %q, asked for was %d-", response.Header.Get("Content-Range"), offset)
		}
		if err := restart(); err != nil { // the server sends the whole file
			return err
		}
	}
	stall := time.AfterFunc(stallLimit, func() { cancel(errStalled) })
	defer stall.Stop()
	body := readerFunc(func(p []byte) (int, error) {
		n, err := response.Body.Read(p)
		stall.Reset(stallLimit)
		return n, err
	})
	n, err := io.Copy(out, io.LimitReader(body, from.size-offset+1))
	switch {
	case context.Cause(ctx) == errStalled:
		return errStalled
	case err != nil:
		return err
	case offset+n < from.size:
		return fmt.Errorf("%w: %d of %d bytes came", io.ErrUnexpectedEOF, offset+n, from.size)
	case offset+n > from.size:
		return errors.Join(fmt.Errorf("more than the %d bytes that the hub told of came", from.size), out.Truncate(0))
	}
	return nil
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// repeat tries again, after longer and longer pauses, what may succeed later.
func (h *Hub) repeat(ctx context.Context, try func() error) error {
	pause := h.pause
	for attempt := 1; ; attempt++ {
		err := try()
		if err == nil || ctx.Err() != nil || !passing(err) || attempt == attempts {
			return err
		}
		fmt.Fprintf(h.log, "%v; attempt %d of %d follows\n", err, attempt+1, attempts)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		pause *= 2
	}
}

// checksum is the SHA-256 of a file's content, or, as the hub states it of files in git itself, the
// SHA-1 of the git object.
func checksum(file *os.File, from remote) (string, error) {
	var sum hash.Hash = sha256.New()
	if len(from.checksum) == 2*sha1.Size {
		sum = sha1.New()
		fmt.Fprintf(sum, "blob %d\x00", from.size)
	}
	if _, err := io.Copy(sum, io.NewSectionReader(file, 0, from.size)); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// writeWhole writes a small file so that no reader sees a part of it.
func writeWhole(path, content string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return atomicfile.WriteBytes(path, []byte(content))
}
