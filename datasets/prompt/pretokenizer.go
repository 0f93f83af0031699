package prompt

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dlclark/regexp2/v2"
)

// splitter cuts one piece of text into smaller ones and appends them to pieces.
type splitter func(pieces []string, piece string) ([]string, error)

// splitTimeout bounds the search for one match: a file's pattern may backtrack without end. The
// usual patterns take microseconds.
const splitTimeout = 2 * time.Second

// searchClock bounds the time of all searches in one text, since one match may follow the other,
// each a little faster than splitTimeout.
type searchClock struct {
	start time.Time
	most  time.Duration
}

// newSearchClock gives a text splitTimeout and a tenth of a millisecond for each byte, which is a
// hundred times of what the slowest usual patterns take.
func newSearchClock(text string) searchClock {
	return searchClock{time.Now(), splitTimeout + time.Duration(len(text))*(time.Millisecond/10)}
}

func (c searchClock) check(text string) error {
	if time.Since(c.start) < c.most {
		return nil
	}
	return fmt.Errorf("split %q: the searches took longer than %v; %s", Shorten(text), c.most.Round(time.Second), otherTokenizer)
}

// otherTokenizer ends the errors of patterns that take too long.
const otherTokenizer = "its tokenizer.json (pre_tokenizer) cannot be used; give another backbone"

// gpt2Pattern is what ByteLevel cuts by where use_regex is true.
const gpt2Pattern = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`

// preTokenizer returns the steps that cut text into the words that the model sees, and whether the
// words' bytes stand for the model's characters.
func (r *reading) preTokenizer(part json.RawMessage, depth int) (steps []splitter, byteLevel bool, err error) {
	name, err := r.kind(part, depth)
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
			if some, byteLevel, err = r.preTokenizer(part, depth+1); err != nil {
				return nil, false, err
			}
			steps = append(steps, some...)
		}
		return steps, byteLevel, nil
	}
	return nil, false, fmt.Errorf("type %.60q is not supported; known: Split, Digits, ByteLevel, Sequence", name)
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
	return nil, fmt.Errorf("Split: behavior %.60q is not supported; known: Isolated, MergedWithPrevious", p.Behavior)
}

// matcher returns a function that finds the matches of a pattern as pairs of byte offsets, empty
// matches left out.
func matcher(search string) (func(string) ([][]int, error), error) {
	if len(search) > longestPattern {
		return nil, fmt.Errorf("pattern has %d bytes, expected at most %d", len(search), longestPattern)
	}
	expression, err := regexp2.Compile(search)
	if err != nil {
		return nil, fmt.Errorf("pattern %.60q: %w", search, err)
	}
	expression.MatchTimeout = splitTimeout
	return func(text string) ([][]int, error) {
		clock := newSearchClock(text)
		var found [][]int
		var late error
		place, at := 0, 0 // in bytes, and in characters
		runes := []rune(text)
		bytes := func(characters int) int {
			for ; at < characters; at++ {
				place += utf8.RuneLen(runes[at])
			}
			return place
		}
		err := expression.FindRunesMatches(runes, 0, func(m regexp2.MatchView) bool {
			if start, length, ok := m.GroupRange(0); ok && length > 0 {
				found = append(found, []int{bytes(start), bytes(start + length)})
			}
			late = clock.check(text)
			return late == nil
		})
		if late != nil {
			return nil, fmt.Errorf("pattern %.60q: %w", search, late)
		}
		if err != nil {
			// The library's error holds the whole text.
			return nil, fmt.Errorf("split %q by %.60q: the search took longer than %v or too much memory; %s", Shorten(text), search, splitTimeout, otherTokenizer)
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

func splitAll(steps []splitter, text string, clock searchClock) ([]string, error) {
	pieces := []string{text}
	for _, step := range steps {
		var next []string
		for _, piece := range pieces {
			err := clock.check(piece)
			if err != nil {
				return nil, err
			}
			if next, err = step(next, piece); err != nil {
				return nil, err
			}
		}
		pieces = next
	}
	return pieces, nil
}
