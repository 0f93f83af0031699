package prompt

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// ggufMetadata writes the tokenizer of a tokenizer.json as a converter to GGUF does.
func ggufMetadata(t *testing.T, path, family string) map[string]any {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		AddedTokens []addedToken `json:"added_tokens"`
		Model       struct {
			Vocab  map[string]int
			Merges []any
		}
	}
	if err := json.Unmarshal(content, &file); err != nil {
		t.Fatal(err)
	}
	size := len(file.Model.Vocab)
	for _, a := range file.AddedTokens {
		size = max(size, int(a.ID)+1)
	}
	tokens, types, merges := make([]string, size), make([]int64, size), []string{}
	for token, id := range file.Model.Vocab {
		tokens[id], types[id] = token, 1
	}
	for _, a := range file.AddedTokens {
		tokens[a.ID], types[a.ID] = a.Content, ggufUserToken
		if a.Special {
			types[a.ID] = ggufControlToken
		}
	}
	for _, m := range file.Model.Merges {
		if parts, ok := m.([]any); ok {
			m = fmt.Sprint(parts[0], " ", parts[1])
		}
		merges = append(merges, m.(string))
	}
	return map[string]any{"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": family, "tokenizer.ggml.tokens": tokens,
		"tokenizer.ggml.token_type": types, "tokenizer.ggml.merges": merges, "tokenizer.ggml.add_space_prefix": false}
}

func ggufTokenizer(t *testing.T, metadata map[string]any) *Tokenizer {
	t.Helper()
	content, err := TokenizerJSON(metadata)
	if err != nil {
		t.Fatal(err)
	}
	tokenizer, err := NewTokenizer(content)
	if err != nil {
		t.Fatal(err)
	}
	return tokenizer
}

// TestGGUFTokenizerGivesTheIDsOfItsTokenizerJSON holds the families' ways of cutting words to the
// Python library's ids.
func TestGGUFTokenizerGivesTheIDsOfItsTokenizerJSON(t *testing.T) {
	for family, pre := range map[string]string{"qwen2": "qwen2", "llama3": "llama-bpe"} {
		tokenizer := ggufTokenizer(t, ggufMetadata(t, "testdata/small-"+family+"/tokenizer.json", pre))
		checkEncodings(t, tokenizer, family, readEncodings(t).Cases)
	}
}

func TestATextOfAGGUFTokenizerBeginsAsItsFileSays(t *testing.T) {
	for _, c := range []struct {
		family   string
		metadata map[string]any
		want     []int32
	}{
		{"qwen2", nil, nil},
		{"qwen2", map[string]any{"bos_token_id": int64(7)}, nil},
		{"qwen2", map[string]any{"bos_token_id": int64(7), "add_bos_token": true}, []int32{7}},
		{"llama-bpe", map[string]any{"bos_token_id": int64(7)}, []int32{7}},
		{"llama-bpe", map[string]any{"bos_token_id": int64(7), "add_bos_token": false}, nil},
	} {
		metadata := ggufMetadata(t, "testdata/small-qwen2/tokenizer.json", c.family)
		for key, value := range c.metadata {
			metadata["tokenizer.ggml."+key] = value
		}
		if start := ggufTokenizer(t, metadata).Start(); !slices.Equal(start, c.want) {
			t.Errorf("%s %v: a text begins with %v, expected %v", c.family, c.metadata, start, c.want)
		}
	}
	metadata := ggufMetadata(t, "testdata/small-qwen2/tokenizer.json", "qwen2")
	for value, want := range map[any]string{nil: "bos_token_id is missing", int64(1 << 40): "bos_token_id is 1099511627776"} {
		metadata["tokenizer.ggml.add_bos_token"] = true
		if value != nil {
			metadata["tokenizer.ggml.bos_token_id"] = value
		}
		if _, err := TokenizerJSON(metadata); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error %v, expected %q", value, err, want)
		}
		delete(metadata, "tokenizer.ggml.bos_token_id")
	}
}

func TestSmolLMCutsDigitsOneByOne(t *testing.T) {
	metadata := ggufMetadata(t, "testdata/small-qwen2/tokenizer.json", "smollm")
	// A merge of two digits, and of a space and a digit, that the cut must keep from being used.
	metadata["tokenizer.ggml.tokens"] = append(metadata["tokenizer.ggml.tokens"].([]string), "20", "Ġ2")
	metadata["tokenizer.ggml.token_type"] = append(metadata["tokenizer.ggml.token_type"].([]int64), 1, 1)
	metadata["tokenizer.ggml.merges"] = append(metadata["tokenizer.ggml.merges"].([]string), "2 0", "Ġ 2")
	tokenizer := ggufTokenizer(t, metadata)
	var want []int32
	for _, token := range []string{"Ġ", "2", "0", "2", "0"} {
		id, ok := tokenizer.ID(token)
		if !ok {
			t.Fatal(token)
		}
		want = append(want, id)
	}
	if ids, err := tokenizer.Encode(" 2020"); err != nil || !slices.Equal(ids, want) {
		t.Errorf("ids %v (%v), expected %v", ids, err, want)
	}
	metadata["tokenizer.ggml.pre"] = "gpt-2"
	if ids, err := ggufTokenizer(t, metadata).Encode(" 2020"); err != nil || slices.Equal(ids, want) {
		t.Errorf("GPT-2 does not cut digits, got %v (%v)", ids, err)
	}
}

