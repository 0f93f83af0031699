package weights

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"unicode/utf8"
)

// The types of metadata values.
const (
	ggufUint8 = iota
	ggufInt8
	ggufUint16
	ggufInt16
	ggufUint32
	ggufInt32
	ggufFloat32
	ggufBool
	ggufString
	ggufArray
	ggufUint64
	ggufInt64
	ggufFloat64
)

// ggufSizes are the fewest bytes that a value of each type takes: of a string its length, of an
// array its type and length.
var ggufSizes = [...]int64{1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8}

// ggufHeader reads what stands in front of the data. left is how much of the file is unread;
// nothing is allocated for a count that could not fit into it.
type ggufHeader struct {
	r    *bufio.Reader
	left int64
}

func newGGUFHeader(r io.ReaderAt, size int64) *ggufHeader {
	return &ggufHeader{bufio.NewReaderSize(io.NewSectionReader(r, 0, size), 1<<16), size}
}

// read returns the tensors and the metadata. A name or a key that is there twice is an error.
func (h *ggufHeader) read() (map[string]ggufTensor, map[string]any, error) {
	if start, err := h.r.Peek(int(min(h.left, maxPointer))); err == nil && int64(len(start)) == h.left {
		if err := CheckPointer(start); err != nil {
			return nil, nil, err
		}
	}
	magic, err := h.bytes(4)
	if err != nil || string(magic) != "GGUF" {
		return nil, nil, fmt.Errorf("starts with %q, expected \"GGUF\": not a GGUF file", magic)
	}
	version, err := h.unsigned(4)
	if err != nil {
		return nil, nil, fmt.Errorf("version: %w", err)
	}
	if version != 2 && version != 3 {
		return nil, nil, fmt.Errorf("version is %d, expected 2 or 3 in little-endian order", version)
	}
	tensorCount, err := h.count(24) // a name's length, a dimension count, a type and an offset
	if err != nil {
		return nil, nil, fmt.Errorf("tensor count: %w", err)
	}
	entryCount, err := h.count(13) // a key's length, a type and a byte
	if err != nil {
		return nil, nil, fmt.Errorf("metadata count: %w", err)
	}
	metadata := map[string]any{}
	for i := range entryCount {
		key, err := h.text()
		if err != nil {
			return nil, nil, fmt.Errorf("metadata entry %d: key: %w", i, err)
		}
		if _, twice := metadata[key]; twice {
			return nil, nil, fmt.Errorf("metadata %.80q is there twice", key)
		}
		kind, err := h.unsigned(4)
		if err == nil {
			metadata[key], err = h.value(kind)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("metadata %.80q: %w", key, err)
		}
	}
	tensors := map[string]ggufTensor{}
	for i := range tensorCount {
		name, err := h.text()
		if err != nil {
			return nil, nil, fmt.Errorf("tensor %d: name: %w", i, err)
		}
		if _, twice := tensors[name]; twice {
			return nil, nil, fmt.Errorf("tensor %.80q is there twice", name)
		}
		if tensors[name], err = h.tensor(); err != nil {
			return nil, nil, fmt.Errorf("tensor %.80q: %w", name, err)
		}
	}
	return tensors, metadata, nil
}

// tensor reads a tensor's entry after its name.
func (h *ggufHeader) tensor() (ggufTensor, error) {
	var t ggufTensor
	rank, err := h.unsigned(4)
	if err != nil {
		return t, err
	}
	if rank < 1 || rank > 4 {
		return t, fmt.Errorf("%d dimensions, expected 1 to 4", rank)
	}
	t.shape = make([]int, rank)
	for i := range t.shape {
		d, err := h.unsigned(8)
		if err != nil {
			return t, err
		}
		if d < 1 || d > math.MaxInt32 {
			return t, fmt.Errorf("dimension %d is %d, expected 1 to %d", i, d, math.MaxInt32)
		}
		t.shape[int(rank)-1-i] = int(d)
	}
	kind, err := h.unsigned(4)
	if err != nil {
		return t, err
	}
	offset, err := h.unsigned(8)
	if err != nil {
		return t, err
	}
	var known bool
	if t.layout, known = blockLayouts[kind]; !known {
		return t, unreadType(kind)
	}
	row := t.shape[rank-1]
	if row%t.layout.length != 0 {
		return t, fmt.Errorf("rows of %d values are no multiple of the %d in a block of %s", row, t.layout.length, t.layout.name)
	}
	n, ok := elements(t.shape)
	if !ok || n/t.layout.length > math.MaxInt64/2/t.layout.size || offset > math.MaxInt64/2 {
		return t, fmt.Errorf("shape %v at byte %d is too large", t.shape, offset)
	}
	t.begin = int64(offset)
	t.end = t.begin + int64(n/t.layout.length)*int64(t.layout.size)
	return t, nil
}

