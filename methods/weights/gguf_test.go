package weights

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestGGUFBlocks compares every type with the values that the Python package gguf dequantises from
// the same random blocks, bit by bit.
func TestGGUFBlocks(t *testing.T) {
	g, err := OpenGGUF("testdata/blocks.gguf")
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	want, err := Open("testdata/blocks.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer want.Close()
	if len(want.Names()) != len(blockLayouts) || !slices.Equal(g.Names(), want.Names()) {
		t.Fatalf("tensors %v, expected %v, one of each of the %d types", g.Names(), want.Names(), len(blockLayouts))
	}
	for _, name := range want.Names() {
		values, shape, err := g.Float32(name)
		if err != nil {
			t.Fatal(err)
		}
		expected, expectedShape, err := want.Float32(name)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(shape, expectedShape) || !slices.Equal(shape, g.Shape(name)) {
			t.Errorf("%s: shape %v, expected %v", name, shape, expectedShape)
		}
		for i := range expected {
			if math.Float32bits(values[i]) != math.Float32bits(expected[i]) && (values[i] != 0 || expected[i] != 0) {
				t.Errorf("%s: value %d is %g, expected %g", name, i, values[i], expected[i])
				break
			}
		}
	}
}

func TestGGUFMetadata(t *testing.T) {
	g, err := OpenGGUF("testdata/blocks.gguf")
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	metadata := g.Metadata()
	for key, want := range map[string]any{
		"general.architecture": "llama", "general.name": "blocks", "llama.block_count": int64(2),
		"llama.attention.layer_norm_rms_epsilon": float64(float32(1e-5)), "tokenizer.ggml.add_bos_token": true,
		"tokenizer.ggml.tokens": []string{"a", "Ġ", "é"}, "tokenizer.ggml.token_type": []int64{1, 3, 6},
		"tokenizer.ggml.scores": []float64{0.5, -1.5, 3}, "test.int8": int64(-8), "test.int16": int64(-16),
		"test.uint8": int64(200), "test.uint64": int64(1 << 40), "test.float64": 0.1,
	} {
		if got := metadata[key]; fmt.Sprintf("%T%v", got, got) != fmt.Sprintf("%T%v", want, want) {
			t.Errorf("%s is %T %v, expected %T %v", key, got, got, want, want)
		}
	}
}

// ggufBytes writes a GGUF file: version 3, entries written by the caller, then zeros.
func ggufBytes(tensors, entries int, body []byte, data int) []byte {
	raw := append([]byte("GGUF\x03\x00\x00\x00"), u64(tensors)...)
	raw = append(append(raw, u64(entries)...), body...)
	raw = append(raw, make([]byte, (32-len(raw)%32)%32)...)
	return append(raw, make([]byte, data)...)
}

func u32(n int) []byte { return binary.LittleEndian.AppendUint32(nil, uint32(n)) }
func u64(n int) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(n)) }

func ggufText(s string) []byte { return append(u64(len(s)), s...) }

func ggufEntry(name string, kind, offset int, dims ...int) []byte {
	raw := append(ggufText(name), u32(len(dims))...)
	for _, d := range dims {
		raw = append(raw, u64(d)...)
	}
	return append(append(raw, u32(kind)...), u64(offset)...)
}

func parseGGUF(data []byte) (*GGUF, error) {
	return openGGUF("memory", bytes.NewReader(data), io.NopCloser(nil), int64(len(data)))
}

