package weights

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestGolden compares with values read from the same files by Python's struct module.
func TestGolden(t *testing.T) {
	for _, want := range []struct {
		file, tensor string
		dtype        DType
		shape        []int
		first        []float32
		last         float32
		sum          float64
		tensors      int
	}{
		{"tiny-qwen2", "model.embed_tokens.weight", F32, []int{96, 32},
			[]float32{-0.4264043867588043, 0.06104652211070061, 0.24129028618335724}, 0.09579317271709442, -16.74915915285237, 26},
		{"tiny-qwen2", "model.norm.weight", F32, []int{32},
			[]float32{1.1085280179977417, 1.0771777629852295, 1.0549687147140503}, 1.1758979558944702, 31.731233775615692, 26},
		{"tiny-gemma2-f16", "model.embed_tokens.weight", F16, []int{80, 24},
			[]float32{0.0295867919921875, -0.056610107421875, -0.1822509765625}, 0.064208984375, -2.328158676624298, 46},
		{"tiny-gemma2-f16", "model.layers.1.pre_feedforward_layernorm.weight", F16, []int{24},
			[]float32{0.0015001296997070312, -0.1617431640625, 0.343505859375}, 0.260986328125, -0.2452383041381836, 46},
	} {
		f, err := Open(filepath.Join("testdata", want.file+".safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if n := len(f.Names()); n != want.tensors || f.Metadata()["format"] != "pt" {
			t.Errorf("%s: %d tensors, metadata %v", want.file, n, f.Metadata())
		}
		dtype, _, _ := f.Info(want.tensor)
		values, shape, err := f.Float32(want.tensor)
		if err != nil || dtype != want.dtype || !slices.Equal(shape, want.shape) {
			t.Fatalf("%s: %v %v %v", want.tensor, dtype, shape, err)
		}
		sum := 0.0
		for _, v := range values {
			sum += float64(v)
		}
		if !slices.Equal(values[:3], want.first) || values[len(values)-1] != want.last || math.Abs(sum-want.sum) > 1e-9 {
			t.Errorf("%s: starts with %v, ends with %v, sum %v", want.tensor, values[:3], values[len(values)-1], sum)
		}
	}
}

// bytesOf makes a file of a header as given and n bytes of data.
func bytesOf(header string, n int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, n)...)
}