// value reads a metadata value of a type: an int64, float64, bool or string, or a slice of one of
// them; nil for an array of arrays, which nobody reads.
func (h *ggufHeader) value(kind uint64) (any, error) {
	if kind == ggufArray {
		return h.array()
	}
	if kind >= uint64(len(ggufSizes)) {
		return nil, fmt.Errorf("value type %d is unknown", kind)
	}
	if kind == ggufString {
		return h.text()
	}
	bits, err := h.unsigned(ggufSizes[kind])
	if err != nil {
		return nil, err
	}
	switch kind {
	case ggufInt8:
		return int64(int8(bits)), nil
	case ggufInt16:
		return int64(int16(bits)), nil
	case ggufInt32:
		return int64(int32(bits)), nil
	case ggufFloat32:
		return float64(math.Float32frombits(uint32(bits))), nil
	case ggufFloat64:
		return math.Float64frombits(bits), nil
	case ggufBool:
		if bits > 1 {
			return nil, fmt.Errorf("a bool is %d, expected 0 or 1", bits)
		}
		return bits == 1, nil
	case ggufUint64:
		if bits > math.MaxInt64 {
			return nil, fmt.Errorf("%d is larger than %d", bits, math.MaxInt64)
		}
	}
	return int64(bits), nil
}

func (h *ggufHeader) array() (any, error) {
	kind, err := h.unsigned(4)
	if err != nil {
		return nil, err
	}
	if kind == ggufArray {
		return nil, h.skipArrays(1)
	}
	if kind >= uint64(len(ggufSizes)) {
		return nil, fmt.Errorf("an array of type %d is not known", kind)
	}
	n, err := h.count(ggufSizes[kind])
	if err != nil {
		return nil, err
	}
	switch kind {
	case ggufString:
		return arrayOf[string](h, kind, n)
	case ggufBool:
		return arrayOf[bool](h, kind, n)
	case ggufFloat32, ggufFloat64:
		return arrayOf[float64](h, kind, n)
	}
	return arrayOf[int64](h, kind, n)
}

// deepestArrays bounds arrays within each other.
const deepestArrays = 8

// skipArrays reads over the elements of an array of arrays, which lies in so many.
func (h *ggufHeader) skipArrays(depth int) error {
	if depth > deepestArrays {
		return fmt.Errorf("arrays lie in each other deeper than %d", deepestArrays)
	}
	n, err := h.count(ggufSizes[ggufArray])
	if err != nil {
		return err
	}
	for i := range n {
		kind, err := h.unsigned(4)
		switch {
		case err != nil:
		case kind == ggufArray:
			err = h.skipArrays(depth + 1)
		case kind >= uint64(len(ggufSizes)):
			err = fmt.Errorf("an array of type %d is not known", kind)
		default:
			err = h.skipValues(kind)
		}
		if err != nil {
			return fmt.Errorf("element %d: %w", i, err)
		}
	}
	return nil
}

// skipValues reads over an array's values, which are no arrays.
func (h *ggufHeader) skipValues(kind uint64) error {
	n, err := h.count(ggufSizes[kind])
	for i := int64(0); err == nil && i < n; i++ {
		_, err = h.value(kind)
	}
	return err
}

func arrayOf[T any](h *ggufHeader, kind uint64, n int64) ([]T, error) {
	list := make([]T, n)
	for i := range list {
		v, err := h.value(kind)
		if err != nil {
			return nil, fmt.Errorf("element %d: %w", i, err)
		}
		list[i] = v.(T)
	}
	return list, nil
}

func (h *ggufHeader) text() (string, error) {
	n, err := h.count(1)
	if err != nil {
		return "", err
	}
	raw, err := h.bytes(n)
	if err != nil {
		return "", err
	}
	if !utf8.Valid(raw) {
		return "", fmt.Errorf("%.80q is not UTF-8", raw)
	}
	return string(raw), nil
}

// count reads how many things of at least size bytes follow.
func (h *ggufHeader) count(size int64) (int64, error) {
	n, err := h.unsigned(8)
	if err != nil {
		return 0, err
	}
	if n > uint64(h.left/size) {
		return 0, fmt.Errorf("a count of %d does not fit the %d bytes that are left: cut off, or damaged", n, h.left)
	}
	return int64(n), nil
}

func (h *ggufHeader) unsigned(size int64) (uint64, error) {
	raw, err := h.bytes(size)
	if err != nil {
		return 0, err
	}
	var bits [8]byte
	copy(bits[:], raw)
	return binary.LittleEndian.Uint64(bits[:]), nil
}

// bytes reads n bytes.
func (h *ggufHeader) bytes(n int64) ([]byte, error) {
	if n > h.left {
		return nil, errors.New("the file is cut off")
	}
	h.left -= n
	raw := make([]byte, n)
	if _, err := io.ReadFull(h.r, raw); err != nil {
		return nil, err
	}
	return raw, nil
}
