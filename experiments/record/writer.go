package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
)

// Writer appends lines to one file. Each line is a single write, so a crash can cut the last line
// at most. It is safe for concurrent use.
type Writer struct {
	mu   sync.Mutex
	file *os.File
	size int64 // of the whole lines
}

// OpenWriter opens or creates a file for appending. A file whose last line was cut by a crash is
// refused: Truncate drops that line first.
func OpenWriter(path string) (*Writer, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open record: %w", err)
	}
	info, err := f.Stat()
	if err == nil && info.Size() > 0 {
		last := make([]byte, 1)
		if _, err = f.ReadAt(last, info.Size()-1); err == nil && last[0] != '\n' {
			err = fmt.Errorf("%s: the last line was cut; drop it before appending", path)
		}
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("open record: %w", err)
	}
	return &Writer{file: f, size: info.Size()}, nil
}

// Append writes v as one line. A value that has no JSON form, such as a NaN, and a value that fails
// its own Validate are errors, and nothing is written; nor does a full disk leave a part of a line.
func (w *Writer) Append(v any) error {
	if c, ok := v.(interface{ Validate() error }); ok {
		if err := c.Validate(); err != nil {
			return fmt.Errorf("append to %s: %w", w.file.Name(), err)
		}
	}
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return fmt.Errorf("append to %s: %w", w.file.Name(), err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	n, err := w.file.Write(line.Bytes())
	if err == nil {
		w.size += int64(n)
		return nil
	}
	if n > 0 {
		err = errors.Join(err, w.file.Truncate(w.size))
	}
	return fmt.Errorf("append record: %w", err)
}

// Sync returns once everything appended is on the disk.
func (w *Writer) Sync() error { return w.file.Sync() }

// Close closes the file without syncing it.
func (w *Writer) Close() error { return w.file.Close() }
