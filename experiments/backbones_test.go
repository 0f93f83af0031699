package experiments

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"secura/experiments/suite"
)

func TestWhatIsNoBackboneIsToldBeforeItIsRead(t *testing.T) {
	dir := t.TempDir()
	put := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	put("several/a.gguf", "")
	put("several/b.gguf", "")
	put("empty/README.md", "")
	for name, want := range map[string]string{
		put("model.bin", ""):                                         "does not end in .gguf",
		put("bad.gguf", "GGML"):                                      `starts with "GGML", expected "GGUF"`,
		filepath.Join(dir, "several"):                                "has 2 GGUF files; name one of them: " + filepath.Join(dir, "several", "a.gguf"),
		filepath.Join(dir, "empty"):                                  "neither config.json, with tokenizer.json and *.safetensors, nor a GGUF file",
		filepath.Join(dir, "absent"):                                 "no such file or folder",
		filepath.Dir(put("c/config.json", `{"model_type":"mamba"}`)): `"mamba"`,
	} {
		err := checkBackbones(suite.Suite{Backbone: name})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "backbone "+name) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
