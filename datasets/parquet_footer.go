package datasets

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"

	"github.com/parquet-go/parquet-go"
)

// checkFooter holds the footer's length, for which the library takes memory, to the file's.
func checkFooter(r io.ReaderAt, size int64) (length int64, err error) {
	var end [8]byte // the length and the magic PAR1
	if size < int64(len(end)) {
		return 0, errors.New("it is shorter than a footer")
	}
	if _, err := r.ReadAt(end[:], size-int64(len(end))); err != nil {
		return 0, err
	}
	length = int64(binary.LittleEndian.Uint32(end[:]))
	if length > size-int64(len(end)) {
		return 0, fmt.Errorf("its footer would have %d bytes: it is no Parquet file, or its end was cut off", length)
	}
	return length, nil
}

// mendFooter gives a file whose footer has key-value metadata without values: the format makes them
// optional and fastparquet leaves them out, parquet-go v0.32.0 refuses them. They become empty
// texts. nil where there is nothing to mend.
func mendFooter(r io.ReaderAt, size, length int64) *appended {
	footer := make([]byte, length)
	if _, err := r.ReadAt(footer, size-8-length); err != nil {
		return nil
	}
	m := mender{in: footer}
	if m.structure(fileMetadata, 0) != nil || !m.mended {
		return nil
	}
	m.out = append(m.out, m.in[m.copied:]...)
	out := &appended{r: r, size: size}
	out.more.Write(m.out)
	out.more.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(m.out))))
	out.more.WriteString("PAR1")
	return out
}

// part is a structure of the footer, as far as it leads to key-value metadata.
type part int

const (
	otherPart part = iota
	fileMetadata
	rowGroup
	columnChunk
	columnMetadata
	keyValue
)

// partOf says which part a field of another is, or the elements of its list, by parquet.thrift.
func partOf(p part, field int64) part {
	switch {
	case p == fileMetadata && field == 4:
		return rowGroup
	case p == rowGroup && field == 1:
		return columnChunk
	case p == columnChunk && field == 3:
		return columnMetadata
	case p == fileMetadata && field == 5 || p == columnMetadata && field == 8:
		return keyValue
	}
	return otherPart
}

// mender goes through a footer in Thrift's compact protocol.
type mender struct {
	in, out    []byte
	at, copied int // of in: read, and copied to out
	mended     bool
}

var errFooter = errors.New("malformed footer")

// The types of the compact protocol. A bool's value is part of its type, where it is a field.
const (
	thriftTrue, thriftFalse, thriftByte, thriftI16, thriftI32, thriftI64, thriftDouble = 1, 2, 3, 4, 5, 6, 7
	thriftBinary, thriftList, thriftSet, thriftMap, thriftStruct                       = 8, 9, 10, 11, 12
)

const deepestThrift = 32

func (m *mender) byte() (byte, error) {
	if m.at >= len(m.in) {
		return 0, errFooter
	}
	m.at++
	return m.in[m.at-1], nil
}

func (m *mender) varint() (uint64, error) {
	n, width := binary.Uvarint(m.in[m.at:])
	if width <= 0 {
		return 0, errFooter
	}
	m.at += width
	return n, nil
}

func (m *mender) skip(n uint64) error {
	if n > uint64(len(m.in)-m.at) {
		return errFooter
	}
	m.at += int(n)
	return nil
}

func (m *mender) structure(p part, depth int) error {
	if depth > deepestThrift {
		return errFooter
	}
	field, hasValue := int64(0), false
	for {
		start := m.at
		head, err := m.byte()
		if err != nil {
			return err
		}
		if head == 0 {
			if p == keyValue && !hasValue && field == 1 {
				m.out = append(append(m.out, m.in[m.copied:start]...), 0x18, 0) // field 2, a text of 0 bytes
				m.copied, m.mended = start, true
			}
			return nil
		}
		if delta := head >> 4; delta > 0 {
			field += int64(delta)
		} else {
			n, err := m.varint()
			if err != nil {
				return err
			}
			field = int64(n>>1) ^ -int64(n&1)
		}
		hasValue = hasValue || field == 2
		if kind := head & 15; kind != thriftTrue && kind != thriftFalse {
			if err := m.value(kind, partOf(p, field), depth+1); err != nil {
				return err
			}
		}
	}
}

func (m *mender) value(kind byte, p part, depth int) error {
	if depth > deepestThrift {
		return errFooter
	}
	switch kind {
	case thriftTrue, thriftFalse, thriftByte:
		return m.skip(1)
	case thriftI16, thriftI32, thriftI64:
		_, err := m.varint()
		return err
	case thriftDouble:
		return m.skip(8)
	case thriftBinary:
		n, err := m.varint()
		if err != nil {
			return err
		}
		return m.skip(n)
	case thriftList, thriftSet:
		head, err := m.byte()
		if err != nil {
			return err
		}
		n := uint64(head >> 4)
		if n == 15 {
			if n, err = m.varint(); err != nil {
				return err
			}
		}
		return m.times(n, func() error { return m.value(head&15, p, depth+1) })
	case thriftMap:
		n, err := m.varint()
		if err != nil || n == 0 {
			return err
		}
		kinds, err := m.byte()
		if err != nil {
			return err
		}
		return m.times(n, func() error {
			if err := m.value(kinds>>4, otherPart, depth+1); err != nil {
				return err
			}
			return m.value(kinds&15, otherPart, depth+1)
		})
	case thriftStruct:
		return m.structure(p, depth+1)
	}
	return errFooter
}

// times calls each n times; every element of a list takes a byte at least.
func (m *mender) times(n uint64, each func() error) error {
	if n > uint64(len(m.in)-m.at) {
		return errFooter
	}
	for range n {
		if err := each(); err != nil {
			return err
		}
	}
	return nil
}

var oldArrow = regexp.MustCompile(`^parquet-cpp(-arrow)? version (\d+)\.`)

// alwaysCompressed says whether a file's writer said of the second version's pages that they are
// not compressed, and compressed them: Arrow before 3.0.0 (ARROW-10353), which first called itself
// parquet-cpp 1.
func alwaysCompressed(createdBy string) bool {
	m := oldArrow.FindStringSubmatch(createdBy)
	if m == nil {
		return false
	}
	major, err := strconv.Atoi(m[2])
	return err == nil && (m[1] == "" && major < 2 || m[1] != "" && major < 3)
}

// rowsOf is the number of a row group's rows. Some writers leave it 0; a column that is in no list
// has as many values then. known is false where there is no such column.
func rowsOf(group parquet.RowGroup) (rows int64, known bool) {
	if n := group.NumRows(); n > 0 {
		return n, true
	}
	values := false
	for _, chunk := range group.ColumnChunks() {
		n := chunk.NumValues()
		values = values || n > 0
		if n > 0 && !inList(group, chunk) {
			return n, true
		}
	}
	return 0, !values
}

// inList says whether a column's values may be several in a row.
func inList(group parquet.RowGroup, chunk parquet.ColumnChunk) bool {
	columns := group.Schema().Columns()
	if i := chunk.Column(); i < len(columns) {
		leaf, found := group.Schema().Lookup(columns[i]...)
		return !found || leaf.MaxRepetitionLevel > 0
	}
	return true
}

// countRows is the number of a file's rows by its footer; known is false where it does not say.
func countRows(file *parquet.File) (rows int64, known bool) {
	for _, group := range file.RowGroups() {
		n, ok := rowsOf(group)
		if !ok {
			return 0, false
		}
		rows += n
	}
	return rows, true
}
