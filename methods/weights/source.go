package weights

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
)

// source is the bytes of a file. The file must not be closed while a view is in use.
type source interface {
	// view gives n bytes at an offset, which lie within the file and must not be written. They are
	// valid until release is called with the same numbers.
	view(offset, n int64) ([]byte, error)
	release(offset, n int64)
	size() int64
	io.Closer
}

// openSource maps a regular file into memory, or reads it where that cannot be done.
func openSource(path string) (source, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	if m, err := mapFile(f, info.Size()); err == nil {
		return m, f.Close() // a mapping outlives its file descriptor
	}
	return &readSource{f, info.Size()}, nil
}

// readSource reads what is viewed.
type readSource struct {
	f     *os.File
	bytes int64
}

func (s *readSource) view(offset, n int64) ([]byte, error) {
	raw := make([]byte, n)
	if got, err := s.f.ReadAt(raw, offset); int64(got) < n {
		return nil, fmt.Errorf("%d of %d bytes at %d: %w", got, n, offset, err)
	}
	return raw, nil
}

func (s *readSource) release(int64, int64) {}
func (s *readSource) size() int64          { return s.bytes }
func (s *readSource) Close() error         { return s.f.Close() }

// memorySource is a file that lies in memory.
type memorySource []byte

func (s memorySource) view(offset, n int64) ([]byte, error) { return s[offset : offset+n], nil }
func (s memorySource) release(int64, int64)                 {}
func (s memorySource) size() int64                          { return int64(len(s)) }
func (s memorySource) Close() error                         { return nil }

// pieceBytes bounds what is resident of a file while it is read.
const pieceBytes = 16 << 20

// pieces calls use with n bytes at an offset, in pieces of pieceBytes that start at multiples of
// it. A mapped file that was cut off meanwhile is an error here, not the process's end.
func pieces(s source, offset, n int64, use func(raw []byte, from int64)) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch fault := recover().(type) {
		case nil:
		case interface{ Addr() uintptr }:
			err = fmt.Errorf("the file became shorter than its %d bytes while it was read", s.size())
		default:
			panic(fault)
		}
	}()
	for from := int64(0); from < n; from += pieceBytes {
		length := min(pieceBytes, n-from)
		raw, err := s.view(offset+from, length)
		if err != nil {
			return err
		}
		use(raw, from)
		s.release(offset+from, length)
	}
	return nil
}
