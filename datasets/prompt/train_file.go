package prompt

import (
	"bytes"
	"encoding/json"
)

// trainedFile is the tokenizer.json that Train writes.
type trainedFile struct {
	Version       string       `json:"version"`
	Truncation    *struct{}    `json:"truncation"`
	Padding       *struct{}    `json:"padding"`
	AddedTokens   []addedToken `json:"added_tokens"`
	Normalizer    any          `json:"normalizer"`
	PreTokenizer  any          `json:"pre_tokenizer"`
	PostProcessor any          `json:"post_processor"`
	Decoder       any          `json:"decoder"`
	Model         trainedModel `json:"model"`
}

type trainedModel struct {
	Type                    string          `json:"type"`
	Dropout                 *float64        `json:"dropout"`
	UnkToken                *string         `json:"unk_token"`
	ContinuingSubwordPrefix *string         `json:"continuing_subword_prefix"`
	EndOfWordSuffix         *string         `json:"end_of_word_suffix"`
	FuseUnk                 bool            `json:"fuse_unk"`
	ByteFallback            bool            `json:"byte_fallback"`
	IgnoreMerges            bool            `json:"ignore_merges"`
	Vocab                   json.RawMessage `json:"vocab"`
	Merges                  [][2]string     `json:"merges"`
}

type splitPart struct {
	Type     string            `json:"type"`
	Pattern  map[string]string `json:"pattern"`
	Behavior string            `json:"behavior"`
	Invert   bool              `json:"invert"`
}

type sequencePart struct {
	Type          string `json:"type"`
	Pretokenizers []any  `json:"pretokenizers"`
}

func (tr *trainer) file(merges [][2]string, added []addedToken) (*trainedFile, error) {
	vocabulary, err := vocabularyInOrder(tr.tokens)
	if err != nil {
		return nil, err
	}
	bytewise := byteLevelSettings{Type: "ByteLevel"}
	return &trainedFile{
		Version:     "1.0",
		AddedTokens: append([]addedToken{}, added...),
		Normalizer:  map[string]string{"type": "NFC"},
		PreTokenizer: sequencePart{Type: "Sequence", Pretokenizers: []any{
			splitPart{Type: "Split", Pattern: map[string]string{"Regex": qwen2Pattern}, Behavior: "Isolated"},
			bytewise,
		}},
		PostProcessor: bytewise,
		Decoder:       bytewise,
		Model:         trainedModel{Type: "BPE", Vocab: vocabulary, Merges: merges},
	}, nil
}

// vocabularyInOrder writes the tokens with their ids in the order of the ids, as the usual files
// do; a map would be sorted by name.
func vocabularyInOrder(tokens []string) (json.RawMessage, error) {
	var out bytes.Buffer
	for id, token := range tokens {
		separator := byte(',')
		if id == 0 {
			separator = '{'
		}
		out.WriteByte(separator)
		key, err := marshal(token, false)
		if err != nil {
			return nil, err
		}
		out.Write(key)
		value, err := marshal(id, false)
		if err != nil {
			return nil, err
		}
		out.WriteByte(':')
		out.Write(value)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// marshal writes JSON with <, > and & as they are, for people to read.
func marshal(v any, indent bool) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if indent {
		e.SetIndent("", "  ")
		err := e.Encode(v)
		return out.Bytes(), err
	}
	err := e.Encode(v)
	return bytes.TrimRight(out.Bytes(), "\n"), err
}
