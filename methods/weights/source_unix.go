//go:build unix

package weights

import (
	"math"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// mapping is a file mapped into memory: its pages are the page cache's and are read when they are
// looked at.
type mapping []byte

func mapFile(f *os.File, size int64) (source, error) {
	if size == 0 || size > math.MaxInt {
		return nil, syscall.EINVAL
	}
	data, err := unix.Mmap(int(f.Fd()), 0, int(size), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	return mapping(data), nil
}

func (m mapping) view(offset, n int64) ([]byte, error) { return m[offset : offset+n], nil }

// release takes the pages out of the process's memory; they stay in the page cache. A page that a
// neighbour looks at comes back by itself.
func (m mapping) release(offset, n int64) {
	page := int64(os.Getpagesize())
	start := offset / page * page
	_ = unix.Madvise(m[start:offset+n], unix.MADV_DONTNEED) // without it the pages are resident longer, nothing else
}

func (m mapping) size() int64  { return int64(len(m)) }
func (m mapping) Close() error { return unix.Munmap(m) }
