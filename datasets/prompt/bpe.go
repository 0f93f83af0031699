package prompt

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"secura/jsonfile"
)

// largestID bounds ids, so that Size fits every platform's int.
const largestID = 1<<30 - 1

// The cache of words is bounded: text of one kind repeats few words often.
const (
	cachedWords     = 1 << 16
	longestCachedAt = 64 // bytes
)

// bpe is a byte-pair encoding model: a word starts as its characters, and of all neighbouring pairs
// that have a merge the one with the lowest rank, the leftmost of equals, is merged until there is
// none.
type bpe struct {
	ids          map[string]int32
	merges       map[uint64]merge
	ignoreMerges bool // a word that is a token is taken whole
	byteLevel    bool
	bytes        [256]int32 // with byteLevel or byteFallback: a byte's token, -1: there is none
	byteFallback bool
	unknown      int32 // -1: there is none
	fuseUnknown  bool

	lock  sync.RWMutex
	cache map[string][]int32
}

type merge struct{ rank, id int32 }

// pair is the key of a merge.
func pair(left, right int32) uint64 { return uint64(uint32(left))<<32 | uint64(uint32(right)) }

func readBPE(part json.RawMessage, byteLevel bool) (*bpe, error) {
	var p struct {
		Type                    *string
		Dropout                 *float64
		UnkToken                *string           `json:"unk_token"`
		ContinuingSubwordPrefix *string           `json:"continuing_subword_prefix"`
		EndOfWordSuffix         *string           `json:"end_of_word_suffix"`
		FuseUnk                 bool              `json:"fuse_unk"`
		ByteFallback            bool              `json:"byte_fallback"`
		IgnoreMerges            bool              `json:"ignore_merges"`
		Vocab                   vocabulary        `json:"vocab"`
		Merges                  []json.RawMessage `json:"merges"`
	}
	if absent(part) {
		return nil, errors.New("it is missing")
	}
	// Another model has other keys, so its type is told first.
	var tag struct{ Type *string }
	if err := jsonfile.Decode(part, &tag); err != nil {
		return nil, err
	}
	if tag.Type != nil && *tag.Type != "BPE" {
		return nil, fmt.Errorf("type %.60q is not supported; known: BPE", *tag.Type)
	}
	if err := strict(part, &p); err != nil {
		return nil, err
	}
	switch {
	case p.Dropout != nil && *p.Dropout != 0:
		return nil, errors.New("dropout is not supported; set it to null")
	case p.ContinuingSubwordPrefix != nil && *p.ContinuingSubwordPrefix != "":
		return nil, errors.New("continuing_subword_prefix is not supported; set it to null")
	case p.EndOfWordSuffix != nil && *p.EndOfWordSuffix != "":
		return nil, errors.New("end_of_word_suffix is not supported; set it to null")
	case len(p.Vocab) == 0:
		return nil, errors.New("vocab is missing")
	case p.Merges == nil:
		return nil, errors.New("merges is missing, so no token of more than one character would be used")
	case byteLevel && p.ByteFallback:
		return nil, errors.New("byte_fallback does not go with the pre-tokenizer ByteLevel")
	}
	m := &bpe{ids: p.Vocab, merges: make(map[uint64]merge, len(p.Merges)), ignoreMerges: p.IgnoreMerges,
		byteLevel: byteLevel, byteFallback: p.ByteFallback, unknown: -1, fuseUnknown: p.FuseUnk, cache: map[string][]int32{}}
	if err := m.checkIDs(); err != nil {
		return nil, err
	}
	if p.UnkToken != nil {
		id, ok := m.ids[*p.UnkToken]
		if !ok {
			return nil, fmt.Errorf("unk_token %.60q is not in vocab", *p.UnkToken)
		}
		m.unknown = id
	}
	if err := m.readBytes(); err != nil {
		return nil, err
	}
	for rank, raw := range p.Merges {
		if err := m.readMerge(raw, int32(rank)); err != nil {
			return nil, fmt.Errorf("merges, entry %d: %w", rank, err)
		}
	}
	return m, nil
}

func (m *bpe) checkIDs() error {
	// The errors name the least mistake, whatever the map's order.
	var mistakes []string
	owner := make(map[int32]string, len(m.ids))
	for token, id := range m.ids {
		if other, twice := owner[id]; twice {
			mistakes = append(mistakes, fmt.Sprintf("%.60q and %.60q have the same id %d", min(token, other), max(token, other), id))
		}
		owner[id] = token
	}
	if len(mistakes) > 0 {
		return fmt.Errorf("vocab: %s", slices.Min(mistakes))
	}
	return nil
}

