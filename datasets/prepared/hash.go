package prepared

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"secura/atomicfile"
	"secura/datasets"
	"secura/datasets/builtin"
)

// File is a data file by its content.
type File struct {
	// Split is the task's split that it belongs to.
	Split string
	// Path is where it lies; of a built-in task, which is in the program, it is empty.
	Path   string
	SHA256 string
	Bytes  int64
}

// Files names the files by their content that decide what a task's splits are, in their order.
//
// A file's hash is remembered in the store's folder, with the file's size and the time when it was
// last changed. Where both are the same, and the file was at least two seconds old when it was
// hashed, it is not read again. A store without a folder reads each file.
func (s *Store) Files(task datasets.Task, splits ...string) (list []File, err error) {
	var read []string // with few-shot examples, those of the training split too
	for _, split := range splits {
		for _, other := range task.SplitsRead(split) {
			if !slices.Contains(read, other) {
				read = append(read, other)
			}
		}
	}
	for _, split := range read {
		if err := task.Allow(split); err != nil {
			return nil, err
		}
		if name, ok := task.Builtin(); ok {
			data, err := builtin.File(name, split)
			if err != nil {
				return nil, fmt.Errorf("task %s: %w", task.Name, err)
			}
			sum := sha256.Sum256(data)
			list = append(list, File{Split: split, SHA256: hex.EncodeToString(sum[:]), Bytes: int64(len(data))})
			continue
		}
		paths, err := task.Files(s.DataDir, split)
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			f, err := s.hash(path)
			if err != nil {
				return nil, fmt.Errorf("task %s: %w", task.Name, err)
			}
			list = append(list, File{split, path, f.SHA256, f.Size})
		}
	}
	return list, nil
}

// hashed is what is remembered of a file.
type hashed struct {
	Path     string    `json:"path"`
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
	SHA256   string    `json:"sha256"`
}

// settled is how long a file must have been left alone before its hash is remembered: within the
// resolution of a file system's clock it could change once more and look the same.
const settled = 2 * time.Second

// same says whether a file has the size and the time of change of one that was hashed.
func (h hashed) same(info os.FileInfo) bool {
	return h.Size == info.Size() && h.Modified.Equal(info.ModTime())
}

// hash names a file by its content.
func (s *Store) hash(path string) (hashed, error) {
	full, err := filepath.Abs(path)
	if err != nil {
		return hashed{}, fmt.Errorf("hash file: %w", err)
	}
	f, err := os.Open(full)
	if err != nil {
		return hashed{}, fmt.Errorf("hash file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return hashed{}, fmt.Errorf("hash file: %w", err)
	}
	if h, ok := s.hashes[full]; ok && h.same(info) {
		return h, nil
	}
	name := sha256.Sum256([]byte(full))
	memo := filepath.Join(s.Folder, hex.EncodeToString(name[:8])+".hash")
	var h hashed
	if s.Folder != "" {
		if data, err := os.ReadFile(memo); err == nil && json.Unmarshal(data, &h) == nil && h.Path == full && h.same(info) {
			return s.remember(h), nil
		}
	}
	if s.Doing != nil && info.Size() > 1<<28 {
		s.Doing("reads " + path + " for its hash")
		defer s.Doing("")
	}
	begun := time.Now()
	sum, n, err := atomicfile.Sum(f)
	if err != nil {
		return hashed{}, fmt.Errorf("hash file: %w", err)
	}
	h = hashed{full, n, info.ModTime(), sum}
	if s.Folder != "" && begun.Sub(info.ModTime()) > settled {
		s.keepHash(memo, h)
	}
	return s.remember(h), nil
}

func (s *Store) remember(h hashed) hashed {
	if s.hashes == nil {
		s.hashes = map[string]hashed{}
	}
	s.hashes[h.Path] = h
	return h
}

// keepHash writes what is remembered. It saves time alone: where it cannot be written, the file is
// hashed again.
func (s *Store) keepHash(path string, h hashed) {
	data, err := json.Marshal(h)
	if err != nil || os.MkdirAll(s.Folder, 0o755) != nil {
		return
	}
	_ = atomicfile.WriteBytes(path, data)
}
