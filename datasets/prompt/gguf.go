package prompt

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The numbers in tokenizer.ggml.token_type that matter: a control token is special, a user's token
// is found in text like one but belongs to it.
const (
	ggufControlToken = 3
	ggufUserToken    = 4
)

// ggufSplit is how the families of byte-level tokenizers, named by tokenizer.ggml.pre, cut text
// into words.
type ggufSplit struct {
	composed     bool   // text is brought into NFC first
	digits       bool   // single digits are cut off first
	pattern      string // "": GPT-2's
	ignoreMerges bool
}

// ggufSplits are the families that are read. Source: the tokenizer.json files that their models are
// published with.
var ggufSplits = map[string]ggufSplit{
	"gpt-2":     {},
	"smollm":    {digits: true},
	"qwen2":     {composed: true, pattern: qwen2Pattern},
	"llama-bpe": {ignoreMerges: true, pattern: llama3Pattern},
}

// TokenizerJSON writes the tokenizer.json of the tokenizer in a GGUF file's metadata, whose values
// are int64, float64, bool, string, or slices of these. The tokenizer must be byte-level BPE
// (tokenizer.ggml.model "gpt2") of a family whose way of cutting words is known; a wrong guess
// there would give other ids without any sign of it.
func TokenizerJSON(metadata map[string]any) ([]byte, error) {
	content, err := tokenizerJSON(metadata)
	if err != nil {
		return nil, fmt.Errorf("read the tokenizer in GGUF metadata: %w", err)
	}
	return content, nil
}

func tokenizerJSON(metadata map[string]any) ([]byte, error) {
	var model, family string
	var tokens, merges []string
	var types []int64
	for _, read := range []error{
		ggufValue(metadata, "tokenizer.ggml.model", &model),
		ggufValue(metadata, "tokenizer.ggml.tokens", &tokens),
	} {
		if read != nil {
			return nil, read
		}
	}
	if model != "gpt2" {
		return nil, fmt.Errorf("tokenizer.ggml.model is %.40q, expected \"gpt2\" (byte-level BPE)", model)
	}
	for _, read := range []error{
		ggufValue(metadata, "tokenizer.ggml.pre", &family),
		ggufValue(metadata, "tokenizer.ggml.merges", &merges),
		ggufValue(metadata, "tokenizer.ggml.token_type", &types),
	} {
		if read != nil {
			return nil, read
		}
	}
	split, known := ggufSplits[family]
	if !known {
		return nil, fmt.Errorf("tokenizer.ggml.pre is %.40q; known: %s", family,
			strings.Join(slices.Sorted(maps.Keys(ggufSplits)), ", "))
	}
	if len(types) != len(tokens) {
		return nil, fmt.Errorf("tokenizer.ggml.token_type has %d entries, tokenizer.ggml.tokens %d", len(types), len(tokens))
	}
	if prefix, _ := metadata["tokenizer.ggml.add_space_prefix"].(bool); prefix {
		return nil, errors.New("tokenizer.ggml.add_space_prefix is true, which is not supported for \"gpt2\"")
	}
	vocabulary, added := make(map[string]int32, len(tokens)), []addedToken{}
	for i, token := range tokens {
		if other, twice := vocabulary[token]; twice {
			return nil, fmt.Errorf("tokenizer.ggml.tokens: entries %d and %d are both %.40q", other, i, token)
		}
		vocabulary[token] = int32(i)
		if types[i] == ggufControlToken || types[i] == ggufUserToken {
			added = append(added, addedToken{ID: int32(i), Content: token, Special: types[i] == ggufControlToken})
		}
	}
	post, err := ggufPostProcessor(metadata, family, tokens)
	if err != nil {
		return nil, err
	}
	var normalizer any
	if split.composed {
		normalizer = part{"type": "NFC"}
	}
	return json.Marshal(part{
		"version": "1.0", "truncation": nil, "padding": nil, "added_tokens": added,
		"normalizer":    normalizer,
		"pre_tokenizer": part{"type": "Sequence", "pretokenizers": split.steps()}, "post_processor": post,
		"decoder": byteLevelSettings{Type: "ByteLevel", AddPrefixSpace: true, TrimOffsets: true, UseRegex: true},
		"model": part{"type": "BPE", "dropout": nil, "unk_token": nil, "fuse_unk": false, "byte_fallback": false,
			"ignore_merges": split.ignoreMerges, "vocab": vocabulary, "merges": merges},
	})
}

// part is a part of tokenizer.json.
type part map[string]any

// ggufAddsBOS says whether a token begins each text. Where the file names such a token and does not
// say whether it is used, Llama 3's family uses it and the others do not, as llama.cpp takes it.
func ggufAddsBOS(metadata map[string]any, family string) bool {
	add, told := metadata["tokenizer.ggml.add_bos_token"].(bool)
	if !told {
		_, add = metadata["tokenizer.ggml.bos_token_id"]
		add = add && family == "llama-bpe"
	}
	return add
}

// ggufPostProcessor writes the token that begins a text, nil where none does.
func ggufPostProcessor(metadata map[string]any, family string, tokens []string) (any, error) {
	if !ggufAddsBOS(metadata, family) {
		return nil, nil
	}
	var id int64
	if err := ggufValue(metadata, "tokenizer.ggml.bos_token_id", &id); err != nil {
		return nil, err
	}
	if id < 0 || id >= int64(len(tokens)) {
		return nil, fmt.Errorf("tokenizer.ggml.bos_token_id is %d, tokenizer.ggml.tokens has %d entries", id, len(tokens))
	}
	name := tokens[id]
	return part{"type": "TemplateProcessing",
		"single":         []any{part{"SpecialToken": part{"id": name, "type_id": 0}}, part{"Sequence": part{"id": "A", "type_id": 0}}},
		"pair":           []any{part{"Sequence": part{"id": "A", "type_id": 0}}, part{"Sequence": part{"id": "B", "type_id": 1}}},
		"special_tokens": part{name: part{"id": name, "ids": []int64{id}, "tokens": []string{name}}}}, nil
}

// steps are the pre-tokenizers in the spelling of tokenizer.json.
func (s ggufSplit) steps() []any {
	var steps []any
	if s.digits {
		steps = append(steps, map[string]any{"type": "Digits", "individual_digits": true})
	}
	if s.pattern != "" {
		steps = append(steps, map[string]any{"type": "Split", "behavior": "Isolated", "invert": false,
			"pattern": map[string]string{"Regex": s.pattern}})
	}
	return append(steps, byteLevelSettings{Type: "ByteLevel", TrimOffsets: true, UseRegex: s.pattern == ""})
}

// ggufValue copies the value of a key that must be there with to's type.
func ggufValue[T any](metadata map[string]any, key string, to *T) error {
	value, ok := metadata[key]
	if !ok {
		return fmt.Errorf("%s is missing", key)
	}
	if *to, ok = value.(T); !ok {
		return fmt.Errorf("%s is a %T, expected a %T", key, value, *to)
	}
	return nil
}
