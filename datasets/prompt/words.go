package prompt

import (
	"unicode"
	"unicode/utf8"
)

// words is a pattern that published byte-level tokenizers cut text by, as a loop over characters:
// some ten times as fast as the search of the library. A test holds each to its pattern.
type words struct {
	// llama has the form that Llama 3 and Qwen2 share; without it, the form is that of GPT-2.
	llama bool
	// digits is how many digits a word has at most; 0 is any number.
	digits int
}

// What Llama 3 and Qwen2 cut text by, where a digit of Qwen2's is a word of its own; a word takes
// the one space before it.
const (
	llama3Pattern = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	qwen2Pattern  = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
)

// knownSplits are the patterns that are followed without the library.
var knownSplits = map[string]splitter{gpt2Pattern: words{}.split, llama3Pattern: words{llama: true, digits: 3}.split,
	qwen2Pattern: words{llama: true, digits: 1}.split, `\p{N}`: eachDigit}

// eachDigit makes every digit a piece, as the pattern \p{N} does.
func eachDigit(pieces []string, text string) ([]string, error) {
	done := 0
	for i := 0; i < len(text); {
		kind, size := kindAt(text[i:])
		if kind == digitKind {
			if done < i {
				pieces = append(pieces, text[done:i])
			}
			pieces, done = append(pieces, text[i:i+size]), i+size
		}
		i += size
	}
	if done < len(text) {
		pieces = append(pieces, text[done:])
	}
	return pieces, nil
}

func (w words) split(pieces []string, text string) ([]string, error) {
	for len(text) > 0 {
		n := w.next(text)
		pieces, text = append(pieces, text[:n]), text[n:]
	}
	return pieces, nil
}

// next is how long the first word is: that of the first alternative of the pattern that fits.
func (w words) next(text string) int {
	if n := contraction(text, w.llama); n > 0 {
		return n
	}
	first, size := kindAt(text)
	lead := 0 // one character may stand before letters, in GPT-2's form a blank before other words too
	second, after := first, size
	if first == spaceKind && text[0] == ' ' || w.llama && first != letterKind && first != digitKind && text[0] != '\r' && text[0] != '\n' {
		lead = size
		second, after = kindAt(text[size:])
	}
	switch {
	case second == letterKind:
		return lead + after + run(text[lead+after:], letterKind)
	case first == digitKind && w.llama:
		for n, end := 1, size; ; n++ {
			next, size := kindAt(text[end:])
			if n == w.digits || next != digitKind {
				return end
			}
			end += size
		}
	case second == digitKind && !w.llama:
		return lead + after + run(text[lead+after:], digitKind)
	case first == otherKind:
		return w.ends(text, run(text, otherKind))
	case second == otherKind && text[0] == ' ':
		return w.ends(text, lead+run(text[lead:], otherKind))
	}
	return w.spaces(text)
}

// ends is a word of other characters with the ends of lines after it.
func (w words) ends(text string, n int) int {
	for w.llama && n < len(text) && (text[n] == '\r' || text[n] == '\n') {
		n++
	}
	return n
}

// spaces is a word of white space. It ends after its last end of a line, where there is one and the
// form says so; else the last character of it is left to what follows, unless it is the only one or
// nothing follows.
func (w words) spaces(text string) int {
	end, last, line := 0, 0, 0
	for end < len(text) {
		kind, size := kindAt(text[end:])
		if kind != spaceKind {
			break
		}
		last = end
		if end += size; text[last] == '\r' || text[last] == '\n' {
			line = end
		}
	}
	switch {
	case w.llama && line > 0:
		return line
	case end == len(text) || last == 0:
		return end
	}
	return last
}

// contraction is the length of 's, 't, 're, 've, 'm, 'll or 'd at a text's beginning, 0 where there
// is none.
func contraction(text string, anyCase bool) int {
	if len(text) < 2 || text[0] != '\'' {
		return 0
	}
	low := func(i int) byte {
		if i >= len(text) {
			return 0
		}
		if c := text[i]; anyCase && 'A' <= c && c <= 'Z' {
			return c + 'a' - 'A'
		}
		return text[i]
	}
	switch a, b := low(1), low(2); {
	case a == 's' || a == 't' || a == 'm' || a == 'd':
		return 2
	case a == 'r' && b == 'e' || a == 'v' && b == 'e' || a == 'l' && b == 'l':
		return 3
	}
	return 0
}

// run is how many bytes at a text's beginning are characters of a kind.
func run(text string, kind byte) int {
	n := 0
	for n < len(text) {
		is, size := kindAt(text[n:])
		if is != kind {
			break
		}
		n += size
	}
	return n
}

// The kinds of characters that the patterns tell apart.
const (
	noKind byte = iota
	letterKind
	digitKind
	spaceKind
	otherKind
)

var asciiKinds = func() (kinds [utf8.RuneSelf]byte) {
	for r := range kinds {
		kinds[r] = kindOf(rune(r))
	}
	return kinds
}()

// kindAt is the kind and the length of a text's first character, noKind at its end.
func kindAt(text string) (kind byte, size int) {
	if text == "" {
		return noKind, 0
	}
	if text[0] < utf8.RuneSelf {
		return asciiKinds[text[0]], 1
	}
	r, size := utf8.DecodeRuneInString(text)
	return kindOf(r), size
}

func kindOf(r rune) byte {
	switch {
	case unicode.IsLetter(r):
		return letterKind
	case unicode.IsNumber(r):
		return digitKind
	case unicode.IsSpace(r):
		return spaceKind
	}
	return otherKind
}
