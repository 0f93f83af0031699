package weights

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"

// TestPointersOfGitLFSAreTold puts one in the place of each file of weights.
func TestPointersOfGitLFSAreTold(t *testing.T) {
	dir := t.TempDir()
	put := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	told := func(what string, err error, path string) {
		t.Helper()
		for _, want := range []string{path, "Git LFS pointer", "git lfs pull", "12345 bytes"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want %q", what, err, want)
			}
		}
	}
	path := put("model.safetensors.index.json", pointer)
	_, err := OpenDir(dir)
	told("an index", err, path)
	put("model.safetensors.index.json", `{"weight_map":{"a":"first.safetensors"}}`)
	path = put("first.safetensors", pointer)
	_, err = OpenDir(dir)
	told("a shard", err, path)
	path = put("model.safetensors", pointer)
	_, err = OpenDir(dir)
	told("a file", err, path)
	path = put("model.gguf", pointer)
	_, err = OpenGGUF(path)
	told("a GGUF file", err, path)
	for _, other := range []string{"", "version 2", pointer + strings.Repeat("x", maxPointer)} {
		if err := CheckPointer([]byte(other)); err != nil {
			t.Errorf("%.20q: %v", other, err)
		}
	}
}

// TestAPartOfASplitGGUFIsTold: only the first part has the metadata of the model, and none all
// tensors.
func TestAPartOfASplitGGUFIsTold(t *testing.T) {
	entry := func(key string, value uint16) []byte {
		e := append(binary.LittleEndian.AppendUint64(nil, uint64(len(key))), key...)
		return binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint32(e, ggufUint16), value)
	}
	for count, want := range map[uint16]string{3: "part 2 of a model that is split into 3 GGUF files", 1: ""} {
		content := slices.Concat([]byte("GGUF"), binary.LittleEndian.AppendUint32(nil, 3), make([]byte, 8),
			binary.LittleEndian.AppendUint64(nil, 2), entry("split.no", 1), entry("split.count", count), make([]byte, 64))
		path := filepath.Join(t.TempDir(), "model-00002-of-00003.gguf")
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		g, err := OpenGGUF(path)
		if err == nil {
			g.Close()
		}
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "--merge")) {
			t.Errorf("%d parts: got %v, want %q", count, err, want)
		}
	}
}

// TestDirFilesFollowsTheIndex: shards may have any name, and a file that the index does not name is
// none.
func TestDirFilesFollowsTheIndex(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"model.safetensors.index.json":     `{"weight_map":{"a":"second.safetensors","b":"first.safetensors","c":"second.safetensors"}}`,
		"model-00001-of-00001.safetensors": "no shard of this index",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	files, err := DirFiles(dir)
	if want := []string{"model.safetensors.index.json", "first.safetensors", "second.safetensors"}; err != nil || !slices.Equal(files, want) {
		t.Errorf("%v, %v, expected %v", files, err, want)
	}
	if err := os.WriteFile(filepath.Join(dir, "model.safetensors"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if files, err := DirFiles(dir); err != nil || !slices.Equal(files, []string{"model.safetensors"}) {
		t.Errorf("%v, %v, expected the whole file", files, err)
	}
}
