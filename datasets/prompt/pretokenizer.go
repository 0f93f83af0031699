package prompt

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dlclark/regexp2/v2"
)

// splitter cuts one piece of text into smaller ones and appends them to pieces.
type splitter func(pieces []string, piece string) ([]string, error)

// splitTimeout bounds the search for one match: a file's pattern may backtrack without end. The
// usual patterns take microseconds.
const splitTimeout = 2 * time.Second

// gpt2Pattern is what ByteLevel cuts by where use_regex is true.
const gpt2Pattern = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`

// readPreTokenizer returns the steps that cut text into the words that the model sees, and whether
// the words' bytes stand for the model's characters.
func readPreTokenizer(part json.RawMessage, depth int) (steps []splitter, byteLevel bool, err error) {
	name, err := kind(part, depth)
	if err != nil {
		return nil, false, err
	}
	switch name {
	case "":
		return nil, false, nil
	case "Split":
		step, err := readSplit(part)
		return []splitter{step}, false, err
	case "Digits":
		var p struct {
			Type             string
			IndividualDigits bool `json:"individual_digits"`
		}
		if err := strict(part, &p); err != nil {
			return nil, false, err
		}
		digits := `\p{N}+`
		if p.IndividualDigits {
			digits = `\p{N}`
		}
		step, err := isolate(digits)
		return []splitter{step}, false, err
	case "ByteLevel":
		steps, err = readByteLevel(part)
		return steps, true, err
	case "Sequence":
		var p struct {
			Type          string
			Pretokenizers []json.RawMessage
		}
		if err := strict(part, &p); err != nil {
			return nil, false, err
		}
		for _, part := range p.Pretokenizers {
			if byteLevel {
				return nil, false, errors.New("nothing may follow ByteLevel")
			}
			var some []splitter
			if some, byteLevel, err = readPreTokenizer(part, depth+1); err != nil {
				return nil, false, err
			}
			steps = append(steps, some...)
		}
		return steps, byteLevel, nil
	}
	return nil, false, fmt.Errorf("type %q is not supported; known: Split, Digits, ByteLevel, Sequence", name)
}

func readByteLevel(part json.RawMessage) (steps []splitter, err error) {
	p := byteLevelSettings{AddPrefixSpace: true, UseRegex: true}
	if err := strict(part, &p); err != nil {
		return nil, err
	}
	if p.AddPrefixSpace {
		steps = append(steps, func(pieces []string, piece string) ([]string, error) {
			if !strings.HasPrefix(piece, " ") {
				piece = " " + piece
			}
			return append(pieces, piece), nil
		})
	}
	if p.UseRegex {
		step, err := isolate(gpt2Pattern)
		if err != nil {
			return nil, err
		}
		steps = append(steps, step)
	}
	return steps, nil
}

// byteLevelSettings are the keys of ByteLevel as pre-tokenizer, post-processor and decoder;
// trim_offsets never changes ids.
type byteLevelSettings struct {
	Type           string `json:"type"`
	AddPrefixSpace bool   `json:"add_prefix_space"`
	TrimOffsets    bool   `json:"trim_offsets"`
	UseRegex       bool   `json:"use_regex"`
}

func readSplit(part json.RawMessage) (splitter, error) {
	var p struct {
		Type, Behavior string
		Pattern        pattern
		Invert         bool
	}
	if err := strict(part, &p); err != nil {
		return nil, err
	}
	if p.Invert {
		return nil, errors.New("Split: invert is not supported")
	}
	var search string
	switch {
	case (p.Pattern.String == nil) == (p.Pattern.Regex == nil):
		return nil, errors.New("Split: pattern must be a String or a Regex")
	case p.Pattern.Regex != nil:
		search = *p.Pattern.Regex
	default:
		search = regexp2.Escape(*p.Pattern.String)
	}
	if search == "" {
		return nil, errors.New("Split: pattern is empty")
	}
	switch p.Behavior {
	case "Isolated":
		return isolate(search)
	case "MergedWithPrevious":
		return mergeWithPrevious(search)
	}
	return nil, fmt.Errorf("Split: behavior %q is not supported; known: Isolated, MergedWithPrevious", p.Behavior)
}

// matcher returns a function that finds the matches of a pattern as pairs of byte offsets, empty
// matches left out.
func matcher(search string) (func(string) ([][]int, error), error) {
	expression, err := regexp2.Compile(search)
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", search, err)
	}
	expression.MatchTimeout = splitTimeout
	return func(text string) ([][]int, error) {
		found, err := expression.FindAllStringIndex(text, -1)
		if err != nil {
			// The library's error holds the whole text.
			return nil, fmt.Errorf("split %q by %q: the search took longer than %v or too much memory", Shorten(text), search, splitTimeout)
		}
		return found, nil
	}, nil
}

// isolate makes each match, and each stretch between matches, a piece.
func isolate(pattern string) (splitter, error) {
	if known, ok := knownSplits[pattern]; ok {
		return known, nil
	}
	return splitAt(pattern, true)
}

// mergeWithPrevious makes a match the end of the stretch before it; a match right after another one
// is a piece of its own.
func mergeWithPrevious(search string) (splitter, error) { return splitAt(search, false) }

// splitAt ends a piece after each match, and where matches stand alone before each too.
func splitAt(search string, alone bool) (splitter, error) {
	find, err := matcher(search)
	if err != nil {
		return nil, err
	}
	return func(pieces []string, piece string) ([]string, error) {
		matches, err := find(piece)
		if err != nil {
			return nil, err
		}
		done := 0
		for _, m := range matches {
			if m[0] == m[1] {
				continue
			}
			if alone && done < m[0] {
				pieces, done = append(pieces, piece[done:m[0]]), m[0]
			}
			pieces, done = append(pieces, piece[done:m[1]]), m[1]
		}
		if done < len(piece) {
			pieces = append(pieces, piece[done:])
		}
		return pieces, nil
	}, nil
}

func splitAll(steps []splitter, text string) ([]string, error) {
	pieces := []string{text}
	for _, step := range steps {
		var next []string
		for _, piece := range pieces {
			var err error
			if next, err = step(next, piece); err != nil {
				return nil, err
			}
		}
		pieces = next
	}
	return pieces, nil
}
