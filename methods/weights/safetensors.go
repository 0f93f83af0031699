// Package weights reads and writes model weights in files: safetensors, GGUF and peft's folders. In
// come files, of which the headers are checked against the bytes that are there; out come tensors,
// read when they are asked for. It needs no network and no backend. Read Open and File first.
package weights

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"secura/jsonfile"
)

// File gives the tensors of one safetensors file, or of all shards of a model. Tensors are read
// when asked for. It may be used by several goroutines; Close ends that.
type File struct {
	path     string
	shards   []*shard
	tensors  map[string]located
	metadata map[string]string
}

// shard is one opened safetensors file; data starts at offset.
type shard struct {
	path string
	source
	offset int64
}

type located struct {
	entry
	shard *shard
}

// Open opens one safetensors file and checks its header against its length. The file is mapped into
// memory where the system can, and its pages are let go as they are read. The caller closes it.
func Open(path string) (*File, error) {
	s, err := openSource(path)
	if err != nil {
		return nil, fmt.Errorf("open weights %s: %w", path, err)
	}
	file, err := open(path, s)
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("open weights %s: %w", path, err)
	}
	return file, nil
}

// Parse reads a safetensors file from memory; data must not change afterwards.
func Parse(data []byte) (*File, error) {
	f, err := open("weights in memory", memorySource(data))
	if err != nil {
		return nil, fmt.Errorf("parse weights: %w", err)
	}
	return f, nil
}