// TestBytesWithoutAToken leaves out the token of a control character, as SmolLM's vocabulary does.
func TestBytesWithoutAToken(t *testing.T) {
	metadata := ggufMetadata(t, "testdata/small-qwen2/tokenizer.json", "smollm")
	tokens := slices.Clone(metadata["tokenizer.ggml.tokens"].([]string))
	tokens[slices.Index(tokens, byteLevelText("\x04"))] = "unused"
	metadata["tokenizer.ggml.tokens"] = tokens
	tokenizer := ggufTokenizer(t, metadata)
	if ids, err := tokenizer.Encode("a\x05b"); err != nil || tokenizer.Decode(ids) != "a\x05b" {
		t.Errorf("ids %v (%v)", ids, err)
	}
	if _, err := tokenizer.Encode("a\x04b"); err == nil || !strings.Contains(err.Error(), "no token for the byte 0x04") {
		t.Error(err)
	}
}

func TestGGUFTokenizerRefuses(t *testing.T) {
	good := ggufMetadata(t, "testdata/small-qwen2/tokenizer.json", "qwen2")
	for want, change := range map[string]map[string]any{
		"tokenizer.ggml.model is missing":                 {"tokenizer.ggml.model": nil},
		`tokenizer.ggml.model is "llama", expected`:       {"tokenizer.ggml.model": "llama"},
		"tokenizer.ggml.tokens is a []int64, expected a ": {"tokenizer.ggml.tokens": []int64{1}},
		`tokenizer.ggml.pre is "tekken"; known: gpt-2, `:  {"tokenizer.ggml.pre": "tekken"},
		"tokenizer.ggml.token_type has 1 entries":         {"tokenizer.ggml.token_type": []int64{1}},
		"tokenizer.ggml.add_space_prefix is true":         {"tokenizer.ggml.add_space_prefix": true},
		`entries 0 and 1 are both "a"`:                    {"tokenizer.ggml.tokens": []string{"a", "a"}, "tokenizer.ggml.token_type": []int64{1, 1}},
	} {
		metadata := maps.Clone(good)
		for key, value := range change {
			if metadata[key] = value; value == nil {
				delete(metadata, key)
			}
		}
		if _, err := TokenizerJSON(metadata); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// FuzzGGUFTokenizer: whatever a file's lists hold, there is an error or a tokenizer that gives ids
// of its own for a text or refuses it.
func FuzzGGUFTokenizer(f *testing.F) {
	f.Add("a\nb\nab\nĠ\n<s>", []byte{1, 1, 1, 1, 3}, "a b", "llama-bpe", int64(4), "ab a<s>")
	f.Add("1\n2\n12\n<u>", []byte{1, 1, 1, 4}, "1 2", "smollm", int64(-1), "12<u>")
	f.Add("a\n\nb", []byte{1, 3, 4}, "a b\na", "qwen2", int64(1), "a")
	f.Fuzz(func(t *testing.T, tokens string, kinds []byte, merges, family string, start int64, text string) {
		types := make([]int64, len(kinds))
		for i, kind := range kinds {
			types[i] = int64(kind)
		}
		content, err := TokenizerJSON(map[string]any{"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": family,
			"tokenizer.ggml.tokens": strings.Split(tokens, "\n"), "tokenizer.ggml.token_type": types,
			"tokenizer.ggml.merges": strings.Split(merges, "\n"), "tokenizer.ggml.bos_token_id": start, "tokenizer.ggml.add_bos_token": start >= 0})
		if err != nil {
			return
		}
		tokenizer, err := NewTokenizer(content)
		if err != nil {
			return
		}
		ids, err := tokenizer.Encode(text)
		if err != nil {
			return
		}
		for _, id := range append(ids, tokenizer.Start()...) {
			if _, ok := tokenizer.Token(id); !ok || int(id) >= tokenizer.Size() {
				t.Fatalf("id %d is no token of %d", id, tokenizer.Size())
			}
		}
		tokenizer.Decode(ids)
	})
}