func TestGGUFRefuses(t *testing.T) {
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	pair := func(key string, kind int, value []byte) []byte { return join(ggufText(key), u32(kind), value) }
	for want, data := range map[string][]byte{
		`starts with "GGML"`:          []byte("GGML\x03\x00\x00\x00"),
		"not a GGUF file":             []byte("GG"),
		"version is 1":                []byte("GGUF\x01\x00\x00\x00"),
		"version is 50331648":         []byte("GGUF\x00\x00\x00\x03"),
		"tensor count: a count of":    ggufBytes(1<<40, 0, nil, 0),
		"metadata count: a count of":  ggufBytes(0, 1<<40, nil, 0),
		"key: a count of":             ggufBytes(0, 1, u64(1<<50), 32),
		"is not UTF-8":                ggufBytes(0, 1, ggufText("\xff"), 32),
		`"k": value type 13 is`:       ggufBytes(0, 1, pair("k", 13, nil), 32),
		`"k": an array of type 13`:    ggufBytes(0, 1, pair("k", 9, u32(13)), 32),
		`"k": a count of 99 does not`: ggufBytes(0, 1, pair("k", 9, join(u32(9), u64(99))), 32),
		`"k": element 0: an array of`: ggufBytes(0, 1, pair("k", 9, join(u32(9), u64(1), u32(13), u64(0))), 32),
		`deeper than 8`:               ggufBytes(0, 1, pair("k", 9, bytes.Repeat(join(u32(9), u64(1)), 12)), 32),
		`"k": a count of 99`:          ggufBytes(0, 1, pair("k", 9, join(u32(8), u64(99))), 64),
		`"k": element 1: a count of`:  ggufBytes(0, 1, pair("k", 9, join(u32(8), u64(2), u64(0), u64(1e9))), 64),
		`"k": a bool is 2`:            ggufBytes(0, 1, pair("k", 7, []byte{2}), 32),
		`"k": 9223372036854775808 is`: ggufBytes(0, 1, pair("k", 10, u64(math.MinInt64)), 32),
		`"k" is there twice`:          ggufBytes(0, 2, join(pair("k", 7, []byte{1}), pair("k", 7, []byte{1})), 32),
		"general.alignment is 12":     ggufBytes(0, 1, pair("general.alignment", 4, u32(12)), 32),
		"general.alignment is x":      ggufBytes(0, 1, pair("general.alignment", 8, ggufText("x")), 32),
		`"w" is there twice`:          ggufBytes(2, 0, join(ggufEntry("w", 0, 0, 1), ggufEntry("w", 0, 32, 1)), 64),
		`"w": 0 dimensions`:           ggufBytes(1, 0, ggufEntry("w", 0, 0), 64),
		`"w": 5 dimensions`:           ggufBytes(1, 0, ggufEntry("w", 0, 0, 1, 1, 1, 1, 1), 64),
		`"w": dimension 1 is 0`:       ggufBytes(1, 0, ggufEntry("w", 0, 0, 4, 0), 64),
		`"w": dimension 0 is 4294967`: ggufBytes(1, 0, ggufEntry("w", 0, 0, 1<<32), 64),
		`"w": shape [2147483647 2147`: ggufBytes(1, 0, ggufEntry("w", 0, 0, math.MaxInt32, math.MaxInt32, math.MaxInt32), 64),
		`type 10, Q2_K, is not supp`:  ggufBytes(1, 0, ggufEntry("w", 10, 0, 256), 64),
		`type 39, MXFP4, is not supp`: ggufBytes(1, 0, ggufEntry("w", 39, 0, 256), 64),
		`type 99, not known, is not`:  ggufBytes(1, 0, ggufEntry("w", 99, 0, 256), 64),
		`"w": rows of 33 values are`:  ggufBytes(1, 0, ggufEntry("w", 8, 0, 33), 64),
		`"w" starts at byte 4 of`:     ggufBytes(1, 0, ggufEntry("w", 0, 4, 1), 64),
		`"w" ends at byte 1028 of`:    ggufBytes(1, 0, ggufEntry("w", 0, 0, 257), 1024),
		`"b" starts at byte 0 of the data and overlaps "a"`: ggufBytes(2, 0,
			join(ggufEntry("a", 0, 0, 1), ggufEntry("b", 0, 0, 1)), 64),
	} {
		if _, err := parseGGUF(data); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if _, err := parseGGUF(ggufBytes(1, 0, ggufEntry("w", 0, 32, 8), 64)); err != nil {
		t.Error(err)
	}
	nested := pair("k", 9, join(u32(9), u64(2), u32(8), u64(1), ggufText("x"), u32(9), u64(1), u32(4), u64(2), u32(1), u32(2)))
	g, err := parseGGUF(ggufBytes(1, 2, join(nested, pair("after", 4, u32(7)), ggufEntry("w", 0, 0, 8)), 64))
	if err != nil || g.Metadata()["k"] != nil || g.Metadata()["after"] != int64(7) || !g.Has("w") {
		t.Errorf("arrays of arrays are read over: %v", err)
	}
	if _, err := OpenGGUF("testdata"); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Error(err)
	}
}

