package prepared

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	"golang.org/x/exp/mmap"

	"secura/atomicfile"
	"secura/datasets"
)

// Store opens prepared splits, and makes those that it does not have.
type Store struct {
	// DataDir is the folder below which the tasks' relative sources lie.
	DataDir string
	// Folder keeps the files for later and for other processes. Without one, each is a temporary
	// file of this process.
	Folder string
	// Warn is told why a file is made again, or cannot be kept. It may be nil.
	Warn func(text string)
	// Doing is told what is prepared, and how far that is; "" when it ends. It may be nil.
	Doing func(text string)

	hashes  map[string]hashed
	program string
	told    bool // that Folder cannot be written
	toldAt  time.Time
}

// Want says what of a split is prepared.
type Want struct {
	Split string
	// Evaluated keeps the texts beside the tokens, and at most Most of the examples, which
	// datasets.Task.Sample chooses; 0 keeps all. Every row is made an example all the same, so that
	// each is known to be good.
	Evaluated bool
	Most      int
}

// Open gives a split's examples as an encoder encodes them: from the file in the store's folder
// that was made of the same data by the same program, or from a new one. A file that is damaged, or
// was made of other data, is made again. Of several processes that want the same file one makes it
// and the others wait. Errors of the data are those of datasets.Task.Read.
func (s *Store) Open(ctx context.Context, task datasets.Task, want Want, encoder *datasets.Encoder) (*Split, error) {
	files, err := s.Files(task, want.Split)
	if err != nil {
		return nil, err
	}
	m := &making{store: s, task: task, want: want, encoder: encoder, files: files}
	if m.header.Key, err = m.key(); err != nil {
		return nil, err
	}
	if s.Folder == "" {
		return temporary(m.write(ctx))
	}
	if m.header.Program, err = s.programDigest(); err != nil {
		return nil, err
	}
	path := filepath.Join(s.Folder, fmt.Sprintf("%s-%s-%.16s.examples", task.Name, want.Split, m.header.Key))
	split, err := m.fromFile(path)
	if err == nil {
		return split, nil
	}
	lock, lockErr := s.lock(ctx, path)
	if lockErr == nil {
		defer lock.Close() // the file stays: another process may wait for it
		if split, err = m.fromFile(path); err == nil {
			return split, nil
		}
	} else if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	var damaged *damagedError
	if errors.As(err, &damaged) {
		s.warn("%v: it is made again", err)
	}
	if err = writeFile(s.Folder, path, m.write(ctx)); err == nil {
		s.trim()
		return m.fromFile(path)
	}
	var unwritable *folderError
	if !errors.As(err, &unwritable) {
		return nil, err
	}
	if !s.told {
		s.told = true
		s.warn("prepared examples cannot be kept in %s: %v; each process prepares its own, in %s", s.Folder, unwritable.err, os.TempDir())
	}
	return temporary(m.write(ctx))
}

func (s *Store) warn(format string, args ...any) {
	if s.Warn != nil {
		s.Warn(fmt.Sprintf(format, args...))
	}
}

// lock waits for the lock of a file.
func (s *Store) lock(ctx context.Context, path string) (*flock.Flock, error) {
	if err := os.MkdirAll(s.Folder, 0o755); err != nil {
		return nil, err
	}
	lock := flock.New(path + ".lock")
	if ok, err := lock.TryLockContext(ctx, 50*time.Millisecond); err != nil || !ok {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

// damagedError says what is wrong with a file of the store.
type damagedError struct {
	path string
	err  error
}

func (e *damagedError) Error() string { return fmt.Sprintf("%s is damaged: %v", e.path, e.err) }
func (e *damagedError) Unwrap() error { return e.err }

// errOther is of a file that is whole, but of another program or other data.
var errOther = errors.New("it was made by another program")

// fromFile maps a file, if it is whole and what is wanted.
func (m *making) fromFile(path string) (*Split, error) {
	split, h, err := open(path)
	if err != nil {
		return nil, err
	}
	if h.Key != m.header.Key || h.Program != m.header.Program {
		split.Close()
		return nil, errOther
	}
	now := time.Now()
	os.Chtimes(path, now, now) // it was used; trim goes by this
	return split, nil
}

// open maps a file and checks it.
func open(path string) (*Split, header, error) {
	file, err := mmap.Open(path)
	if err != nil {
		return nil, header{}, err
	}
	s := &Split{file: file, close: file.Close}
	h, err := s.check(int64(file.Len()))
	if err != nil {
		file.Close()
		return nil, h, &damagedError{path, err}
	}
	return s, h, nil
}

// unusedFor is how long a file of the store is kept that nobody opens.
const unusedFor = 30 * 24 * time.Hour

// trim removes what nobody has used for long.
func (s *Store) trim() {
	for _, pattern := range []string{"*.examples", "*.lock", "*.tmp", atomicfile.TempPrefix + "*", "*.hash"} {
		paths, _ := filepath.Glob(filepath.Join(s.Folder, pattern))
		for _, path := range paths {
			if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > unusedFor {
				os.Remove(path)
			}
		}
	}
}

// key is the digest of everything that decides a split's examples: the rows, how they become texts,
// how these become tokens, and which are kept.
func (m *making) key() (string, error) {
	task := m.task
	task.Family, task.Scores, task.MaxNewTokens, task.Stop, task.Readable = "", nil, 0, nil, nil // these are for later
	encoded, err := json.Marshal(task)
	if err != nil {
		return "", fmt.Errorf("name the examples of task %s: %w", task.Name, err)
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "%d %s %s %t %d %s", version, encoded, m.want.Split, m.want.Evaluated, m.want.Most, m.encoder.Digest())
	for _, f := range m.files {
		fmt.Fprintf(sum, " %s %s", f.Split, f.SHA256)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// programDigest names this program by its file: another one may encode otherwise.
func (s *Store) programDigest() (string, error) {
	if s.program != "" {
		return s.program, nil
	}
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this program's file: %w", err)
	}
	f, err := s.hash(path)
	s.program = f.SHA256
	return f.SHA256, err
}
