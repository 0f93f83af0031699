package backbone

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"secura/methods/weights"
)

func openGGUF(t *testing.T, path string) *weights.GGUF {
	t.Helper()
	file, err := weights.OpenGGUF(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

// TestGGUFIsTheHubsModel compares files that testdata/tiny_gguf.py wrote with the folders that it
// read, whose logits are transformers'.
func TestGGUFIsTheHubsModel(t *testing.T) {
	for _, name := range []string{"tiny-qwen2", "tiny-llama31"} {
		want, err := LoadModel(filepath.Join("testdata", name), Precision{})
		if err != nil {
			t.Fatal(err)
		}
		if want.Config.RopeScaling != nil {
			want.Config.RopeScaling.OriginalPositions = llama3Positions // a GGUF file does not state it
		}
		got, err := LoadGGUF(openGGUF(t, filepath.Join("testdata", name+".gguf")), Precision{})
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got.Config, want.Config) || !slices.Equal(got.Names, want.Names) {
			t.Errorf("%s: configuration %+v with %v, expected %+v with %v", name, got.Config, got.Names, want.Config, want.Names)
		}
		for _, tensor := range want.Names {
			a, err := tensors.CopyFlatData[float32](got.Weights[tensor])
			if err != nil {
				t.Fatal(err)
			}
			b, err := tensors.CopyFlatData[float32](want.Weights[tensor])
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(a, b) {
				t.Errorf("%s: %s differs", name, tensor)
			}
		}
	}
}

// TestGGUFRefuses changes single values of a good file.
func TestGGUFRefuses(t *testing.T) {
	good, err := os.ReadFile("testdata/tiny-llama31.gguf")
	if err != nil {
		t.Fatal(err)
	}
	number := func(n uint32) []byte { return binary.LittleEndian.AppendUint32(nil, n) }
	for _, c := range []struct {
		key   string // what follows it, and the 4 bytes of a type, is replaced
		value []byte
		want  string
	}{
		{"llama.block_count", number(0), "llama.block_count is 0, expected a positive"},
		{"llama.block_count", number(1), "9 tensors are not of LlamaForCausalLM with this configuration: blk.1."},
		{"llama.block_count", number(3), "9 tensors of LlamaForCausalLM are missing: model.layers.2."},
		{"llama.block_count", number(4000), "num_hidden_layers is 4000"},
		{"llama.vocab_size", number(97), "llama.vocab_size is 97, expected 96"},
		{"llama.rope.dimension_count", number(4), "llama.rope.dimension_count is 4, expected 8"},
		{"llama.attention.head_count", number(3), "llama.rope.dimension_count is 8, expected 10"},
		{"llama.feed_forward_length", number(63), "has shape [32 64], expected [32 63] by its configuration"},
		{"tokenizer.ggml.eos_token_id", number(96), "eos_token_id 96 is outside"},
		{"llama.attention.layer_norm_rms_epsilon", number(0), "rms_norm_eps is 0"},
		{"llama.rope.freq_base", number(0x41200000), "rope_freqs.weight: factor 2 is 2.6945298; with Llama 3's scaling by 8 it would be 1,"},
		{"general.architecture", []byte("\x05\x00\x00\x00\x00\x00\x00\x00mamba"), `general.architecture is "mamba"; supported`},
	} {
		data := slices.Clone(good)
		at := strings.Index(string(data), c.key)
		if at < 0 {
			t.Fatalf("%s is not in the file", c.key)
		}
		copy(data[at+len(c.key)+4:], c.value)
		path := filepath.Join(t.TempDir(), "changed.gguf")
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadGGUF(openGGUF(t, path), Precision{}); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v, want %q", c.key, err, c.want)
		}
	}
}

// FuzzLoadGGUF changes what stands in front of the data: metadata and tensors' entries. Whatever
// they say, there is an error that names the file, or a model with every weight of its
// configuration.
func FuzzLoadGGUF(f *testing.F) {
	for _, name := range []string{"tiny-qwen2.gguf", "tiny-llama31.gguf"} {
		content, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		last := bytes.LastIndex(content, []byte(".weight"))
		f.Add(content[:last+len(".weight")+4+2*8+4+8]) // two dimensions, a type and an offset after the last name
	}
	path := filepath.Join(f.TempDir(), "changed.gguf")
	data := bytes.Repeat([]byte{0, 0, 0x80, 0x3f}, 1<<16) // ones as float32
	f.Fuzz(func(t *testing.T, header []byte) {
		if err := os.WriteFile(path, slices.Concat(header, data), 0o644); err != nil {
			t.Fatal(err)
		}
		file, err := weights.OpenGGUF(path)
		if err == nil {
			defer file.Close()
			var m *Model
			if m, err = LoadGGUF(file, Precision{}); err == nil {
				if len(m.Weights) != len(m.Config.WeightShapes()) {
					t.Fatalf("%d weights of %+v", len(m.Weights), m.Config)
				}
				for _, w := range m.Weights {
					w.FinalizeAll()
				}
				return
			}
		}
		if !strings.Contains(err.Error(), path) {
			t.Fatalf("the error names no file: %v", err)
		}
	})
}
