package convert

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"
)

// eachJSON reads a list of objects, or objects one after the other, each on a line or on several.
// rows names the list within an object.
func eachJSON(in *counted, rows string, do func(row) error) error {
	first, err := firstByte(in)
	if err != nil {
		return ignoreEnd(err)
	}
	lines := &lineReader{r: in.r, lines: in.line}
	d := json.NewDecoder(lines)
	d.UseNumber()
	if rows != "" {
		if err := eachUnder(d, lines, rows, do); err != nil {
			return err
		}
		return nothingAfter(d, lines, fmt.Sprintf("the object with the key %q: put the rows of all objects into one list, or each object into a file of its own", rows))
	}
	if first == '[' {
		if _, err := d.Token(); err != nil {
			return lines.wrong(d, err)
		}
		if err := eachOfList(d, lines, do); err != nil {
			return err
		}
		return nothingAfter(d, lines, "the list: put all rows into it")
	}
	for {
		if err := nextObject(d, lines, do); err != nil {
			return ignoreEnd(err)
		}
	}
}

// firstByte passes over white space.
func firstByte(in *counted) (byte, error) {
	for {
		head, err := in.r.Peek(1)
		if err != nil {
			return 0, err
		}
		switch head[0] {
		case ' ', '\t', '\r', '\n':
			in.r.Discard(1)
			if head[0] == '\n' {
				in.line++
			}
		default:
			return head[0], nil
		}
	}
}

// eachUnder reads the list under a key of an object, and the object to its end.
func eachUnder(d *json.Decoder, lines *lineReader, key string, do func(row) error) error {
	token, err := d.Token()
	if err != nil {
		return lines.wrong(d, err)
	}
	if token != json.Delim('{') {
		return fmt.Errorf("line %d: expected an object with the key %q", lines.at(d.InputOffset()), key)
	}
	found := false
	var keys []string // before the list
	for d.More() {
		name, err := d.Token()
		switch {
		case err != nil:
			return lines.wrong(d, err)
		case name == key && found:
			return fmt.Errorf("line %d: the key %q stands twice in one object: put all rows into one list", lines.at(d.InputOffset()), key)
		case name == key:
			found = true
			if token, err = d.Token(); err != nil {
				return lines.wrong(d, err)
			}
			if token != json.Delim('[') {
				return fmt.Errorf("line %d: %q is no list of rows", lines.at(d.InputOffset()), key)
			}
			err = eachOfList(d, lines, do)
		default:
			if !found {
				keys = append(keys, fmt.Sprint(name))
			}
			err = skip(d, lines)
		}
		if err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return lines.wrong(d, err)
	}
	if !found {
		return fmt.Errorf("there is no key %q; there is %v", key, keys)
	}
	return nil
}

// skip reads a value and keeps nothing of it.
func skip(d *json.Decoder, lines *lineReader) error {
	for depth := 0; ; {
		token, err := d.Token()
		if err != nil {
			return lines.wrong(d, err)
		}
		lines.at(d.InputOffset()) // forgets the line ends before it
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
	}
}

func eachOfList(d *json.Decoder, lines *lineReader, do func(row) error) error {
	for d.More() {
		if err := nextObject(d, lines, do); err == io.EOF {
			return lines.wrong(d, err)
		} else if err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return lines.wrong(d, err)
	}
	return nil
}

// nothingAfter holds what is left of the file to white space. after says what it follows, and what
// to do with more.
func nothingAfter(d *json.Decoder, lines *lineReader, after string) error {
	rest := bufio.NewReader(io.MultiReader(d.Buffered(), lines))
	for offset := d.InputOffset(); ; offset++ {
		c, err := rest.ReadByte()
		if err != nil {
			return ignoreEnd(err)
		}
		if !strings.ContainsRune(" \t\r\n", rune(c)) {
			return fmt.Errorf("%s: there is something after %s", lines.place(offset), after)
		}
	}
}

