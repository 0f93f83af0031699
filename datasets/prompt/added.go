package prompt

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// addedToken is an entry of added_tokens: a text that becomes one id wherever it stands, before the
// model sees the rest.
type addedToken struct {
	ID         int32  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	Lstrip     bool   `json:"lstrip"`
	Rstrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
	Special    bool   `json:"special"`
}

// addedTokens finds added tokens.
type addedTokens struct {
	tokens  map[string]addedToken // by what is looked for
	lengths [256][]int            // of those that begin with a byte, the longest first
}

// addTokens joins the model's vocabulary and the added tokens.
func (t *Tokenizer) addTokens(added []json.RawMessage) error {
	t.ids = make(map[string]int32, len(t.model.ids)+len(added))
	for token, id := range t.model.ids {
		t.ids[token] = id
		t.tokens[id] = token
		t.size = max(t.size, int(id)+1)
	}
	seen := map[string]bool{}
	for i, raw := range added {
		a, err := readAddedToken(raw)
		if err != nil {
			return fmt.Errorf("entry %d: %w", i, err)
		}
		switch known, ok := t.ids[a.Content]; {
		case a.Content == "":
			return fmt.Errorf("the token with id %d is empty", a.ID)
		case seen[a.Content]:
			return fmt.Errorf("%.60q is there twice", a.Content)
		case a.ID < 0 || a.ID > largestID:
			return fmt.Errorf("%.60q has the id %d; an id lies between 0 and %d", a.Content, a.ID, largestID)
		case ok && known != a.ID:
			return fmt.Errorf("%.60q has the id %d, in the model's vocabulary it has %d", a.Content, a.ID, known)
		case a.SingleWord:
			return fmt.Errorf("%.60q: single_word is not supported", a.Content)
		}
		if other, ok := t.tokens[a.ID]; ok && other != a.Content {
			return fmt.Errorf("%.60q has the id %d, which belongs to %.60q", a.Content, a.ID, other)
		}
		seen[a.Content] = true
		t.ids[a.Content], t.tokens[a.ID] = a.ID, a.Content
		t.size = max(t.size, int(a.ID)+1)
		if a.Special {
			t.special[a.ID] = true
		}
		into := &t.raw
		if a.Normalized {
			// Such a token is looked for in normalised text, so it is normalised itself.
			for _, n := range t.normalize {
				a.Content = n(a.Content)
			}
			if into = &t.normalized; a.Content == "" {
				continue
			}
		}
		into.add(a)
	}
	return nil
}

// readAddedToken reads an entry, which must have an id and a content.
func readAddedToken(raw json.RawMessage) (addedToken, error) {
	a := addedToken{ID: -1}
	if err := strict(raw, &a); err != nil {
		return a, err
	}
	if a.ID == -1 {
		return a, fmt.Errorf("%.60q has no id", a.Content)
	}
	return a, nil
}

// add puts a token among those that are looked for. Of two that normalisation makes equal the first
// counts.
func (a *addedTokens) add(token addedToken) {
	if _, ok := a.tokens[token.Content]; ok {
		return
	}
	if a.tokens == nil {
		a.tokens = map[string]addedToken{}
	}
	a.tokens[token.Content] = token
	lengths := &a.lengths[token.Content[0]]
	at, known := slices.BinarySearchFunc(*lengths, len(token.Content), func(have, want int) int { return want - have })
	if !known {
		*lengths = slices.Insert(*lengths, at, len(token.Content))
	}
}

// cut calls yield for the pieces of text in order: with a piece between added tokens, or with ""
// and an added token's id. At each place the leftmost and then longest token counts.
func (a *addedTokens) cut(text string, yield func(piece string, id int32) error) error {
	done := 0
	for i := 0; i < len(text); i++ {
		token := a.at(text[i:])
		if token == nil {
			continue
		}
		start, end := i, i+len(token.Content)
		if token.Lstrip {
			start = done + len(strings.TrimRightFunc(text[done:start], unicode.IsSpace))
		}
		if token.Rstrip {
			end = len(text) - len(strings.TrimLeftFunc(text[end:], unicode.IsSpace))
		}
		if done < start {
			if err := yield(text[done:start], 0); err != nil {
				return err
			}
		}
		if err := yield("", token.ID); err != nil {
			return err
		}
		done, i = end, end-1
	}
	if done < len(text) {
		return yield(text[done:], 0)
	}
	return nil
}

// at is the longest token that begins a text, nil where none does.
func (a *addedTokens) at(text string) *addedToken {
	for _, length := range a.lengths[text[0]] {
		if length <= len(text) {
			if token, ok := a.tokens[text[:length]]; ok {
				return &token
			}
		}
	}
	return nil
}
