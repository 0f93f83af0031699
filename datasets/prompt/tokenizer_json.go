package prompt

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"secura/jsonfile"
)

// Bounds of what a tokenizer.json may ask for, far above any published one's.
const (
	deepest        = 8       // parts of the kind "Sequence" within each other; real files have two levels
	mostParts      = 256     // normalizers, pre-tokenizers, decoders and post-processors together
	mostStart      = 64      // tokens before a text
	mostGrowth     = 64      // how many times as long replacements may make a text
	longestPrepend = 64      // bytes that a normalizer puts before a text
	longestPattern = 1 << 13 // bytes of a regular expression
	mostRoom       = 1 << 20 // tokens for which memory is set aside before they are read
)

// reading counts what the parts of a file ask for together.
type reading struct {
	parts  int
	growth float64
}

// kind returns the "type" of a part, "" where the part is null or missing.
func (r *reading) kind(part json.RawMessage, depth int) (string, error) {
	if absent(part) {
		return "", nil
	}
	if depth > deepest {
		return "", fmt.Errorf("Sequence is nested deeper than %d", deepest)
	}
	if r.parts++; r.parts > mostParts {
		return "", fmt.Errorf("there are more than %d parts in Sequences", mostParts)
	}
	if part[0] != '{' {
		return "", fmt.Errorf("%.60s is no object with a type", part)
	}
	var tag struct {
		Type string `json:"type"`
	}
	if err := jsonfile.Decode(part, &tag); err != nil {
		return "", err
	}
	if tag.Type == "" {
		return "", errors.New("type is missing")
	}
	return tag.Type, nil
}

func absent(part json.RawMessage) bool { return len(part) == 0 || string(part) == "null" }

// strict reads a JSON object and refuses keys that v has no field for, keys that stand twice, and
// anything after the object.
func strict(content []byte, v any) error {
	if err := jsonfile.Decode(content, v, (*json.Decoder).DisallowUnknownFields); err != nil {
		if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
			if name, err := strconv.Unquote(name); err == nil {
				return fmt.Errorf("the key %.60q is not known, and may change the ids", name)
			}
		}
		return err
	}
	if content = bytes.TrimSpace(content); content[0] != '{' {
		return fmt.Errorf("%.60s is no object", content)
	}
	seen := map[string]bool{}
	return eachPair(content, func(key string, _ []byte) error {
		// A field is found by its name in any case.
		if name := strings.ToLower(key); seen[name] {
			return fmt.Errorf("the key %.60q is there twice", key)
		} else {
			seen[name] = true
		}
		return nil
	})
}

// vocabulary is a model's vocab: ids by tokens, each there once.
type vocabulary map[string]int32

// UnmarshalJSON names the token whose id is wrong, and those that a map would lose.
func (v *vocabulary) UnmarshalJSON(raw []byte) error {
	if raw[0] != '{' {
		return fmt.Errorf("vocab: %.60s is no object of tokens and ids", raw)
	}
	*v = make(vocabulary, min(bytes.Count(raw, []byte{':'}), mostRoom)) // colons may stand in tokens
	return eachPair(raw, func(token string, value []byte) error {
		id, err := strconv.ParseInt(string(value), 10, 64)
		switch _, twice := (*v)[token]; {
		case err != nil || id < 0 || id > largestID:
			return fmt.Errorf("vocab: the id of %.60q is %.40s, expected a whole number from 0 to %d", token, value, largestID)
		case twice:
			return fmt.Errorf("vocab: %.60q is there twice", token)
		}
		(*v)[token] = int32(id)
		return nil
	})
}

// eachPair goes through the keys and values of an object, which is known to be JSON.
func eachPair(object []byte, do func(key string, value []byte) error) error {
	space := func(i int) int {
		for unicode.IsSpace(rune(object[i])) {
			i++
		}
		return i
	}
	for i := space(1); object[i] != '}'; {
		end := i + textLength(object[i:])
		key := string(object[i+1 : end-1])
		if strings.IndexByte(key, '\\') >= 0 {
			if err := json.Unmarshal(object[i:end], &key); err != nil {
				return err
			}
		}
		i = space(space(end) + 1) // after the colon
		end = i + valueLength(object[i:])
		if err := do(key, object[i:end]); err != nil {
			return err
		}
		if i = space(end); object[i] == ',' {
			i = space(i + 1)
		}
	}
	return nil
}

// textLength is the length of the text that begins here, with its quotes.
func textLength(at []byte) int {
	for i := 1; ; i++ {
		switch at[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
}

// valueLength is the length of the value that begins here.
func valueLength(at []byte) int {
	depth := 0
	for i := 0; i < len(at); i++ {
		switch at[i] {
		case '"':
			i += textLength(at[i:]) - 1
		case '{', '[':
			depth++
			continue
		case '}', ']':
			if depth == 0 { // of the object around a number
				return i
			}
			depth--
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return i
			}
			continue
		default:
			continue
		}
		if depth == 0 {
			return i + 1
		}
	}
	return len(at)
}