// TestGGUFCutOff cuts the sample file everywhere: no cut may pass, for the last tensor ends with
// the file.
func TestGGUFCutOff(t *testing.T) {
	whole, err := os.ReadFile("testdata/blocks.gguf")
	if err != nil {
		t.Fatal(err)
	}
	g, err := parseGGUF(whole)
	if err != nil {
		t.Fatal(err)
	}
	end := int64(0)
	for _, tensor := range g.tensors {
		end = max(end, g.offset+tensor.end)
	}
	for n := range end {
		if n > 4096 && n < end-64 {
			continue
		}
		if _, err := parseGGUF(whole[:n]); err == nil {
			t.Fatalf("%d of %d bytes pass", n, len(whole))
		}
	}
}

func FuzzParseGGUF(f *testing.F) {
	sample, err := os.ReadFile("testdata/blocks.gguf")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sample)
	f.Add(ggufBytes(1, 0, ggufEntry("w", 8, 0, 32), 64))
	f.Add(ggufBytes(0, 1, bytes.Join([][]byte{ggufText("k"), u32(9), u32(8), u64(1), ggufText("v")}, nil), 0))
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := parseGGUF(data)
		if err != nil {
			return
		}
		total := int64(0)
		for _, name := range g.Names() {
			values, shape, err := g.Float32(name)
			if err != nil {
				t.Fatal(err)
			}
			if n, _ := elements(shape); n != len(values) {
				t.Fatalf("%d values of shape %v", len(values), shape)
			}
			total += g.tensors[name].end - g.tensors[name].begin
		}
		if total > int64(len(data)) {
			t.Fatalf("%d bytes of tensors in a file of %d", total, len(data))
		}
	})
}

// FuzzGGUFEntries writes well-formed files of two tensors, so that what the fuzzer changes are
// types, dimensions, offsets and the alignment: what is not refused lies in the file, apart, and
// has as many values as its shape says.
func FuzzGGUFEntries(f *testing.F) {
	f.Add(uint32(8), uint64(32), uint64(2), uint64(0), uint32(0), uint64(4), uint64(1), uint64(96), uint64(32), []byte{112: 0})
	f.Add(uint32(14), uint64(256), uint64(1), uint64(16), uint32(30), uint64(8), uint64(1), uint64(0), uint64(16), []byte{300: 1})
	f.Add(uint32(1), uint64(math.MaxInt32), uint64(math.MaxInt32), uint64(0), uint32(3), uint64(32), uint64(1<<40), uint64(1<<62), uint64(8), []byte{})
	f.Fuzz(func(t *testing.T, kindA uint32, innerA, outerA, offsetA uint64, kindB uint32, innerB, outerB, offsetB, alignment uint64, data []byte) {
		body := bytes.Join([][]byte{
			ggufText("general.alignment"), u32(ggufUint64), u64(int(alignment)),
			ggufEntry("a", int(kindA), int(offsetA), int(innerA), int(outerA)), ggufEntry("b", int(kindB), int(offsetB), int(innerB), int(outerB)),
		}, nil)
		file := append(ggufBytes(2, 1, body, 0), data...)
		g, err := parseGGUF(file)
		if err != nil {
			return
		}
		a, b := g.tensors["a"], g.tensors["b"]
		if a.begin < b.end && b.begin < a.end {
			t.Fatalf("%+v and %+v overlap", a, b)
		}
		for name, want := range map[string][]uint64{"a": {outerA, innerA, offsetA}, "b": {outerB, innerB, offsetB}} {
			tensor := g.tensors[name]
			if n := int64(len(file)) - g.offset; uint64(tensor.begin) != want[2] || want[2]%alignment != 0 || tensor.end > n {
				t.Fatalf("%s: %+v in %d bytes of data", name, tensor, n)
			}
			values, shape, err := g.Float32(name)
			if err != nil || len(shape) != 2 || uint64(shape[0]) != want[0] || uint64(shape[1]) != want[1] || uint64(len(values)) != want[0]*want[1] {
				t.Fatalf("%s: %d values of shape %v, expected %v: %v", name, len(values), shape, want, err)
			}
			first, raw := make([]float32, tensor.layout.length), file[g.offset+tensor.begin:][:tensor.layout.size]
			if tensor.layout.decode != nil {
				tensor.layout.decode(raw, first)
			} else {
				toFloat32(DType(tensor.layout.name), raw, first)
			}
			for i, x := range first {
				if math.Float32bits(x) != math.Float32bits(values[i]) {
					t.Fatalf("%s: value %d is %g, expected %g", name, i, values[i], x)
				}
			}
		}
	})
}
