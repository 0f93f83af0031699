// Package weights reads and writes model weights in files, without a network and without a backend.
package weights

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// File gives the tensors of one safetensors file, or of all shards of a model. Tensors are read when asked for.
// It may be used by several goroutines; Close ends that.
type File struct {
	path     string
	shards   []*shard
	tensors  map[string]located
	metadata map[string]string
}

// shard is one opened safetensors file; data starts at offset.
type shard struct {
	path   string
	r      io.ReaderAt
	closer io.Closer
	offset int64
}

type located struct {
	entry
	shard *shard
}

// Open opens one safetensors file and checks its header against its length. The caller closes it.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open weights: %w", err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	var file *File
	if err == nil {
		file, err = open(path, f, f, info.Size())
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("open weights %s: %w", path, err)
	}
	return file, nil
}

// Parse reads a safetensors file from memory; data must not change afterwards.
func Parse(data []byte) (*File, error) {
	f, err := open("weights in memory", bytes.NewReader(data), io.NopCloser(nil), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("parse weights: %w", err)
	}
	return f, nil
}

func open(path string, r io.ReaderAt, c io.Closer, size int64) (*File, error) {
	var length [8]byte
	if size < 8 {
		return nil, fmt.Errorf("%d bytes, expected at least the 8 of the header's length", size)
	}
	if _, err := r.ReadAt(length[:], 0); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > maxHeader || int64(n) > size-8 {
		return nil, fmt.Errorf("header of %d bytes does not fit the file of %d (limit %d): not a safetensors file, or cut off",
			n, size, maxHeader)
	}
	header := make([]byte, n)
	if _, err := r.ReadAt(header, 8); err != nil {
		return nil, err
	}
	entries, metadata, err := parseHeader(header, size-8-int64(n))
	if err != nil {
		return nil, err
	}
	s := &shard{path: path, r: r, closer: c, offset: 8 + int64(n)}
	f := &File{path: path, shards: []*shard{s}, tensors: make(map[string]located, len(entries)), metadata: metadata}
	for name, e := range entries {
		f.tensors[name] = located{e, s}
	}
	return f, nil
}

// OpenDir opens a model's folder: model.safetensors, else the shards of model.safetensors.index.json, each of which
// must be there with the tensors that the index says. The caller closes it.
func OpenDir(dir string) (*File, error) {
	single, index := filepath.Join(dir, "model.safetensors"), filepath.Join(dir, "model.safetensors.index.json")
	if _, err := os.Stat(single); err == nil {
		return Open(single)
	}
	raw, err := os.ReadFile(index)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open weights in %s: neither model.safetensors nor model.safetensors.index.json is there", dir)
	}
	var j struct {
		WeightMap map[string]string `json:"weight_map"`
	}
	if err == nil {
		err = json.Unmarshal(raw, &j)
	}
	if err == nil && len(j.WeightMap) == 0 {
		err = errors.New("weight_map is missing or empty")
	}
	if err != nil {
		return nil, fmt.Errorf("open weights: index %s: %w", index, err)
	}
	all := &File{path: dir, tensors: map[string]located{}, metadata: map[string]string{}}
	if err := all.addShards(dir, j.WeightMap); err != nil {
		all.Close()
		return nil, fmt.Errorf("open weights: index %s: %w", index, err)
	}
	return all, nil
}

func (f *File) addShards(dir string, weightMap map[string]string) error {
	files := slices.Compact(slices.Sorted(maps.Values(weightMap)))
	for _, file := range files {
		if filepath.Base(file) != file || !filepath.IsLocal(file) {
			return fmt.Errorf("shard %q is not a plain file name", file)
		}
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

// Bytes returns a tensor's data as they are in the file, little-endian and row-major, whatever its type.
func (f *File) Bytes(name string) ([]byte, error) {
	t, err := f.find(name)
	if err != nil {
		return nil, err
	}
	raw := make([]byte, t.end-t.begin)
	if n, err := t.shard.r.ReadAt(raw, t.shard.offset+t.begin); n < len(raw) {
		return nil, fmt.Errorf("read weights %s: tensor %q: %d of %d bytes: %w", t.shard.path, name, n, len(raw), err)
	}
	return raw, nil
}

// Float32 returns a tensor's values, row by row, and its shape; its type must be F32, F16 or BF16.
func (f *File) Float32(name string) ([]float32, []int, error) {
	raw, err := f.Bytes(name)
	if err != nil {
		return nil, nil, err
	}
	t := f.tensors[name]
	values, err := toFloat32(t.dtype, raw)
	if err != nil {
		return nil, nil, fmt.Errorf("read weights %s: tensor %q: %w", t.shard.path, name, err)
	}
	return values, slices.Clone(t.shape), nil
}

// Close closes the files.
func (f *File) Close() error {
	var errs []error
	for _, s := range f.shards {
		errs = append(errs, s.closer.Close())
	}
	return errors.Join(errs...)
}
