package prompt

import (
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"unicode"
	"unicode/utf8"
)

// functions are what templates may call beside text/template's own functions.
// The text comes last, so that it may be piped: {{.answer | trim | lower}}.
var functions = template.FuncMap{
	"after":      after,      // after SEP TEXT: what stands after the last SEP
	"before":     before,     // before SEP TEXT: what stands before the first SEP
	"trim":       trim,       // trim TEXT: without white space at its ends
	"lower":      lower,      // lower TEXT: in lower case
	"capitalize": capitalize, // capitalize TEXT: its first letter in upper case
	"replace":    replace,    // replace OLD NEW TEXT: every OLD as NEW
	"regex":      regex,      // regex PATTERN TEXT: what matches first, or its first group
	"substitute": substitute, // substitute PATTERN NEW TEXT: every match as NEW, in which $1 is the first group
	"list":       list,       // list VALUE…: a list of the values
	"shuffle":    shuffle,    // shuffle SEED LIST: its entries in an order that the text SEED draws
	"split":      split,      // split SEP TEXT: a list of what stands between the SEPs
	"json":       jsonValue,  // json TEXT: the value, list or struct that it writes in JSON or Python's notation
	"join":       join,       // join SEP LIST: the list's entries with SEP between them
	"letter":     letter,     // letter INDEX: A for 0, B for 1, to Z
	"position":   position,   // position LIST VALUE: the index from 0 of the entry that reads like VALUE
	"last":       last,       // last LIST: its last entry
	"null":       null,       // null VALUE: whether it is null; any other use of a null is an error
	"slice":      slice,      // slice VALUE FROM TO: the entries of a list, or characters of a text, from index FROM to before TO
	"len":        length,     // len VALUE: the number of entries, or of characters
	"index":      index,      // index VALUE KEY…: the entry of a list or struct
	"printf":     printf,     // printf FORMAT VALUE…: as in Go, but what does not fit the format is an error

	// Numbers are compared by value, whatever their types.
	"eq": eq, "ne": ne,
	"lt": ordered(func(order int) bool { return order < 0 }), "le": ordered(func(order int) bool { return order <= 0 }),
	"gt": ordered(func(order int) bool { return order > 0 }), "ge": ordered(func(order int) bool { return order >= 0 }),

	// column NAME: a column of any name, as in {{column "Correct Answer"}}. The parser reads it.
	"column": func(string) (any, error) {
		return nil, errors.New("column takes a name in quotes, as in column \"Correct Answer\"")
	},

	// These are put into the parsed template.
	"value": value, "printed": printed, "listed": listed, "asList": asList,
}

// valueError says that a value cannot be used the way the template does.
type valueError struct{ source, problem string }

func (e *valueError) Error() string { return "{{" + e.source + "}} is " + e.problem }

func value(source string, v any) (any, error) {
	if v == nil {
		return nil, &valueError{source, "null"}
	}
	return v, nil
}

func printed(source string, v any) (string, error) {
	text, err := asText(v)
	if err != nil {
		return "", &valueError{source, describe(v) + ", not a text; use a field of it, join or range"}
	}
	return text, nil
}

func listed(source string, v any) (any, error) {
	switch v.(type) {
	case []any, map[string]any:
		return v, nil
	}
	return nil, &valueError{source, describe(v) + ", not a list to range over"}
}

// asText writes a text, number or bool as text. A float is written as the shortest decimal that
// reads back, without an exponent, and a whole one as a whole number: pandas stores whole numbers
// as floats where one is missing.
func asText(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case nil, []any, map[string]any:
		return "", fmt.Errorf("it is %s, not a text", describe(v))
	}
	if v, ok := v.(float64); ok {
		switch {
		case math.IsInf(v, 1):
			return "inf", nil
		case math.IsInf(v, -1):
			return "-inf", nil
		}
		return strconv.FormatFloat(v+0, 'f', -1, 64), nil // never -0
	}
	return fmt.Sprint(v), nil
}

func after(separator string, v any) (string, error) {
	text, err := asText(v)
	if err != nil {
		return "", err
	}
	if separator == "" {
		return "", errors.New("the separator is empty")
	}
	i := strings.LastIndex(text, separator)
	if i < 0 {
		return "", fmt.Errorf("there is no %q in %q", separator, Shorten(text))
	}
	return text[i+len(separator):], nil
}

// before is what stands before the first separator, as after is what stands after the last one.
func before(separator string, v any) (string, error) {
	text, err := asText(v)
	if err != nil {
		return "", err
	}
	if separator == "" {
		return "", errors.New("the separator is empty")
	}
	head, _, found := strings.Cut(text, separator)
	if !found {
		return "", fmt.Errorf("there is no %q in %q", separator, Shorten(text))
	}
	return head, nil
}

func trim(v any) (string, error) {
	text, err := asText(v)
	return strings.TrimSpace(text), err
}

func lower(v any) (string, error) {
	text, err := asText(v)
	return strings.ToLower(text), err
}

