package experiments

import (
	"encoding/json"
	"os"
	"slices"
	"testing"
)

// TestSmolLMTokenizerGivesThePythonLibrarysIDs holds the tokenizer in SmolLM2's GGUF file, which cuts digits one by one,
// to the ids that testdata/smollm2.json of the backbone lists. `just test-smollm` runs it.
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
	b, err := openBackbone(path)
	if err != nil {
		t.Fatal(err)
	}
	check := func(text string, want []int32) {
		if ids, err := b.tokenizer.Encode(text); err != nil || !slices.Equal(ids, want) {
			t.Errorf("%q: ids %v (%v), expected %v", text, ids, err, want)
		}
	}
	for _, p := range want.Prompts {
		check(p.Text, p.IDs)
		if text := b.tokenizer.Decode(p.Greedy); text != p.GreedyText {
			t.Errorf("the answer's ids mean %q, expected %q", text, p.GreedyText)
		}
	}
	for _, e := range want.Encodings {
		check(e.Text, e.IDs)
	}
	if end, ok := b.tokenizer.ID("<|im_end|>"); !ok || !slices.Equal(b.ends, []int32{end}) {
		t.Errorf("end tokens %v, expected the one that ends an answer in a chat, %d", b.ends, end)
	}
}