// readBytes finds the tokens of the 256 bytes where the model needs them.
func (m *bpe) readBytes() error {
	for b := range 256 {
		token := string(runeOf[b])
		switch {
		case m.byteFallback:
			token = fmt.Sprintf("<0x%02X>", b)
		case !m.byteLevel:
			return nil
		}
		id, ok := m.ids[token]
		if !ok && m.byteLevel && m.unknown >= 0 {
			return fmt.Errorf("vocab: the token %q of byte 0x%02x is missing", token, b)
		} else if !ok {
			id = -1 // Gemma 2 has no <0x09>: a tab is a token of its own; SmolLM has none for some control characters
		}
		m.bytes[b] = id
	}
	return nil
}

// readMerge reads one merge, written "a b" or ["a", "b"].
func (m *bpe) readMerge(raw json.RawMessage, rank int32) error {
	var parts []string
	var line string
	// Half a million merges: what each is, is told by its first character.
	if len(raw) > 0 && raw[0] == '"' {
		if err := json.Unmarshal(raw, &line); err != nil {
			return err
		}
		parts = strings.Split(line, " ")
	} else if json.Unmarshal(raw, &parts) != nil {
		return fmt.Errorf("%.40s is neither a text nor a list of texts", raw)
	}
	if len(parts) != 2 || parts[0] == "" || parts[1] == "" {
		return fmt.Errorf("%.60s does not have two parts", raw)
	}
	left, ok := m.ids[parts[0]]
	if !ok {
		return fmt.Errorf("%.80q is not in vocab", parts[0])
	}
	right, ok := m.ids[parts[1]]
	if !ok {
		return fmt.Errorf("%.80q is not in vocab", parts[1])
	}
	id, ok := m.ids[parts[0]+parts[1]]
	if !ok {
		return fmt.Errorf("%.80q is not in vocab", parts[0]+parts[1])
	}
	if _, twice := m.merges[pair(left, right)]; twice {
		return fmt.Errorf("%.60s is there twice", raw)
	}
	m.merges[pair(left, right)] = merge{rank, id}
	return nil
}

// encode appends the ids of a word.
func (m *bpe) encode(ids []int32, word string) ([]int32, error) {
	if word == "" {
		return ids, nil
	}
	m.lock.RLock()
	known, ok := m.cache[word]
	m.lock.RUnlock()
	if ok {
		return append(ids, known...), nil
	}
	start := len(ids)
	ids, err := m.encodeWord(ids, word)
	if err != nil {
		return nil, err
	}
	if len(word) <= longestCachedAt {
		m.lock.Lock()
		if len(m.cache) < cachedWords {
			m.cache[strings.Clone(word)] = slices.Clone(ids[start:])
		}
		m.lock.Unlock()
	}
	return ids, nil
}

func (m *bpe) encodeWord(ids []int32, word string) ([]int32, error) {
	if m.ignoreMerges {
		token := word
		if m.byteLevel {
			token = byteLevelText(word)
		}
		if id, ok := m.ids[token]; ok {
			return append(ids, id), nil
		}
	}
	symbols := make([]int32, 0, len(word))
	if m.byteLevel {
		for i := range len(word) {
			id := m.bytes[word[i]]
			if id < 0 {
				return nil, fmt.Errorf("the tokenizer's vocabulary has no token for the byte 0x%02x, and no unk_token; leave such texts out, or give another backbone", word[i])
			}
			symbols = append(symbols, id)
		}
		return mergeAll(ids, symbols, m.merges), nil
	}
	// As in the reference, an unknown character's token is put down when the next known character
	// comes, thus after bytes that stand between them.
	pending := false
	for i, r := range word {
		character := word[i : i+utf8.RuneLen(r)]
		id, ok := m.ids[character]
		switch {
		case ok:
			if pending {
				symbols = append(symbols, m.unknown)
				pending = false
			}
			symbols = append(symbols, id)
		case m.byteFallback && m.hasBytes(character):
			for j := range len(character) {
				symbols = append(symbols, m.bytes[character[j]])
			}
		case m.unknown < 0:
			return nil, fmt.Errorf("the tokenizer's vocabulary has no token for %q, and no unk_token; leave such texts out, or give another backbone", character)
		default:
			if pending && !m.fuseUnknown {
				symbols = append(symbols, m.unknown)
			}
			pending = true
		}
	}
	if pending {
		symbols = append(symbols, m.unknown)
	}
	return mergeAll(ids, symbols, m.merges), nil
}

func (m *bpe) hasBytes(character string) bool {
	for i := range len(character) {
		if m.bytes[character[i]] < 0 {
			return false
		}
	}
	return true
}