// nextObject reads a row; io.EOF after the last.
func nextObject(d *json.Decoder, lines *lineReader, do func(row) error) error {
	var raw json.RawMessage
	if err := d.Decode(&raw); err != nil {
		if err == io.EOF {
			return err
		}
		return lines.wrong(d, err)
	}
	line := lines.at(d.InputOffset() - int64(len(raw)))
	if !utf8.Valid(raw) {
		return fmt.Errorf("line %d is not UTF-8: write the file in UTF-8", line)
	}
	if raw[0] != '{' {
		return fmt.Errorf("line %d: expected an object, as in {\"question\": \"…\", \"answer\": \"…\"}, not %.40s", line, raw)
	}
	inner := json.NewDecoder(bytes.NewReader(raw))
	inner.UseNumber()
	value, err := decode(inner, 0)
	if err == nil && halfCharacter(raw, value) {
		err = errors.New(`half of a character (such as \ud83d, whose other half has to follow)`)
	}
	if err != nil {
		return fmt.Errorf("line %d: %w", line, err)
	}
	return do(row{value.(map[string]any), line})
}

// deepest bounds lists and objects within each other; Parquet counts their levels in a byte.
const deepest = 64

// decode reads a value of which no object has a key twice.
func decode(d *json.Decoder, depth int) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	if token != json.Delim('{') && token != json.Delim('[') {
		return token, nil
	}
	if depth++; depth > deepest {
		return nil, fmt.Errorf("lists and objects within each other are deeper than %d", deepest)
	}
	object, list := map[string]any{}, []any{}
	for d.More() {
		key := ""
		if token == json.Delim('{') {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			key = name.(string)
			if _, twice := object[key]; twice {
				return nil, fmt.Errorf("the key %q stands twice in one object", key)
			}
		}
		value, err := decode(d, depth)
		if err != nil {
			return nil, err
		}
		if token == json.Delim('{') {
			object[key] = value
		} else {
			list = append(list, value)
		}
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	if token == json.Delim('{') {
		return object, nil
	}
	return list, nil
}

// surrogate is an escape of half of a character beyond U+FFFF.
var surrogate = regexp.MustCompile(`\\u[dD][89a-fA-F]`)

// halfCharacter says whether a text of the value has U+FFFD, which JSON's decoder writes where half
// of a character stands alone, and its source has not.
func halfCharacter(raw []byte, value any) bool {
	if !surrogate.Match(raw) || bytes.Contains(raw, []byte("\uFFFD")) || bytes.Contains(bytes.ToLower(raw), []byte(`\ufffd`)) {
		return false
	}
	encoded, err := json.Marshal(value)
	return err == nil && bytes.Contains(encoded, []byte("\uFFFD"))
}

// lineReader remembers where lines end, as far as they may still be asked for.
type lineReader struct {
	r     io.Reader
	read  int64
	ends  []int64 // the offsets after line ends that are past `asked`
	lines int     // that ended before asked
	last  int64   // where the last of them ended
}

// Read reads and notes line ends.
func (l *lineReader) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	for i, c := range p[:n] {
		if c == '\n' {
			l.ends = append(l.ends, l.read+int64(i)+1)
		}
	}
	l.read += int64(n)
	return n, err
}

// at is the line of an offset, from 1. Offsets are asked for in rising order.
func (l *lineReader) at(offset int64) int {
	n := 0
	for n < len(l.ends) && l.ends[n] <= offset {
		n++
	}
	if n > 0 {
		l.last = l.ends[n-1]
	}
	l.ends, l.lines = l.ends[n:], l.lines+n
	return l.lines + 1
}

// place names an offset by its line and the byte within it.
func (l *lineReader) place(offset int64) string {
	line := l.at(offset)
	return fmt.Sprintf("line %d, byte %d", line, offset-l.last+1)
}

// wrong says where the decoder met what it could not read.
func (l *lineReader) wrong(d *json.Decoder, err error) error {
	switch err {
	case io.EOF:
		return fmt.Errorf("%s: a list or an object has no end: expected its ] or }, get the whole file", l.place(l.read))
	case io.ErrUnexpectedEOF:
		return fmt.Errorf("%s: it ends in the middle of a value: get the whole file", l.place(l.read))
	}
	var syntax *json.SyntaxError
	offset := d.InputOffset()
	if errors.As(err, &syntax) {
		offset = max(offset, syntax.Offset-1)
	}
	hint := ""
	if text := err.Error(); strings.Contains(text, "character 'N' looking") || strings.Contains(text, "character 'I'") {
		hint = "; Python writes NaN and Infinity, which are no JSON: write null"
	}
	return fmt.Errorf("%s: no JSON: %w%s", l.place(offset), err, hint)
}
