package prepared

import (
	"bufio"
	"encoding/json"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	"secura/atomicfile"
	"secura/datasets"
)

// writer writes a file's records one after the other. The index is kept in a file of its own until
// its turn comes, so that no number of examples needs memory.
type writer struct {
	out      *bufio.Writer // to the file and its checksum
	to       io.Writer
	sum      *crcWriter
	index    io.ReadWriteSeeker
	entries  *bufio.Writer
	examples uint64
	scratch  []byte
}

type crcWriter struct {
	sum   uint32
	bytes uint64
}

func (c *crcWriter) Write(b []byte) (int, error) {
	c.sum, c.bytes = crc32.Update(c.sum, castagnoli, b), c.bytes+uint64(len(b))
	return len(b), nil
}

func newWriter(to io.Writer, index io.ReadWriteSeeker) *writer {
	w := &writer{to: to, sum: &crcWriter{}, index: index, entries: bufio.NewWriterSize(index, 64<<10)}
	w.out = bufio.NewWriterSize(io.MultiWriter(to, w.sum), 1<<20)
	return w
}

// add appends the records of some examples; their entries' offsets count from the first of them.
func (w *writer) add(records []byte, entries []entry) error {
	base := w.sum.bytes + uint64(w.out.Buffered())
	for _, x := range entries {
		x.offset += base
		w.scratch = x.append(w.scratch[:0])
		if _, err := w.entries.Write(w.scratch); err != nil {
			return &folderError{err}
		}
	}
	w.examples += uint64(len(entries))
	if _, err := w.out.Write(records); err != nil {
		return &folderError{err}
	}
	return nil
}

// finish writes index, facts and footer.
func (w *writer) finish(width uint32, h header) error {
	if err := w.out.Flush(); err != nil {
		return err
	}
	f := footer{width: width, examples: w.examples, index: w.sum.bytes}
	if err := w.entries.Flush(); err != nil {
		return err
	}
	if _, err := w.index.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if _, err := io.Copy(w.out, w.index); err != nil {
		return err
	}
	if err := w.out.Flush(); err != nil {
		return err
	}
	facts, err := json.Marshal(h)
	if err != nil {
		return err
	}
	f.facts, f.factsBytes = w.sum.bytes, uint32(len(facts))
	if _, err := w.out.Write(facts); err != nil {
		return err
	}
	if err := w.out.Flush(); err != nil {
		return err
	}
	f.sum = w.sum.sum
	_, err = w.to.Write(f.encode())
	return err
}

// widthOf is how many bytes a token needs.
func widthOf(largest int32) uint32 {
	width := uint32(1)
	for ; width < 4 && largest>>(8*width) > 0; width++ {
	}
	return width
}

// content writes a file's records, and gives the width of its tokens and what is known of it.
type content func(*writer) (width uint32, h header, err error)

// folderError says why a file cannot be written where it should be; what is wrong with the content
// is another error.
type folderError struct{ err error }

func (e *folderError) Error() string { return "keep prepared examples: " + e.err.Error() }
func (e *folderError) Unwrap() error { return e.err }

// writeFile puts a file into a folder under a path there; a reader sees a whole file or none.
func writeFile(folder, path string, write content) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return &folderError{err}
	}
	index, err := os.CreateTemp(folder, "*.tmp")
	if err != nil {
		return &folderError{err}
	}
	defer func() {
		index.Close()
		os.Remove(index.Name())
	}()
	var wrong error // with the content
	err = atomicfile.Write(path, func(to io.Writer) error {
		w := newWriter(to, index)
		width, h, err := write(w)
		if err != nil {
			wrong = err
			return err
		}
		return w.finish(width, h)
	})
	if err != nil && wrong == nil {
		return &folderError{err}
	}
	return wrong
}

// temporary opens a file that nobody else sees, and that is gone when the process ends.
func temporary(write content) (*Split, error) {
	folder, err := os.MkdirTemp("", "secura-examples-*")
	if err != nil {
		return nil, &folderError{err}
	}
	remove := func() error { return os.RemoveAll(folder) }
	path := filepath.Join(folder, "examples")
	if err := writeFile(folder, path, write); err != nil {
		return nil, errors.Join(err, remove())
	}
	split, _, err := open(path)
	if err != nil {
		return nil, errors.Join(err, remove())
	}
	if remove() != nil { // a mapping outlives its file's name, but not on Windows
		unmap := split.close
		split.close = func() error { return errors.Join(unmap(), remove()) }
	}
	return split, nil
}

// Temporary is a split of examples that are no file's, such as those that a benchmark draws.
func Temporary(examples []datasets.Encoded) (*Split, error) {
	var records []byte
	var entries []entry
	for _, e := range examples {
		var x entry
		at := uint64(len(records))
		records, x = recordOf(records, 4, e, nil, 0, false)
		x.offset = at
		entries = append(entries, x)
	}
	return temporary(func(w *writer) (uint32, header, error) {
		return 4, header{Facts: Facts{Rows: len(examples), Available: len(examples)}}, w.add(records, entries)
	})
}
