package prompt

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// decoder rewrites the list of tokens on its way back to text; what the last one leaves is joined.
type decoder func([]string) []string

func (r *reading) decoder(part json.RawMessage, depth int) ([]decoder, error) {
	name, err := r.kind(part, depth)
	if err != nil {
		return nil, err
	}
	var plain struct{ Type string }
	switch name {
	case "":
		return nil, errors.New("it is missing, so tokens cannot become text; known: ByteLevel, Replace, ByteFallback, Fuse, Strip, Sequence")
	case "ByteLevel":
		var p byteLevelSettings
		return []decoder{decodeByteLevel}, strict(part, &p)
	case "ByteFallback":
		return []decoder{decodeByteFallback}, strict(part, &plain)
	case "Fuse":
		return []decoder{func(tokens []string) []string { return []string{strings.Join(tokens, "")} }}, strict(part, &plain)
	case "Replace":
		replace, err := r.replace(part)
		return []decoder{each(replace)}, err
	case "Strip":
		return readStrip(part)
	case "Sequence":
		var p struct {
			Type     string
			Decoders []json.RawMessage
		}
		if err := strict(part, &p); err != nil {
			return nil, err
		}
		var all []decoder
		for _, part := range p.Decoders {
			some, err := r.decoder(part, depth+1)
			if err != nil {
				return nil, err
			}
			all = append(all, some...)
		}
		return all, nil
	}
	return nil, fmt.Errorf("type %.60q is not supported; known: ByteLevel, Replace, ByteFallback, Fuse, Strip, Sequence", name)
}

func each(rewrite func(string) string) decoder {
	return func(tokens []string) []string {
		for i, token := range tokens {
			tokens[i] = rewrite(token)
		}
		return tokens
	}
}

// readStrip reads the decoder that takes at most start characters off the front, and stop off the
// end, that equal content.
func readStrip(part json.RawMessage) ([]decoder, error) {
	var p struct {
		Type, Content string
		Start, Stop   int
	}
	if err := strict(part, &p); err != nil {
		return nil, err
	}
	if utf8.RuneCountInString(p.Content) != 1 {
		return nil, fmt.Errorf("Strip: content must be one character, not %.60q", p.Content)
	}
	if p.Start < 0 || p.Stop < 0 {
		return nil, errors.New("Strip: start and stop must not be negative")
	}
	return []decoder{each(func(s string) string {
		for i := 0; i < p.Start && strings.HasPrefix(s, p.Content); i++ {
			s = s[len(p.Content):]
		}
		for i := 0; i < p.Stop && strings.HasSuffix(s, p.Content); i++ {
			s = s[:len(s)-len(p.Content)]
		}
		return s
	})}, nil
}

// decodeByteLevel joins the bytes that the tokens' characters stand for.
func decodeByteLevel(tokens []string) []string {
	var text []byte
	for _, token := range tokens {
		text = byteLevelBytes(text, token)
	}
	return []string{replaceInvalid(text)}
}

// byteLevelBytes appends what a token of byte-level BPE stands for. One with a character that
// stands for no byte counts as its own UTF-8.
func byteLevelBytes(text []byte, token string) []byte {
	start := len(text)
	for _, r := range token {
		b, ok := byteOf[r]
		if !ok {
			return append(text[:start], token...)
		}
		text = append(text, b)
	}
	return text
}

// decodeByteFallback joins runs of tokens such as <0xE2> into text; a run that is not UTF-8 becomes
// one U+FFFD a byte.
func decodeByteFallback(tokens []string) []string {
	var out []string
	var run []byte
	flush := func() {
		switch {
		case len(run) == 0:
		case utf8.Valid(run):
			out = append(out, string(run))
		default:
			out = append(out, strings.Repeat("\uFFFD", len(run)))
		}
		run = run[:0]
	}
	for _, token := range tokens {
		if b, ok := fallbackByte(token); ok {
			run = append(run, b)
			continue
		}
		flush()
		out = append(out, token)
	}
	flush()
	return out
}

// fallbackByte reads a token such as <0x0A>.
func fallbackByte(token string) (byte, bool) {
	if len(token) != 6 || token[:3] != "<0x" || token[5] != '>' {
		return 0, false
	}
	b, err := strconv.ParseUint(token[3:5], 16, 8)
	return byte(b), err == nil
}

// replaceInvalid makes each longest beginning of a character that is cut off, or else each stray
// byte, one U+FFFD, as Unicode recommends and Rust does.
func replaceInvalid(text []byte) string {
	if utf8.Valid(text) {
		return string(text)
	}
	var out strings.Builder
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		if r == utf8.RuneError && n == 1 {
			n = invalidLength(text)
		}
		out.WriteRune(r)
		text = text[n:]
	}
	return out.String()
}

// invalidLength is how many bytes at the front of text could have begun one character, at least 1.
func invalidLength(text []byte) int {
	for n := min(3, len(text)); n > 1; n-- {
		// A beginning is good if some continuation makes a character of it.
		for _, next := range [][]byte{{0x80}, {0xBF}, {0x80, 0x80}, {0xBF, 0xBF}} {
			candidate := append(append([]byte(nil), text[:n]...), next...)
			if r, size := utf8.DecodeRune(candidate); r != utf8.RuneError && size == len(candidate) {
				return n
			}
		}
	}
	return 1
}
