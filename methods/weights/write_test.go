package weights

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func sample() []Tensor {
	return []Tensor{
		{"a<b", BF16, []int{2, 2}, []float32{1, -2.5, float32(math.Inf(1)), 1e-40}},
		{"w", F32, []int{3}, []float32{0, math.MaxFloat32, -1}},
		{"n", I64, []int{2}, []int64{-1, 1 << 40}},
		{"i", I32, []int{1}, []int32{-7}},
		{"u", U8, []int{3}, []byte{1, 2, 255}},
		{"empty", F32, []int{0, 4}, []float32{}},
		{"scalar", F64, nil, []byte{0, 0, 0, 0, 0, 0, 240, 63}},
	}
}

func TestWriteAndReadBack(t *testing.T) {
	dir := t.TempDir()
	path, meta := filepath.Join(dir, "w.safetensors"), map[string]string{"b": "2", "a": "1"}
	if err := Write(path, sample(), meta); err != nil {
		t.Fatal(err)
	}
	first, _ := os.ReadFile(path)
	reversed := sample()
	slices.Reverse(reversed)
	if err := Write(path, reversed, meta); err != nil {
		t.Fatal(err)
	}
	second, _ := os.ReadFile(path)
	if !bytes.Equal(first, second) {
		t.Error("the order of the tensors changes the bytes")
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("files left behind: %v", left)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if v, shape, err := f.Float32("w"); err != nil || !slices.Equal(shape, []int{3}) || v[1] != math.MaxFloat32 {
		t.Error(v, shape, err)
	}
	if v, _, err := f.Float32("a<b"); err != nil || v[1] != -2.5 || !math.IsInf(float64(v[2]), 1) {
		t.Error(v, err)
	}
	if raw, err := f.Bytes("n"); err != nil || int64(binary.LittleEndian.Uint64(raw[8:])) != 1<<40 {
		t.Error(raw, err)
	}
	if v, shape, err := f.Float32("empty"); err != nil || len(v) != 0 || !slices.Equal(shape, []int{0, 4}) {
		t.Error(v, shape, err)
	}
	if _, _, err := f.Float32("n"); err == nil || !strings.Contains(err.Error(), `"n"`) || !strings.Contains(err.Error(), "I64") {
		t.Error(err)
	}
	if _, err := f.Bytes("nowhere"); err == nil || !strings.Contains(err.Error(), path) {
		t.Error(err)
	}
}

func TestWriteRefuses(t *testing.T) {
	for name, bad := range map[string][]Tensor{
		"count":    {{"w", F32, []int{2}, []float32{1}}},
		"negative": {{"w", F32, []int{-1}, []float32{1}}},
		"type":     {{"w", I64, []int{1}, []float32{1}}},
		"nil":      {{"w", F32, []int{1}, nil}},
		"dtype":    {{"w", "F33", []int{1}, []byte{1}}},
		"reserved": {{metadataKey, F32, []int{1}, []float32{1}}},
		"twice":    {{"w", F32, []int{1}, []float32{1}}, {"w", F32, []int{1}, []float32{1}}},
	} {
		path := filepath.Join(t.TempDir(), "w.safetensors")
		if err := Write(path, bad, nil); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
		if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 0 {
			t.Errorf("%s: left %v", name, left)
		}
	}
}
