package pretrained

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"secura/datasets"
)

// TestBackboneInAGGUFFile opens a random Llama with a tokenizer, as a file and in a folder.
func TestBackboneInAGGUFFile(t *testing.T) {
	content, err := os.ReadFile("testdata/tiny.gguf")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "model.gguf"), content, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"testdata/tiny.gguf", folder} {
		b, err := Open(name, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if b.Tokenizer.Size() != b.Model.Config.Vocabulary || len(b.Ends) != 1 {
			t.Errorf("%d tokens of %d, end %d", b.Tokenizer.Size(), b.Model.Config.Vocabulary, b.Ends)
		}
		ids, err := b.Tokenizer.Encode("Hello 2024!")
		if err != nil || b.Tokenizer.Decode(ids) != "Hello 2024!" {
			t.Errorf("ids %v (%v) mean %q", ids, err, b.Tokenizer.Decode(ids))
		}
		if end, ok := b.Tokenizer.ID("<|end_of_text|>"); !ok || end != b.Ends[0] {
			t.Errorf("the end tokens are %d, expected %d", b.Ends, end)
		}
		files, err := Hash(name, false)
		if err != nil || len(files) != 1 || files[0].Bytes != int64(len(content)) || !strings.HasPrefix(files[0].Path, "backbone/") {
			t.Errorf("files %+v (%v)", files, err)
		}
		if err := Check(name); err != nil {
			t.Error(err)
		}
	}
}

// TestAGGUFFileBesideItsConfigIsTheModel: repositories of GGUF files may have a config.json too.
// Where there are safetensors, these are the model.
func TestAGGUFFileBesideItsConfigIsTheModel(t *testing.T) {
	folder := t.TempDir()
	file := func(name string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte("{}"), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	file("config.json")
	if place, err := Find(folder); err != nil || place != (Place{Folder: folder}) {
		t.Errorf("%+v, %v: without weights it is the folder, whose error says what is missing", place, err)
	}
	path := file("model.gguf")
	if place, err := Find(folder); err != nil || place != (Place{GGUF: path}) {
		t.Errorf("%+v, %v, expected the GGUF file", place, err)
	}
	other := file("other.gguf")
	if _, err := Find(folder); err == nil || !strings.Contains(err.Error(), "name one of them: "+path+", "+other) {
		t.Error(err)
	}
	file("model.safetensors")
	if place, err := Find(folder); err != nil || place != (Place{Folder: folder}) {
		t.Errorf("%+v, %v, expected the folder", place, err)
	}
}

// TestAChatTemplateIsAmongTheFilesOfAConversation keeps what decides the numbers apart from what
// does not.
func TestAChatTemplateIsAmongTheFilesOfAConversation(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "generation_config.json", "README.md"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for conversation, want := range map[bool]string{
		false: "config.json model.safetensors tokenizer.json generation_config.json",
		true:  "config.json model.safetensors tokenizer.json generation_config.json tokenizer_config.json",
	} {
		files, err := Hash(folder, conversation)
		var names []string
		for _, f := range files {
			names = append(names, strings.TrimPrefix(f.Path, "backbone/"))
		}
		if got := strings.Join(names, " "); err != nil || got != want {
			t.Errorf("conversation %v: %s (%v), expected %s", conversation, got, err, want)
		}
	}
}

// TestATokenizerOfAnotherModelIsToldBeforeWeightsAreRead gives a tokenizer with more tokens than
// the model has rows; the weights, which cannot be read, are not looked at.
func TestATokenizerOfAnotherModelIsToldBeforeWeightsAreRead(t *testing.T) {
	dir := t.TempDir()
	config, err := os.ReadFile("../../methods/backbone/testdata/tiny-qwen2/config.json")
	if err != nil {
		t.Fatal(err)
	}
	tokenizer, err := os.ReadFile("../../datasets/prompt/testdata/small-qwen2/tokenizer.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"config.json": config, "tokenizer.json": tokenizer, "model.safetensors": []byte("damaged")} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	_, err = Open(dir, Options{})
	for _, want := range []string{filepath.Join(dir, "tokenizer.json"), `token "<tool_call>" has the id 483`, "96 rows (vocab_size)"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, expected %q in it", err, want)
		}
	}
	// A GGUF file's rows are those of its embedding, here fewer than its tokens by one.
	content, err := os.ReadFile("testdata/tiny.gguf")
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(content, []byte("token_embd.weight")) + len("token_embd.weight") + 4 + 8 // after the number of dimensions and the first
	rows := binary.LittleEndian.Uint64(content[at:])
	binary.LittleEndian.PutUint64(content[at:], rows-1)
	path := filepath.Join(dir, "short.gguf")
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = Open(path, Options{})
	for _, want := range []string{path + ": token ", fmt.Sprintf("id %d", rows-1), fmt.Sprintf("%d rows", rows-1)} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, expected %q in it", err, want)
		}
	}
}

func TestFilesOfABackboneOnTheHub(t *testing.T) {
	common := []string{"README.md", "config.json", "tokenizer.json", "onnx/model.safetensors", "pytorch_model.bin"}
	for _, c := range []struct{ more, want []string }{
		{[]string{"model.safetensors", "model.gguf"}, []string{"README.md", "config.json", "tokenizer.json", "model.safetensors"}},
		{[]string{"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json", "consolidated.safetensors"},
			[]string{"README.md", "config.json", "tokenizer.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json"}},
		{[]string{"model.safetensors.index.json", "first.safetensors", "second.safetensors", "consolidated.safetensors"},
			[]string{"README.md", "config.json", "tokenizer.json", "model.safetensors.index.json", "first.safetensors", "second.safetensors"}},
		{[]string{"model.gguf"}, []string{"model.gguf"}},
		{[]string{"a.gguf", "b.gguf"}, nil},
		{nil, nil},
	} {
		got, err := chooseFiles(slices.Concat(common, c.more))
		if !slices.Equal(got, c.want) || (err == nil) == (c.want == nil) {
			t.Errorf("of %v: %v (%v), expected %v", c.more, got, err, c.want)
		}
	}
}

// TestATextOfStories260KBeginsAsItsAuthorsBeganIt holds a prompt to the ids with which the
// reference's logits were made.
func TestATextOfStories260KBeginsAsItsAuthorsBeganIt(t *testing.T) {
	folder := "../../../shared/checkpoints/stories260K"
	content, err := os.ReadFile(filepath.Join(folder, "reference.json"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("no checkpoint: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	var reference struct {
		Text string
		IDs  []int32
	}
	if err := json.Unmarshal(content, &reference); err != nil {
		t.Fatal(err)
	}
	b, err := Open(folder, Options{})
	if err != nil {
		t.Fatal(err)
	}
	e, err := b.Encoder.Encode(datasets.Example{Prompt: reference.Text, Answer: "."})
	if err != nil || !slices.Equal(e.Prompt, reference.IDs) {
		t.Errorf("the prompt is %v, expected %v (%v)", e.Prompt, reference.IDs, err)
	}
}
