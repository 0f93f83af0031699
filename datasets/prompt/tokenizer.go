package prompt

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Tokenizer turns text into token ids and back, as the file tokenizer.json says. It is safe for
// concurrent use.
type Tokenizer struct {
	raw, normalized addedTokens // found before, and after, normalisation
	normalize       []normalizer
	split           []splitter
	model           *bpe
	decode          []decoder

	ids     map[string]int32
	tokens  map[int32]string
	special map[int32]bool
	size    int
	start   []int32
	digest  string
}

// tokenizerFile is the content of tokenizer.json. Its parts are tagged by a "type" and are read by
// the file of that part.
type tokenizerFile struct {
	Version       string            `json:"version"`
	Truncation    json.RawMessage   `json:"truncation"` // what the last call before saving asked for: not of the ids
	Padding       json.RawMessage   `json:"padding"`    // likewise
	AddedTokens   []json.RawMessage `json:"added_tokens"`
	Normalizer    json.RawMessage   `json:"normalizer"`
	PreTokenizer  json.RawMessage   `json:"pre_tokenizer"`
	PostProcessor json.RawMessage   `json:"post_processor"`
	Decoder       json.RawMessage   `json:"decoder"`
	Model         json.RawMessage   `json:"model"`
}

// NewTokenizer reads a tokenizer.json. A key, a type or a setting that would change the ids and is
// not supported, or that is wrong, is an error that names it, as "model: vocab: …"; the caller
// names the file. The model must be byte-pair encoding (BPE).
//
// A file may come from anyone. What it holds bounds the time and the memory that it takes, to read
// it and to encode a text, whatever its patterns, replacements and lists are.
func NewTokenizer(tokenizerJSON []byte) (*Tokenizer, error) {
	t, err := newTokenizer(tokenizerJSON)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(tokenizerJSON)
	t.digest = hex.EncodeToString(sum[:])
	return t, nil
}

// Digest is the SHA-256 of the file.
func (t *Tokenizer) Digest() string { return t.digest }

func newTokenizer(content []byte) (*Tokenizer, error) {
	if !utf8.Valid(content) {
		return nil, invalidUTF8(string(content))
	}
	var file tokenizerFile
	if err := strict(content, &file); err != nil {
		return nil, err
	}
	t := &Tokenizer{special: map[int32]bool{}, tokens: map[int32]string{}}
	var err error
	var parts reading
	if t.normalize, err = parts.normalizer(file.Normalizer, 0); err != nil {
		return nil, fmt.Errorf("normalizer: %w", err)
	}
	byteLevel := false
	if t.split, byteLevel, err = parts.preTokenizer(file.PreTokenizer, 0); err != nil {
		return nil, fmt.Errorf("pre_tokenizer: %w", err)
	}
	if t.decode, err = parts.decoder(file.Decoder, 0); err != nil {
		return nil, fmt.Errorf("decoder: %w", err)
	}
	if t.model, err = readBPE(file.Model, byteLevel); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	if err := t.addTokens(file.AddedTokens); err != nil {
		return nil, fmt.Errorf("added_tokens: %w", err)
	}
	if t.start, err = t.startTokens(&parts, file.PostProcessor, 0); err != nil {
		return nil, fmt.Errorf("post_processor: %w", err)
	}
	if len(t.start) > mostStart {
		return nil, fmt.Errorf("post_processor: it writes %d tokens before a text, expected at most %d", len(t.start), mostStart)
	}
	return t, nil
}

// Start returns the ids that stand before the text of a whole input, such as Llama's
// <|begin_of_text|> and Gemma's <bos>; none for Qwen2. Models that were trained with such a token
// write nonsense without it.
func (t *Tokenizer) Start() []int32 { return slices.Clone(t.start) }

// Encode returns the ids of text. No tokens are added at its ends; an added token, special or not,
// that is written in the text becomes its one id. Text that is not UTF-8, or that the vocabulary
// has no token for, is an error.
func (t *Tokenizer) Encode(text string) ([]int32, error) {
	if !utf8.ValidString(text) {
		return nil, fmt.Errorf("encode text: %w", invalidUTF8(text))
	}
	ids := make([]int32, 0, len(text)/3+1)
	clock := newSearchClock(text)
	err := t.raw.cut(text, func(piece string, id int32) (err error) {
		if piece == "" {
			ids = append(ids, id)
			return nil
		}
		for _, n := range t.normalize {
			piece = n(piece)
		}
		return t.normalized.cut(piece, func(piece string, id int32) (err error) {
			if piece == "" {
				ids = append(ids, id)
				return nil
			}
			words, err := splitAll(t.split, piece, clock)
			if err != nil {
				return err
			}
			for _, word := range words {
				if ids, err = t.model.encode(ids, word); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("encode text: %w", err)
	}
	return ids, nil
}

// Decode returns the text of ids. Special tokens are left out, and so is an id that the tokenizer
// does not have: a model may have more outputs than there are tokens. Bytes that are not UTF-8
// become U+FFFD.
func (t *Tokenizer) Decode(ids []int32) string { return t.decoded(ids, false) }

// DecodeAll is Decode with special tokens, each as it is written in the file.
func (t *Tokenizer) DecodeAll(ids []int32) string { return t.decoded(ids, true) }

func (t *Tokenizer) decoded(ids []int32, special bool) string {
	tokens := make([]string, 0, len(ids))
	for _, id := range ids {
		if token, ok := t.tokens[id]; ok && (special || !t.special[id]) {
			tokens = append(tokens, token)
		}
	}
	for _, d := range t.decode {
		tokens = d(tokens)
	}
	return strings.Join(tokens, "")
}

// Size is the largest id + 1.
func (t *Tokenizer) Size() int { return t.size }

// WithSpecial is the tokenizer with a special token more, which Decode leaves out and no text
// encodes to.
func (t *Tokenizer) WithSpecial(id int32, token string) *Tokenizer {
	with := *t
	with.tokens, with.special = maps.Clone(t.tokens), maps.Clone(t.special)
	with.tokens[id], with.special[id] = token, true
	with.size = max(t.size, int(id)+1)
	return &with
}

// ID returns the id of a token, written as in the file (byte-level BPE writes a leading space as
// "Ġ").
func (t *Tokenizer) ID(token string) (int32, bool) {
	id, ok := t.ids[token]
	return id, ok
}

// Token returns the token of an id, written as in the file.
func (t *Tokenizer) Token(id int32) (string, bool) {
	token, ok := t.tokens[id]
	return token, ok
}

func invalidUTF8(text string) error {
	for i, r := range text {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(text[i:]); n == 1 {
				return fmt.Errorf("byte %d (0x%02x) is not UTF-8", i, text[i])
			}
		}
	}
	return errors.New("not UTF-8")
}