// TestOpenReadsAsParse compares the mapped file, the file that is read, and the file in memory,
// over several pieces.
func TestOpenReadsAsParse(t *testing.T) {
	values := make([]float32, 3*pieceBytes/4+7)
	for i := range values {
		values[i] = float32(i)
	}
	path := filepath.Join(t.TempDir(), "w.safetensors")
	list := []Tensor{{"a", F32, []int{len(values)}, values}, {"b", BF16, []int{3}, []float32{1, 2, 3}}}
	if err := Write(path, list, nil); err != nil {
		t.Fatal(err)
	}
	handle, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := handle.Stat()
	if err != nil {
		t.Fatal(err)
	}
	read, err := open(path, &readSource{handle, info.Size()})
	if err != nil {
		t.Fatal(err)
	}
	mapped, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for what, f := range map[string]*File{"read": read, "mapped": mapped} {
		for range 2 { // pages that were let go come back
			got, shape, err := f.Float32("a")
			if err != nil || !slices.Equal(got, values) || !slices.Equal(shape, []int{len(values)}) {
				t.Errorf("%s: %v %v", what, shape, err)
			}
		}
		if got, _, err := f.Float32("b"); err != nil || !slices.Equal(got, []float32{1, 2, 3}) {
			t.Errorf("%s: %v, %v", what, got, err)
		}
	}
	if err := os.Truncate(path, 1<<20); err != nil {
		t.Fatal(err)
	}
	for what, f := range map[string]*File{"read": read, "mapped": mapped} {
		_, _, err := f.Float32("a")
		if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), `"a"`) {
			t.Errorf("%s: cut off while it is open: %v", what, err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	one := func(dtype, shape, offsets string) string {
		return fmt.Sprintf(`{"w":{"dtype":%q,"shape":%s,"data_offsets":%s}}`, dtype, shape, offsets)
	}
	pair := `{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[%d],"data_offsets":[%d,%d]}}`
	for want, data := range map[string][]byte{
		"expected at least the 8":   {1, 2, 3},
		"does not fit the file":     {255, 255, 255, 255, 255, 255, 255, 255, 0},
		"limit":                     {0, 0, 0, 16, 0, 0, 0, 0, 0},
		"expected a JSON object":    bytesOf(`[]`, 0),
		"EOF":                       bytesOf(``, 0),
		"something follows":         bytesOf(`{}{}`, 0),
		"unknown dtype":             bytesOf(one("F33", "[1]", "[0,4]"), 4),
		"outside the 4 bytes":       bytesOf(one("F32", "[2]", "[0,8]"), 4),
		"outside the 5 bytes":       bytesOf(one("F32", "[2]", "[4,0]"), 5),
		"does not fit the 4 bytes":  bytesOf(one("F32", "[2]", "[0,4]"), 4),
		"out of range":              bytesOf(one("F32", "[-1]", "[0,4]"), 4),
		"does not fit the 0 bytes":  bytesOf(one("F32", "[4294967296,4294967296]", "[0,0]"), 0),
		"cannot unmarshal":          bytesOf(one("F32", "[1.5]", "[0,4]"), 4),
		"expected dtype, shape":     bytesOf(`{"w":{"dtype":"F32","shape":[1]}}`, 4),
		"is there twice":            bytesOf(`{"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"w":{}}`, 0),
		"overlaps tensor \"a\"":     bytesOf(fmt.Sprintf(pair, 4, 3, 7), 7),
		"belong to no tensor":       bytesOf(fmt.Sprintf(pair, 4, 5, 9), 9),
		"the data at 9":             bytesOf(fmt.Sprintf(pair, 4, 4, 8), 9),
		"__metadata__: json":        bytesOf(`{"__metadata__":{"a":1}}`, 0),
		"__metadata__ is there twi": bytesOf(`{"__metadata__":{},"__metadata__":{}}`, 0),
	} {
		if _, err := Parse(data); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestOpenDir(t *testing.T) {
	dir := t.TempDir()
	one := func(name string) []Tensor { return []Tensor{{name, F32, []int{1}, []float32{float32(len(name))}}} }
	put := func(file string, tensors []Tensor) {
		if err := Write(filepath.Join(dir, file), tensors, nil); err != nil {
			t.Fatal(err)
		}
	}
	index := func(text string) {
		os.WriteFile(filepath.Join(dir, "model.safetensors.index.json"), []byte(text), 0o644)
	}
	refuse := func(want string) {
		t.Helper()
		if _, err := OpenDir(dir); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	refuse("neither model.safetensors nor")
	index(`{`)
	refuse("it ends after 1 bytes")
	index(`{"weight_map":{}}`)
	refuse("missing or empty")
	index(`{"weight_map":{"a":"../x"}}`)
	refuse("not a plain file name")
	index(`{"weight_map":{"a":"1.safetensors","bb":"2.safetensors"}}`)
	put("1.safetensors", one("a"))
	refuse("shard 2.safetensors")
	put("2.safetensors", one("b"))
	refuse(`tensor "bb" is not in`)
	put("2.safetensors", append(one("a"), one("bb")...))
	refuse(`tensor "a" is in`)
	put("2.safetensors", one("bb"))
	f, err := OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if v, _, err := f.Float32("bb"); err != nil || v[0] != 2 || !slices.Equal(f.Names(), []string{"a", "bb"}) || !f.Has("a") {
		t.Error(v, err, f.Names())
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	put("model.safetensors", one("ccc"))
	if f, err = OpenDir(dir); err != nil || !f.Has("ccc") {
		t.Error(err)
	}
	f.Close()
}

func FuzzParse(f *testing.F) {
	var good bytes.Buffer
	if err := Encode(&good, sample(), map[string]string{"k": "v"}); err != nil {
		f.Fatal(err)
	}
	f.Add(good.Bytes())
	f.Add(bytesOf(`{"w":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}`, 4))
	f.Add([]byte{2, 0, 0, 0, 0, 0, 0, 0, '{', '}'})
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse(data)
		if err != nil {
			return
		}
		total := 0
		for _, name := range file.Names() {
			raw, err := file.Bytes(name)
			if err != nil {
				t.Fatal(err)
			}
			total += len(raw)
			file.Float32(name)
		}
		if total > len(data) {
			t.Fatalf("%d bytes of tensors in a file of %d", total, len(data))
		}
	})
}
