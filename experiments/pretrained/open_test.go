package pretrained

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"secura/datasets"
)

// TestTextsAreOpenedWithoutWeights holds what OpenTexts gives to what Open gives, weights aside,
// and has it miss a tensor that is not in the file.
func TestTextsAreOpenedWithoutWeights(t *testing.T) {
	for _, name := range []string{Nano, "testdata/tiny.gguf"} {
		whole, err := Open(name, Options{})
		if err != nil {
			t.Fatal(err)
		}
		texts, err := OpenTexts(name, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if texts.Model != nil || whole.Model == nil {
			t.Errorf("%s: weights %v without, %v with", name, texts.Model, whole.Model)
		}
		if d := cmp.Diff(whole.Ends, texts.Ends); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		if d := cmp.Diff(whole.Config, texts.Config); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../methods/backbone/nano/files")); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "config.json")
	content, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	more := strings.Replace(string(content), `"num_hidden_layers": `, `"num_hidden_layers": 1`, 1)
	if more == string(content) {
		t.Fatal("the configuration has no num_hidden_layers to change")
	}
	if err := os.WriteFile(config, []byte(more), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenTexts(dir, Options{}); err == nil || !strings.Contains(err.Error(), "are missing") {
		t.Errorf("%v, expected that tensors are missing", err)
	}
}

// The released form's token is a row more of the embedding, which prompts end in.
func TestEmptyTokenIsOneMore(t *testing.T) {
	plain, err := Open(Nano, Options{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := Open(Nano, Options{Empty: true})
	if err != nil {
		t.Fatal(err)
	}
	id := int32(plain.Config.Vocabulary)
	if b.Config.Vocabulary != int(id)+1 || b.Model.Config.Vocabulary != int(id)+1 || b.Tokenizer.DecodeAll([]int32{id}) != "[EMPTY]" {
		t.Errorf("the vocabulary has %d tokens, before %d; the new one reads %q", b.Config.Vocabulary, id, b.Tokenizer.DecodeAll([]int32{id}))
	}
	e, err := b.Encoder.Encode(datasets.Example{Prompt: "a", Answer: " b"})
	if err != nil || e.Prompt[len(e.Prompt)-1] != id {
		t.Errorf("%+v, %v", e, err)
	}
}
