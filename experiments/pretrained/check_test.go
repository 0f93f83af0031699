package pretrained

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// shardedNano is nano's folder with its weights as one shard that has a name of its own.
func shardedNano(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../methods/backbone/nano/files")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, weightsFile), filepath.Join(dir, "weights.safetensors")); err != nil {
		t.Fatal(err)
	}
	b, err := Open(Nano, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var entries []string
	for _, name := range b.Model.Names {
		entries = append(entries, `"`+name+`":"weights.safetensors"`)
	}
	index := `{"weight_map":{` + strings.Join(entries, ",") + `}}`
	if err := os.WriteFile(filepath.Join(dir, weightsFile+".index.json"), []byte(index), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestShardsOfAnyNameAreReadAndHashed follows the index, and covers it and generation_config.json
// by the hash.
func TestShardsOfAnyNameAreReadAndHashed(t *testing.T) {
	dir := shardedNano(t)
	if err := os.WriteFile(filepath.Join(dir, "generation_config.json"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Check(dir); err != nil {
		t.Error(err)
	}
	if _, err := Open(dir, Options{}); err != nil {
		t.Error(err)
	}
	files, err := Hash(dir, false)
	var names []string
	for _, f := range files {
		names = append(names, strings.TrimPrefix(f.Path, "backbone/"))
	}
	want := "config.json model.safetensors.index.json weights.safetensors tokenizer.json generation_config.json"
	if got := strings.Join(names, " "); err != nil || got != want {
		t.Errorf("hashed %s (%v), expected %s", got, err, want)
	}
}

// TestWhatABackboneLacksIsTold takes files out, and puts pointers of Git LFS in their places.
func TestWhatABackboneLacksIsTold(t *testing.T) {
	const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 77\n"
	for file, missing := range map[string]string{
		"tokenizer.json":               "tokenizer.json is missing in ",
		"model.safetensors.index.json": "neither model.safetensors nor model.safetensors.index.json is there",
		"weights.safetensors":          "",
		"config.json":                  "",
	} {
		dir := shardedNano(t)
		path := filepath.Join(dir, file)
		if err := os.WriteFile(path, []byte(pointer), 0o644); err != nil {
			t.Fatal(err)
		}
		_, opened := Open(dir, Options{})
		errs := []error{opened}
		if file != "weights.safetensors" {
			errs = append(errs, Check(dir))
		}
		for _, err := range errs {
			if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "Git LFS pointer") {
				t.Errorf("%s: got %v", file, err)
			}
		}
		if missing == "" {
			continue
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		_, opened = Open(dir, Options{})
		for _, err := range []error{opened, Check(dir)} {
			if err == nil || !strings.Contains(err.Error(), missing) || !strings.Contains(err.Error(), dir) {
				t.Errorf("%s is missing: got %v", file, err)
			}
		}
	}
}

// TestAHostileTokenizerIsNamed puts what is no tokenizer in the place of one: the error names the
// file, the key and what to do.
func TestAHostileTokenizerIsNamed(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../methods/backbone/nano/files")); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "tokenizer.json")
	expect := func(parts ...string) {
		t.Helper()
		_, err := Open(dir, Options{})
		for _, part := range append(parts, path, "take the file from the repository that the weights came from") {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("error %v\nexpected %q in it", err, part)
			}
		}
	}
	for content, want := range map[string]string{
		"": "it is empty",
		"<html>Sign in to read this model</html>":         "line 1, column 1",
		`{"decoder":{"type":"Fuse"},"normalizer":"NFC"}`:  `normalizer: "NFC" is no object with a type`,
		`{"decoder":{"type":"Metaspace"},"model":{}}`:     `decoder: type "Metaspace" is not supported`,
		`{"decoder":{"type":"Fuse"},"model":{"vocab":1}}`: "model: vocab: 1 is no object of tokens and ids",
	} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		expect(want)
	}
	// A file without an end, here one of holes alone, is not read.
	if err := os.Truncate(path, largestFile+1); err != nil {
		t.Fatal(err)
	}
	expect("it has 268435457 bytes, expected at most 268435456")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	expect("it is no regular file")
}
