package weights

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
)

// GGUF gives the tensors and the metadata of one GGUF file. A tensor is read, and dequantised, when
// it is asked for. It may be used by several goroutines; Close ends that.
//
// The reader is the project's own: the one of github.com/gomlx/go-huggingface takes memory for
// counts and shapes before it compares them with the file's size, and lets tensors overlap or lie
// outside it.
type GGUF struct {
	path     string
	r        io.ReaderAt
	closer   io.Closer
	offset   int64 // where the tensors' data start
	tensors  map[string]ggufTensor
	metadata map[string]any
}

// ggufTensor is one tensor; begin and end count from the start of the data. The shape is row-major:
// a file states the innermost dimension first, here it is the last.
type ggufTensor struct {
	layout     blockLayout
	shape      []int
	begin, end int64
}

// OpenGGUF opens a GGUF file, version 2 or 3, and checks everything in front of the data, and the
// tensors' places, against the file's size. The caller closes it.
func OpenGGUF(path string) (*GGUF, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open weights: %w", err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	var g *GGUF
	if err == nil {
		g, err = openGGUF(path, f, f, info.Size())
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("open weights %s: %w", path, err)
	}
	return g, nil
}

func openGGUF(path string, r io.ReaderAt, c io.Closer, size int64) (*GGUF, error) {
	h := newGGUFHeader(r, size)
	tensors, metadata, err := h.read()
	if err != nil {
		return nil, err
	}
	if parts, _ := metadata["split.count"].(int64); parts > 1 {
		part, _ := metadata["split.no"].(int64)
		return nil, fmt.Errorf("is part %d of a model that is split into %d GGUF files: join them with llama.cpp's `llama-gguf-split --merge FIRST-PART WHOLE.gguf` and give the whole",
			part+1, parts)
	}
	alignment := int64(32) // the format's default
	if value, ok := metadata["general.alignment"]; ok {
		if alignment, ok = value.(int64); !ok || alignment < 8 || alignment > 1<<20 || alignment%8 != 0 {
			return nil, fmt.Errorf("general.alignment is %v, expected a multiple of 8 up to %d", value, 1<<20)
		}
	}
	offset := (size - h.left + alignment - 1) / alignment * alignment
	if err := checkGGUFLayout(tensors, alignment, size-offset); err != nil {
		return nil, err
	}
	return &GGUF{path: path, r: r, closer: c, offset: offset, tensors: tensors, metadata: metadata}, nil
}

// checkGGUFLayout says whether the tensors lie in the data, aligned and apart. Between them there
// may be padding.
func checkGGUFLayout(tensors map[string]ggufTensor, alignment, dataLen int64) error {
	names := slices.Sorted(maps.Keys(tensors))
	for _, name := range names {
		if t := tensors[name]; t.begin%alignment != 0 {
			return fmt.Errorf("tensor %q starts at byte %d of the data, expected a multiple of %d", name, t.begin, alignment)
		} else if t.end > dataLen {
			return fmt.Errorf("tensor %q ends at byte %d of the data, which has %d: the file is cut off", name, t.end, max(dataLen, 0))
		}
	}
	slices.SortStableFunc(names, func(a, b string) int { return int(min(max(tensors[a].begin-tensors[b].begin, -1), 1)) })
	for i := 1; i < len(names); i++ {
		before, t := tensors[names[i-1]], tensors[names[i]]
		if t.begin < before.end {
			return fmt.Errorf("tensor %q starts at byte %d of the data and overlaps %q, which ends at %d",
				names[i], t.begin, names[i-1], before.end)
		}
	}
	return nil
}

// Path is the file's path as it was opened.
func (g *GGUF) Path() string { return g.path }

// Names lists the tensors, sorted.
func (g *GGUF) Names() []string { return slices.Sorted(maps.Keys(g.tensors)) }

// Has says whether there is a tensor of this name.
func (g *GGUF) Has(name string) bool { _, ok := g.tensors[name]; return ok }

// Metadata returns the file's free entries: a value is an int64, float64, bool or string, or a
// slice of one of them; nil for an array of arrays, which is not read. The slices are the reader's
// own and must not be changed.
func (g *GGUF) Metadata() map[string]any { return maps.Clone(g.metadata) }

// Shape returns a tensor's shape, the innermost dimension last; nil if there is no such tensor.
func (g *GGUF) Shape(name string) []int { return slices.Clone(g.tensors[name].shape) }

// Float32 returns a tensor's values, row by row and dequantised, and its shape.
func (g *GGUF) Float32(name string) ([]float32, []int, error) {
	t, ok := g.tensors[name]
	if !ok {
		return nil, nil, fmt.Errorf("read weights %s: no tensor %q among its %d", g.path, name, len(g.tensors))
	}
	raw := make([]byte, t.end-t.begin)
	if n, err := g.r.ReadAt(raw, g.offset+t.begin); n < len(raw) {
		return nil, nil, fmt.Errorf("read weights %s: tensor %q: %d of %d bytes: %w", g.path, name, n, len(raw), err)
	}
	values, err := t.layout.values(raw)
	if err != nil {
		return nil, nil, fmt.Errorf("read weights %s: tensor %q: %w", g.path, name, err)
	}
	return values, slices.Clone(t.shape), nil
}

// Close closes the file.
func (g *GGUF) Close() error { return g.closer.Close() }