func open(path string, s source) (*File, error) {
	size := s.size()
	if size < 8 {
		return nil, fmt.Errorf("%d bytes, expected at least the 8 of the header's length", size)
	}
	var length [8]byte
	if err := pieces(s, 0, 8, func(raw []byte, _ int64) { copy(length[:], raw) }); err != nil {
		return nil, err
	}
	if size <= maxPointer {
		var whole []byte
		if err := pieces(s, 0, size, func(raw []byte, _ int64) { whole = append(whole, raw...) }); err != nil {
			return nil, err
		}
		if err := CheckPointer(whole); err != nil {
			return nil, err
		}
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > maxHeader || int64(n) > size-8 {
		return nil, fmt.Errorf("header of %d bytes does not fit the file of %d (limit %d): not a safetensors file, or cut off",
			n, size, maxHeader)
	}
	header := make([]byte, n)
	if err := pieces(s, 8, int64(n), func(raw []byte, from int64) { copy(header[from:], raw) }); err != nil {
		return nil, err
	}
	entries, metadata, err := parseHeader(header, size-8-int64(n))
	if err != nil {
		return nil, err
	}
	one := &shard{path, s, 8 + int64(n)}
	f := &File{path: path, shards: []*shard{one}, tensors: make(map[string]located, len(entries)), metadata: metadata}
	for name, e := range entries {
		f.tensors[name] = located{e, one}
	}
	return f, nil
}

// The names of a model's weights in its folder.
const (
	singleFile = "model.safetensors"
	indexFile  = singleFile + ".index.json"
)

// DirFiles lists the files of a model's folder that hold its weights: model.safetensors, else the
// index model.safetensors.index.json and, sorted, the shards that it names.
func DirFiles(dir string) ([]string, error) {
	if _, err := os.Stat(filepath.Join(dir, singleFile)); err == nil {
		return []string{singleFile}, nil
	}
	weightMap, err := readIndex(dir)
	if err != nil {
		return nil, err
	}
	return append([]string{indexFile}, shardsOf(weightMap)...), nil
}

// shardsOf are the files that an index names, sorted.
func shardsOf(weightMap map[string]string) []string {
	return slices.Compact(slices.Sorted(maps.Values(weightMap)))
}

// readIndex says which shard each tensor is in.
func readIndex(dir string) (map[string]string, error) {
	path := filepath.Join(dir, indexFile)
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open weights in %s: neither %s nor %s is there", dir, singleFile, indexFile)
	}
	var j struct {
		WeightMap map[string]string `json:"weight_map"`
	}
	if err == nil {
		err = CheckPointer(raw)
	}
	if err == nil {
		err = jsonfile.Decode(raw, &j)
	}
	if err == nil && len(j.WeightMap) == 0 {
		err = errors.New("weight_map is missing or empty")
	}
	for _, file := range shardsOf(j.WeightMap) {
		if err == nil && (filepath.Base(file) != file || !filepath.IsLocal(file)) {
			err = fmt.Errorf("shard %q is not a plain file name", file)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open weights: index %s: %w", path, err)
	}
	return j.WeightMap, nil
}

// OpenDir opens a model's folder: model.safetensors, else the shards of
// model.safetensors.index.json, each of which must be there with the tensors that the index says.
// The caller closes it.
func OpenDir(dir string) (*File, error) {
	single := filepath.Join(dir, singleFile)
	if _, err := os.Stat(single); err == nil {
		return Open(single)
	}
	weightMap, err := readIndex(dir)
	if err != nil {
		return nil, err
	}
	all := &File{path: dir, tensors: map[string]located{}, metadata: map[string]string{}}
	if err := all.addShards(dir, weightMap); err != nil {
		all.Close()
		return nil, fmt.Errorf("open weights: index %s: %w", filepath.Join(dir, indexFile), err)
	}
	return all, nil
}

func (f *File) addShards(dir string, weightMap map[string]string) error {
	for _, file := range shardsOf(weightMap) {
		s, err := Open(filepath.Join(dir, file))
		if err != nil {
			return fmt.Errorf("shard %s: %w", file, err)
		}
		f.shards = append(f.shards, s.shards...)
		for name, t := range s.tensors {
			if other, twice := f.tensors[name]; twice {
				return fmt.Errorf("tensor %q is in %s and in %s", name, other.shard.path, t.shard.path)
			}
			f.tensors[name] = t
		}
		for k, v := range s.metadata {
			f.metadata[k] = v
		}
	}
	for _, name := range slices.Sorted(maps.Keys(weightMap)) {
		path := filepath.Join(dir, weightMap[name])
		if t, ok := f.tensors[name]; !ok || t.shard.path != path {
			return fmt.Errorf("tensor %q is not in %s", name, path)
		}
	}
	return nil
}

// Names lists the tensors, sorted.
func (f *File) Names() []string { return slices.Sorted(maps.Keys(f.tensors)) }

// Has says whether there is a tensor of this name.
func (f *File) Has(name string) bool { _, ok := f.tensors[name]; return ok }

// Metadata returns a copy of the header's free entries; of several shards, the last one's win.
func (f *File) Metadata() map[string]string { return maps.Clone(f.metadata) }

func (f *File) find(name string) (located, error) {
	t, ok := f.tensors[name]
	if !ok {
		return t, fmt.Errorf("read weights %s: no tensor %q among its %d", f.path, name, len(f.tensors))
	}
	return t, nil
}

// Info returns a tensor's type and shape.
func (f *File) Info(name string) (DType, []int, error) {
	t, err := f.find(name)
	return t.dtype, slices.Clone(t.shape), err
}

// Shape returns the shape of a tensor of floats, or an error if its type is not F32, F16 or BF16.
func (f *File) Shape(name string) ([]int, error) {
	t, err := f.find(name)
	if err == nil && t.dtype != F32 && t.dtype != F16 && t.dtype != BF16 {
		err = fmt.Errorf("read weights %s: tensor %q: dtype is %s, expected F32, F16 or BF16", t.shard.path, name, t.dtype)
	}
	return slices.Clone(t.shape), err
}

// Bytes returns a tensor's data as they are in the file, little-endian and row-major, whatever its
// type.
func (f *File) Bytes(name string) ([]byte, error) {
	t, err := f.find(name)
	if err != nil {
		return nil, err
	}
	data := make([]byte, t.end-t.begin)
	return data, t.read(name, func(raw []byte, from int64) { copy(data[from:], raw) })
}

// Float32 returns a tensor's values, row by row, and its shape; its type must be F32, F16 or BF16.
func (f *File) Float32(name string) ([]float32, []int, error) {
	shape, err := f.Shape(name)
	if err != nil {
		return nil, nil, err
	}
	n, _ := elements(shape)
	values := make([]float32, n)
	return values, shape, Read(f, name, values)
}

// Read puts a tensor's values, row by row, where they are wanted, as float32 or rounded to BF16;
// its type must be F32, F16 or BF16, and there must be as many values as places.
func Read[T float32 | Half](f *File, name string, into []T) error {
	shape, err := f.Shape(name)
	if err != nil {
		return err
	}
	t := f.tensors[name]
	if n, _ := elements(shape); n != len(into) {
		return fmt.Errorf("read weights %s: tensor %q has %d values, expected %d", t.shard.path, name, n, len(into))
	}
	size := int64(t.dtype.Size())
	switch into := any(into).(type) {
	case []float32:
		return t.read(name, func(raw []byte, from int64) { toFloat32(t.dtype, raw, into[from/size:]) })
	case []Half:
		return t.read(name, func(raw []byte, from int64) { toHalf(t.dtype, raw, into[from/size:]) })
	}
	return nil
}

// read calls use with the tensor's data in pieces of whole elements.
func (t located) read(name string, use func(raw []byte, from int64)) error {
	if err := pieces(t.shard, t.shard.offset+t.begin, t.end-t.begin, use); err != nil {
		return fmt.Errorf("read weights %s: tensor %q: %w", t.shard.path, name, err)
	}
	return nil
}

// Close closes the files.
func (f *File) Close() error {
	var errs []error
	for _, s := range f.shards {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}
