package prompt

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// parseJSON reads a value in JSON: whole numbers as int64, others as float64.
func parseJSON(text string) (any, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF { // More would not see a bracket that closes nothing
		return nil, errors.New("there is something after the value")
	}
	return numbered(v)
}

func numbered(v any) (any, error) {
	var err error
	switch v := v.(type) {
	case json.Number:
		return parseNumber(string(v))
	case []any:
		for i := range v {
			if v[i], err = numbered(v[i]); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for k := range v {
			if v[k], err = numbered(v[k]); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

func parseNumber(text string) (any, error) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, nil
	}
	return strconv.ParseFloat(text, 64)
}

// jsonValue reads a text as JSON, or in Python's notation as str writes lists and dicts: ['a',
// "it's", 1, None, True].
func jsonValue(v any) (any, error) {
	text, err := asText(v)
	if err != nil {
		return nil, err
	}
	if value, err := parseJSON(text); err == nil {
		return value, nil
	}
	p := literal{text: text}
	value, err := p.value(0)
	if err == nil {
		p.space()
		if p.at < len(text) {
			err = p.wrong("there is something after the value")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%q is neither JSON nor a list in Python's notation: %w", Shorten(text), err)
	}
	return value, nil
}

// literal reads Python's notation of lists, tuples, dicts, texts, numbers, True, False and None.
type literal struct {
	text string
	at   int
}

const deepestLiteral = 64

func (p *literal) wrong(problem string) error {
	return fmt.Errorf("at character %d: %s", utf8.RuneCountInString(p.text[:min(p.at, len(p.text))])+1, problem)
}

func (p *literal) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

// next passes over a character, if it is the next.
func (p *literal) next(c byte) bool {
	p.space()
	if p.at < len(p.text) && p.text[p.at] == c {
		p.at++
		return true
	}
	return false
}

func (p *literal) value(depth int) (any, error) {
	if depth > deepestLiteral {
		return nil, p.wrong("it is nested too deep")
	}
	p.space()
	switch {
	case p.at == len(p.text):
		return nil, p.wrong("it ends where a value is expected")
	case p.next('['):
		list, _, err := p.list(']', depth)
		return list, err
	case p.next('('):
		list, comma, err := p.list(')', depth)
		if err == nil && len(list) == 1 && !comma {
			return list[0], nil
		}
		return list, err
	case p.next('{'):
		return p.dict(depth)
	case p.text[p.at] == '\'' || p.text[p.at] == '"':
		return p.quoted()
	}
	start := p.at
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n,:]})", p.text[p.at]) < 0 {
		p.at++
	}
	switch word := p.text[start:p.at]; word {
	case "True", "true":
		return true, nil
	case "False", "false":
		return false, nil
	case "None", "null", "nan":
		return nil, nil
	default:
		if n, err := parseNumber(strings.ReplaceAll(word, "_", "")); err == nil {
			return n, nil
		}
		p.at = start
		return nil, p.wrong(fmt.Sprintf("%q is no value", Shorten(word)))
	}
}

// list reads entries to the closing bracket; comma says whether one stands after the last.
func (p *literal) list(end byte, depth int) (list []any, comma bool, err error) {
	list = []any{}
	for {
		if p.next(end) {
			return list, comma, nil
		}
		if len(list) > 0 && !comma {
			return nil, false, p.wrong("expected a comma between two entries")
		}
		entry, err := p.value(depth + 1)
		if err != nil {
			return nil, false, err
		}
		list, comma = append(list, entry), p.next(',')
	}
}

func (p *literal) dict(depth int) (any, error) {
	dict, comma := map[string]any{}, true
	for {
		if p.next('}') {
			return dict, nil
		}
		if !comma {
			return nil, p.wrong("expected a comma between two entries")
		}
		key, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		name, err := asText(key)
		if err != nil {
			return nil, p.wrong("a key " + err.Error())
		}
		if !p.next(':') {
			return nil, p.wrong("expected a colon after a key")
		}
		if dict[name], err = p.value(depth + 1); err != nil {
			return nil, err
		}
		comma = p.next(',')
	}
}

// escapes are what stands for a character after a backslash.
var escapes = map[byte]string{'n': "\n", 't': "\t", 'r': "\r", '\\': "\\", '\'': "'", '"': "\"", '\n': "", 'a': "\a", 'b': "\b", 'f': "\f", 'v': "\v", '0': "\x00"}

func (p *literal) quoted() (any, error) {
	quote := p.text[p.at]
	p.at++
	var out strings.Builder
	for p.at < len(p.text) {
		c := p.text[p.at]
		p.at++
		switch {
		case c == quote:
			return out.String(), nil
		case c != '\\':
			out.WriteByte(c)
			continue
		case p.at == len(p.text):
			return nil, p.wrong("a text has no end")
		}
		e := p.text[p.at]
		p.at++
		if text, ok := escapes[e]; ok {
			out.WriteString(text)
			continue
		}
		width := map[byte]int{'x': 2, 'u': 4, 'U': 8}[e]
		if width == 0 { // as Python, which keeps what it does not know
			out.WriteByte('\\')
			out.WriteByte(e)
			continue
		}
		if len(p.text)-p.at < width {
			return nil, p.wrong("a text has no end")
		}
		r, err := strconv.ParseUint(p.text[p.at:p.at+width], 16, 32)
		if err != nil || !utf8.ValidRune(rune(r)) {
			return nil, p.wrong("an escape that is no character")
		}
		p.at += width
		out.WriteRune(rune(r))
	}
	return nil, p.wrong("a text has no end")
}