// capitalize leaves all but the first character as it is.
func capitalize(v any) (string, error) {
	text, err := asText(v)
	r, n := utf8.DecodeRuneInString(text)
	if err != nil || n == 0 {
		return text, err
	}
	return string(unicode.ToUpper(r)) + text[n:], nil
}

func replace(old, with string, v any) (string, error) {
	text, err := asText(v)
	if err != nil {
		return "", err
	}
	if old == "" {
		return "", errors.New("the text to replace is empty")
	}
	return strings.ReplaceAll(text, old, with), nil
}

// regex finds the first match of a pattern, in Go's syntax (RE2).
func regex(pattern string, v any) (string, error) {
	compiled, text, err := search(pattern, v)
	if err != nil {
		return "", err
	}
	m := compiled.FindStringSubmatch(text)
	if m == nil {
		return "", fmt.Errorf("nothing in %q matches %q", Shorten(text), pattern)
	}
	return m[min(1, len(m)-1)], nil
}

// substitute replaces all that matches a pattern, as Python's re.sub.
func substitute(pattern, with string, v any) (string, error) {
	compiled, text, err := search(pattern, v)
	if err != nil {
		return "", err
	}
	return compiled.ReplaceAllString(text, with), nil
}

// search is a pattern with the text that it is searched in.
func search(pattern string, v any) (compiled *regexp.Regexp, text string, err error) {
	if text, err = asText(v); err != nil {
		return nil, "", err
	}
	if compiled, err = regexp.Compile(pattern); err != nil {
		return nil, "", fmt.Errorf("pattern %q: %w", pattern, err)
	}
	return compiled, text, nil
}

func list(values ...any) []any { return values }

// shuffle draws an order by a text, such as a question: the same wherever that text stands, and of
// no use to guess by.
func shuffle(seed, v any) ([]any, error) {
	text, err := asText(seed)
	if err != nil {
		return nil, err
	}
	entries, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("it is %s, not a list", describe(v))
	}
	hash := fnv.New64a()
	hash.Write([]byte(text))
	shuffled := slices.Clone(entries)
	rand.New(rand.NewPCG(hash.Sum64(), uint64(len(shuffled)))).Shuffle(len(shuffled), func(i, j int) {
		shuffled[i], shuffled[j] = shuffled[j], shuffled[i]
	})
	return shuffled, nil
}

func split(separator string, v any) ([]any, error) {
	text, err := asText(v)
	if err != nil {
		return nil, err
	}
	if separator == "" {
		return nil, errors.New("the separator is empty")
	}
	list := []any{}
	for part := range strings.SplitSeq(text, separator) {
		list = append(list, part)
	}
	return list, nil
}

func join(separator string, v any) (string, error) {
	list, ok := v.([]any)
	if !ok {
		return "", fmt.Errorf("it is %s, not a list", describe(v))
	}
	texts := make([]string, len(list))
	for i, entry := range list {
		var err error
		if texts[i], err = asText(entry); err != nil {
			return "", fmt.Errorf("entry %d: %w", i, err)
		}
	}
	return strings.Join(texts, separator), nil
}

func letter(v any) (string, error) {
	i, isInt := v.(int) // from range
	switch n := v.(type) {
	case int64:
		if n >= 0 && n < 26 {
			i, isInt = int(n), true
		}
	case float64: // a whole number, in a column where one is missing
		if n >= 0 && n < 26 && n == math.Trunc(n) {
			i, isInt = int(n), true
		}
	}
	if !isInt || i < 0 || i >= 26 {
		return "", fmt.Errorf("%v is not an index from 0 to 25", v)
	}
	return string(rune('A' + i)), nil
}

func position(v, wanted any) (int, error) {
	list, ok := v.([]any)
	if !ok {
		return 0, fmt.Errorf("it is %s, not a list", describe(v))
	}
	text, err := asText(wanted)
	if err != nil {
		return 0, err
	}
	for i, entry := range list {
		if t, err := asText(entry); err == nil && t == text {
			return i, nil
		}
	}
	return 0, fmt.Errorf("%q is not in the list %v", Shorten(text), Shorten(fmt.Sprint(list)))
}

func last(v any) (any, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("it is %s, not a list", describe(v))
	}
	if len(list) == 0 {
		return nil, errors.New("the list is empty")
	}
	return list[len(list)-1], nil
}

func null(v any) bool { return v == nil }

// describe names a value for an error.
func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return fmt.Sprintf("the text %q", Shorten(v))
	case []any:
		return fmt.Sprintf("a list of %d", len(v))
	case map[string]any:
		return "a struct with " + listKeys(v)
	}
	return fmt.Sprintf("the %T %v", v, v)
}

func listKeys(fields map[string]any) string {
	if len(fields) == 0 {
		return "nothing"
	}
	return strings.Join(slices.Sorted(maps.Keys(fields)), ", ")
}

// Shorten is a text's first 60 characters: errors and warnings stay readable where it is a whole
// article.
func Shorten(text string) string {
	const most = 60
	count := 0
	for i := range text {
		if count == most {
			return text[:i] + "…"
		}
		count++
	}
	return text
}
