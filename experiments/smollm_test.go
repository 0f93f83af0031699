package experiments

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"secura/datasets"
	"secura/experiments/pretrained"
)

// TestSmolLMTokenizerGivesThePythonLibrarysIDs holds the tokenizer in SmolLM2's GGUF file, which
// cuts digits one by one, to the ids that testdata/smollm2.json of the backbone lists. `just
// test-smollm` runs it.
func TestSmolLMTokenizerGivesThePythonLibrarysIDs(t *testing.T) {
	path := os.Getenv("SECURA_SMOLLM")
	if path == "" {
		t.Skip("SECURA_SMOLLM names no GGUF file; `just test-smollm` downloads SmolLM2 and runs this test")
	}
	raw, err := os.ReadFile("../methods/backbone/testdata/smollm2.json")
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Prompts []struct {
			Text       string
			IDs        []int32
			Greedy     []int32
			GreedyText string `json:"greedy_text"`
		}
		Encodings []struct {
			Text string
			IDs  []int32
		}
	}
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	b, err := pretrained.Open(path, pretrained.Options{})
	if err != nil {
		t.Fatal(err)
	}
	check := func(text string, want []int32) {
		if ids, err := b.Tokenizer.Encode(text); err != nil || !slices.Equal(ids, want) {
			t.Errorf("%q: ids %v (%v), expected %v", text, ids, err, want)
		}
	}
	for _, p := range want.Prompts {
		check(p.Text, p.IDs)
		if text := b.Tokenizer.Decode(p.Greedy); text != p.GreedyText {
			t.Errorf("the answer's ids mean %q, expected %q", text, p.GreedyText)
		}
	}
	for _, e := range want.Encodings {
		check(e.Text, e.IDs)
	}
	if end, ok := b.Tokenizer.ID("<|im_end|>"); !ok || !slices.Equal(b.Ends, []int32{end}) {
		t.Errorf("end tokens %v, expected the one that ends an answer in a chat, %d", b.Ends, end)
	}
}

// TestSmolLMIsAskedByItsChatTemplate holds a rendered question to the text that its authors trained
// it on.
func TestSmolLMIsAskedByItsChatTemplate(t *testing.T) {
	path := os.Getenv("SECURA_SMOLLM")
	if path == "" {
		t.Skip("SECURA_SMOLLM names no GGUF file; `just test-smollm` downloads SmolLM2 and runs this test")
	}
	b, err := pretrained.Open(path, pretrained.Options{Chat: true})
	if err != nil {
		t.Fatal(err)
	}
	e, err := b.Encoder.Encode(datasets.Example{Prompt: "What is the capital of France?", Answer: " Paris"})
	if err != nil {
		t.Fatal(err)
	}
	want, err := b.Tokenizer.Encode("<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n" +
		"<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n")
	if err != nil || !slices.Equal(e.Prompt, want) {
		t.Errorf("the prompt is %v, expected %v (%v)", e.Prompt, want, err)
	}
	if answer, err := b.Tokenizer.Encode("Paris"); err != nil || !slices.Equal(e.Answer, answer) {
		t.Errorf("the answer is %v, expected %v (%v)", e.Answer, answer, err)
	}
	if end, ok := b.Tokenizer.ID("<|im_end|>"); !ok || b.Ends[0] != end {
		t.Errorf("end tokens %v, expected %d first", b.Ends, end)
	}
}
