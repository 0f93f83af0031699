package experiments

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"secura/datasets"
	"secura/experiments/pretrained"
	"secura/experiments/suite"
	"secura/methods/backbone"
)

// withTemplate writes the tiny GGUF file with a chat template in its metadata.
func withTemplate(t *testing.T, template string) string {
	t.Helper()
	content, err := os.ReadFile("pretrained/testdata/tiny.gguf")
	if err != nil {
		t.Fatal(err)
	}
	const key, textType, alignment = "tokenizer.chat_template", 8, 32
	var entry []byte
	for n, padded := 0, false; !padded; n++ { // the data after it keep their places
		text := template + "{#" + strings.Repeat(" ", n) + "#}"
		entry = append(binary.LittleEndian.AppendUint64(nil, uint64(len(key))), key...)
		entry = binary.LittleEndian.AppendUint32(entry, textType)
		entry = append(binary.LittleEndian.AppendUint64(entry, uint64(len(text))), text...)
		padded = len(entry)%alignment == 0
	}
	const header = 4 + 4 + 8 + 8 // magic, version, tensors, entries
	entries := content[header-8 : header]
	binary.LittleEndian.PutUint64(entries, binary.LittleEndian.Uint64(entries)+1)
	path := filepath.Join(t.TempDir(), "chat.gguf")
	if err := os.WriteFile(path, slices.Insert(content, header, entry...), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestAMergedGGUFModelIsABackbone exports a cell of a conversation with a GGUF file, and opens the
// folder as a backbone of conversations: texts, ends and the template are the file's. transformers
// needs the class of tokenizer, else it takes the architecture's.
func TestAMergedGGUFModelIsABackbone(t *testing.T) {
	y := newToy(t)
	s := y.with(suite.MethodSpec{Preset: "seq"})
	s.Chat, s.Backbone = true, withTemplate(t, "{% for m in messages %}<{{ m.role }}>{{ m.content }}{{ eos_token }}{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}")
	s.Tasks, s.Training.Steps, s.Evaluation.TestExamples, s.Evaluation.KnowledgeExamples = s.Tasks[:1], 2, 2, 2
	s.Training.Length, s.Evaluation.Lengths = 64, []int{64}
	w := y.open(t, s, t.TempDir())
	mustRun(t, w, w.cells[0])
	dir := filepath.Join(t.TempDir(), "out")
	_, err := Export(t.Context(), ExportOptions{Cell: w.cells[0].ID, Dir: dir, Format: "merged",
		WorkerOptions: WorkerOptions{Run: w.run, Backend: backbone.BackendOptions{Name: "go"}}})
	if err != nil {
		t.Fatal(err)
	}
	o := pretrained.Options{Chat: true}
	want, err := pretrained.OpenTexts(s.Backbone, o)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pretrained.OpenTexts(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	example := datasets.Example{Prompt: "How many?", Answer: "Two."}
	a, err := got.Encoder.Encode(example)
	if err != nil {
		t.Fatal(err)
	}
	b, err := want.Encoder.Encode(example)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(a, b); d != "" || !slices.Equal(got.Ends, want.Ends) || got.Encoder.Digest() != want.Encoder.Digest() {
		t.Errorf("%s, ends %v, expected %v", d, got.Ends, want.Ends)
	}
	for name, keys := range map[string]map[string]any{
		"tokenizer_config.json":  {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|end_of_text|>", "bos_token": nil, "add_bos_token": false},
		"generation_config.json": {"eos_token_id": []any{float64(want.Ends[0])}},
	} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		var file map[string]any
		if err := json.Unmarshal(content, &file); err != nil {
			t.Fatal(err)
		}
		for key, value := range keys {
			if found, there := file[key]; !there || !cmp.Equal(found, value) {
				t.Errorf("%s: %s is %v, expected %v", name, key, found, value)
			}
		}
		if name == "tokenizer_config.json" && !strings.HasPrefix(file["chat_template"].(string), "{% for m in messages %}") {
			t.Errorf("the template is %v", file["chat_template"])
		}
	}
}
