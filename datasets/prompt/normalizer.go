package prompt

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// normalizer rewrites the text between added tokens.
type normalizer func(string) string

func (r *reading) normalizer(part json.RawMessage, depth int) ([]normalizer, error) {
	name, err := r.kind(part, depth)
	if err != nil {
		return nil, err
	}
	form := func(f norm.Form) ([]normalizer, error) {
		var p struct{ Type string }
		return []normalizer{func(s string) string { return normalForm(f, s) }}, strict(part, &p)
	}
	switch name {
	case "":
		return nil, nil
	case "NFC":
		return form(norm.NFC)
	case "NFD":
		return form(norm.NFD)
	case "NFKC":
		return form(norm.NFKC)
	case "NFKD":
		return form(norm.NFKD)
	case "Prepend":
		var p struct{ Type, Prepend string }
		if err := strict(part, &p); err != nil {
			return nil, err
		}
		if len(p.Prepend) > longestPrepend {
			return nil, fmt.Errorf("Prepend: prepend has %d bytes, expected at most %d", len(p.Prepend), longestPrepend)
		}
		return []normalizer{func(s string) string {
			if s == "" {
				return ""
			}
			return p.Prepend + s
		}}, nil
	case "Replace":
		replace, err := r.replace(part)
		return []normalizer{replace}, err
	case "Sequence":
		var p struct {
			Type        string
			Normalizers []json.RawMessage
		}
		if err := strict(part, &p); err != nil {
			return nil, err
		}
		var all []normalizer
		for _, part := range p.Normalizers {
			some, err := r.normalizer(part, depth+1)
			if err != nil {
				return nil, err
			}
			all = append(all, some...)
		}
		return all, nil
	}
	return nil, fmt.Errorf("type %.60q is not supported; known: NFC, NFD, NFKC, NFKD, Prepend, Replace, Sequence", name)
}

// pattern is what Split and Replace look for: one of the two is given.
type pattern struct {
	String *string
	Regex  *string
}

func (p *pattern) UnmarshalJSON(raw []byte) error {
	type plain pattern
	if err := strict(raw, (*plain)(p)); err != nil {
		return fmt.Errorf("pattern: %w", err)
	}
	return nil
}

// replace reads the part "Replace" of a normalizer or a decoder.
func (r *reading) replace(part json.RawMessage) (func(string) string, error) {
	var p struct {
		Type, Content string
		Pattern       pattern
	}
	if err := strict(part, &p); err != nil {
		return nil, err
	}
	if p.Pattern.Regex != nil {
		return nil, errors.New("Replace: a pattern that is a Regex is not supported, only String")
	}
	if p.Pattern.String == nil || *p.Pattern.String == "" {
		return nil, errors.New("Replace: pattern.String is missing or empty")
	}
	old := *p.Pattern.String
	// Each replacement that is longer than what it replaces may multiply the text's length again.
	r.growth = max(r.growth, 1) * max(1, float64(len(p.Content))/float64(len(old)))
	if r.growth > mostGrowth {
		return nil, fmt.Errorf("Replace: with content for pattern %.60q a text may become more than %d times as long", old, mostGrowth)
	}
	return func(s string) string { return strings.ReplaceAll(s, old, p.Content) }, nil
}
