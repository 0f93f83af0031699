package prepared

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"secura/datasets"
)

// A file is, with all numbers little-endian:
//
//	records   one after the other, one for each example (record)
//	index     an entry of 32 bytes for each example (entry)
//	facts     JSON (header)
//	footer    64 bytes (footer): where the parts lie, and checksums of all
//
// The footer stands at the end because a writer knows its numbers last: a file that was cut off has
// none.

// version changes with the layout.
const version = 1

var magic = [8]byte{'s', 'e', 'c', 'u', 'r', 'a', 'E', 'X'}

var castagnoli = crc32.MakeTable(crc32.Castagnoli) // which processors compute

const (
	entryBytes  = 32
	footerBytes = 64
)

// header is the facts of a file, and what it was made of.
type header struct {
	Facts
	// Key names everything that decides the content; Program is the digest of the program that made
	// it.
	Key     string `json:"key"`
	Program string `json:"program"`
}

// footer says where the parts of a file lie.
type footer struct {
	width           uint32 // bytes of a token
	examples        uint64
	index, facts    uint64 // offsets
	factsBytes, sum uint32 // the CRC-32C of everything before the footer
}

func (f footer) encode() []byte {
	b := append(make([]byte, 0, footerBytes), magic[:]...)
	b = binary.LittleEndian.AppendUint32(b, version)
	b = binary.LittleEndian.AppendUint32(b, f.width)
	b = binary.LittleEndian.AppendUint64(b, f.examples)
	b = binary.LittleEndian.AppendUint64(b, f.index)
	b = binary.LittleEndian.AppendUint64(b, f.facts)
	b = binary.LittleEndian.AppendUint32(b, f.factsBytes)
	b = binary.LittleEndian.AppendUint32(b, f.sum)
	b = append(b, make([]byte, footerBytes-4-len(b))...)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

func decodeFooter(b []byte) (f footer, err error) {
	switch at := binary.LittleEndian; {
	case [8]byte(b) != magic:
		return f, errors.New("it has no footer: it was cut off, or is another file")
	case at.Uint32(b[footerBytes-4:]) != crc32.Checksum(b[:footerBytes-4], castagnoli):
		return f, errors.New("its footer is damaged")
	case at.Uint32(b[8:]) != version:
		return f, fmt.Errorf("its layout has version %d, not %d", at.Uint32(b[8:]), version)
	default:
		return footer{at.Uint32(b[12:]), at.Uint64(b[16:]), at.Uint64(b[24:]), at.Uint64(b[32:]), at.Uint32(b[40:]), at.Uint32(b[44:])}, nil
	}
}

// entry is what the index says of an example.
type entry struct {
	offset               uint64 // of its record; the next one's is its end
	prompt, answer, tail uint32 // tokens
	flags                uint32
	fingerprint          uint64
}

// The flags of an entry.
const (
	blank uint32 = 1 << iota
	merged
	unwritable
	opening
)

func (x entry) border() datasets.Border {
	return datasets.Border{Blank: x.flags&blank != 0, Merged: x.flags&merged != 0}
}

func (x entry) append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint64(b, x.offset)
	for _, n := range []uint32{x.prompt, x.answer, x.tail, x.flags} {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	return binary.LittleEndian.AppendUint64(b, x.fingerprint)
}

func decodeEntry(b []byte) entry {
	at := binary.LittleEndian
	return entry{at.Uint64(b), at.Uint32(b[8:]), at.Uint32(b[12:]), at.Uint32(b[16:]), at.Uint32(b[20:]), at.Uint64(b[24:])}
}

// entry reads one; the one after the last has only an offset, which is the index's own.
func (s *Split) entry(i int) entry {
	if i == s.Len() {
		return entry{offset: s.footer.index}
	}
	var b [entryBytes]byte
	s.file.ReadAt(b[:], int64(s.footer.index)+int64(i)*entryBytes)
	return decodeEntry(b[:])
}

// check holds a file to its checksums and every number in it to the others, so that no example of
// it can fail to decode.
func (s *Split) check(size int64) (header, error) {
	var h header
	if size < footerBytes {
		return h, errors.New("it has no footer: it was cut off, or is another file")
	}
	raw := make([]byte, footerBytes)
	if _, err := s.file.ReadAt(raw, size-footerBytes); err != nil && err != io.EOF {
		return h, err
	}
	var err error
	if s.footer, err = decodeFooter(raw); err != nil {
		return h, err
	}
	f, body := s.footer, uint64(size-footerBytes)
	if f.width < 1 || f.width > 4 || f.index > body || f.examples > (body-f.index)/entryBytes || f.facts != f.index+f.examples*entryBytes ||
		uint64(f.factsBytes) != body-f.facts {
		return h, errors.New("its parts do not fit together")
	}
	sum := crc32.New(castagnoli)
	if _, err := io.CopyBuffer(sum, io.NewSectionReader(s.file, 0, int64(body)), make([]byte, 1<<20)); err != nil {
		return h, err
	}
	if sum.Sum32() != f.sum {
		return h, errors.New("its content does not have its checksum")
	}
	raw = make([]byte, f.factsBytes)
	if _, err := s.file.ReadAt(raw, int64(f.facts)); err != nil && err != io.EOF {
		return h, err
	}
	if err := json.Unmarshal(raw, &h); err != nil {
		return h, fmt.Errorf("its facts: %w", err)
	}
	s.Facts = h.Facts
	for i := range s.Len() {
		if a, b := s.entry(i), s.entry(i+1); a.offset > b.offset || b.offset > f.index || (i == 0 && a.offset != 0) {
			return h, fmt.Errorf("example %d has no place", i)
		} else if err := s.checkRecord(a, b.offset-a.offset); err != nil {
			return h, fmt.Errorf("example %d: %w", i, err)
		}
	}
	return h, nil
}
