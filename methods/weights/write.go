package weights

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"unicode/utf8"

	"secura/atomicfile"
)

// Tensor is one tensor to write. Data is []float32 for F32 and BF16 (rounded to nearest, ties to
// even), []int64 for I64, []int32 for I32, or []byte: the raw little-endian data of any type.
type Tensor struct {
	Name  string
	DType DType
	Shape []int
	Data  any
}

// Write makes a safetensors file: complete under its name or not at all. Equal tensors and metadata
// give equal bytes, in whatever order they come.
func Write(path string, tensors []Tensor, metadata map[string]string) error {
	err := atomicfile.Write(path, func(w io.Writer) error { return Encode(w, tensors, metadata) })
	if err != nil {
		return fmt.Errorf("write weights %s: %w", path, err)
	}
	return nil
}

// Encode writes the bytes of a safetensors file. Larger element types come first, so that all are
// aligned.
func Encode(w io.Writer, tensors []Tensor, metadata map[string]string) error {
	sorted := slices.SortedFunc(slices.Values(tensors), func(a, b Tensor) int {
		return cmp.Or(cmp.Compare(b.DType.Size(), a.DType.Size()), cmp.Compare(a.Name, b.Name))
	})
	type item struct {
		DType   DType    `json:"dtype"`
		Shape   []int    `json:"shape"`
		Offsets [2]int64 `json:"data_offsets"`
	}
	items, at := map[string]any{}, int64(0)
	for _, t := range sorted {
		if err := t.check(); err != nil {
			return fmt.Errorf("tensor %q: %w", t.Name, err)
		}
		if _, twice := items[t.Name]; twice {
			return fmt.Errorf("tensor %q is there twice", t.Name)
		}
		n, _ := elements(t.Shape)
		end := at + int64(n)*int64(t.DType.Size())
		items[t.Name] = item{t.DType, append([]int{}, t.Shape...), [2]int64{at, end}}
		at = end
	}
	if len(metadata) > 0 {
		items[metadataKey] = metadata
	}
	var header bytes.Buffer
	enc := json.NewEncoder(&header) // sorts the names
	enc.SetEscapeHTML(false)
	if err := enc.Encode(items); err != nil {
		return err
	}
	header.Truncate(header.Len() - 1) // the encoder's line end
	for header.Len()%8 != 0 {
		header.WriteByte(' ')
	}
	if header.Len() > maxHeader {
		return fmt.Errorf("header of %d bytes, the limit is %d", header.Len(), maxHeader)
	}
	out := bufio.NewWriterSize(w, 1<<16)
	binary.Write(out, binary.LittleEndian, uint64(header.Len()))
	out.Write(header.Bytes())
	for _, t := range sorted {
		if err := t.encode(out); err != nil {
			return err
		}
	}
	return out.Flush()
}

// check says whether type, shape and data fit each other.
func (t Tensor) check() error {
	if t.Name == metadataKey || !utf8.ValidString(t.Name) {
		return errors.New("not a possible name")
	}
	n, ok := elements(t.Shape)
	if !ok || n > math.MaxInt/8 {
		return fmt.Errorf("shape %v is out of range", t.Shape)
	}
	got, fits := 0, false
	switch data := t.Data.(type) {
	case []float32:
		got, fits = len(data), t.DType == F32 || t.DType == BF16
	case []int64:
		got, fits = len(data), t.DType == I64
	case []int32:
		got, fits = len(data), t.DType == I32
	case []byte:
		got, fits, n = len(data), t.DType.Size() > 0, n*t.DType.Size()
	}
	if !fits {
		return fmt.Errorf("cannot write %T as %q", t.Data, t.DType)
	}
	if got != n {
		return fmt.Errorf("%d values, expected %d for shape %v", got, n, t.Shape)
	}
	return nil
}

func (t Tensor) encode(w *bufio.Writer) error {
	var scratch [4]byte
	switch data := t.Data.(type) {
	case []byte:
		_, err := w.Write(data)
		return err
	case []float32:
		for _, v := range data {
			b := scratch[:2]
			if t.DType == F32 {
				b = scratch[:4]
				binary.LittleEndian.PutUint32(b, math.Float32bits(v))
			} else {
				binary.LittleEndian.PutUint16(b, uint16(RoundToHalf(v)))
			}
			if _, err := w.Write(b); err != nil {
				return err
			}
		}
		return nil
	}
	return binary.Write(w, binary.LittleEndian, t.Data)
}
