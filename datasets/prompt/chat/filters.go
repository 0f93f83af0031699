package chat

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/nikolalohinski/gonja/v2/builtins"
	"github.com/nikolalohinski/gonja/v2/exec"
	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// fallback is the filter default: it replaces what is undefined, and with its second argument true
// also what is empty, zero or false.
func fallback(_ *rendering, in *exec.Value, arguments []*exec.Value, named map[string]*exec.Value) (*exec.Value, error) {
	value, empty := named["default_value"], named["boolean"]
	if len(arguments) > 0 {
		value = arguments[0]
	}
	if len(arguments) > 1 {
		empty = arguments[1]
	}
	if value == nil {
		value = exec.AsValue("")
	}
	if undefined(in) || empty != nil && empty.IsTrue() && !in.IsTrue() {
		return value, nil
	}
	return in, nil
}

func length(_ *rendering, in *exec.Value, _ []*exec.Value, _ map[string]*exec.Value) (*exec.Value, error) {
	parts, err := sequence(in)
	return exec.AsValue(len(parts)), err
}

func list(_ *rendering, in *exec.Value, _ []*exec.Value, _ map[string]*exec.Value) (*exec.Value, error) {
	parts, err := sequence(in)
	return exec.AsValue(exec.ValuesList(parts)), err
}

// items are the entries of a dictionary as lists of two.
func items(_ *rendering, in *exec.Value, _ []*exec.Value, _ map[string]*exec.Value) (*exec.Value, error) {
	if !in.IsDict() && !undefined(in) {
		return nil, fmt.Errorf("items is for a dictionary, not for %s", kind(in))
	}
	out := exec.ValuesList{}
	for _, pair := range pairs(in) {
		out = append(out, exec.AsValue(exec.ValuesList{pair.Key, pair.Value}))
	}
	return exec.AsValue(out), nil
}

// trim takes white space, or the given characters, off both ends.
func trim(r *rendering, in *exec.Value, arguments []*exec.Value, _ map[string]*exec.Value) (*exec.Value, error) {
	text, err := writeText(r, in)
	if err != nil {
		return nil, err
	}
	return exec.AsValue(strip(text, arguments, true, true)), nil
}

// isSpace is Python's white space, which includes four separators of ASCII.
func isSpace(c rune) bool { return unicode.IsSpace(c) || c >= 0x1c && c <= 0x1f }

// upper and lower map one character to several where Unicode does: ß to SS.
func upper(r *rendering, in *exec.Value, _ []*exec.Value, _ map[string]*exec.Value) (*exec.Value, error) {
	text, err := writeText(r, in)
	return exec.AsValue(cases.Upper(language.Und).String(text)), err
}

func lower(r *rendering, in *exec.Value, _ []*exec.Value, _ map[string]*exec.Value) (*exec.Value, error) {
	text, err := writeText(r, in)
	return exec.AsValue(cases.Lower(language.Und).String(text)), err
}

func strip(text string, characters []*exec.Value, left, right bool) string {
	takes := isSpace
	if len(characters) > 0 && !characters[0].IsNil() {
		set := characters[0].String()
		takes = func(c rune) bool { return strings.ContainsRune(set, c) }
	}
	if left {
		text = strings.TrimLeftFunc(text, takes)
	}
	if right {
		text = strings.TrimRightFunc(text, takes)
	}
	return text
}

func join(r *rendering, in *exec.Value, arguments []*exec.Value, named map[string]*exec.Value) (*exec.Value, error) {
	if named["attribute"] != nil {
		return nil, errors.New("join by an attribute is not supported; use map before it")
	}
	separator := ""
	if len(arguments) > 0 {
		separator = arguments[0].String()
	}
	parts, err := sequence(in)
	if err != nil {
		return nil, err
	}
	out := writer{r: r}
	for i, part := range parts {
		if i > 0 {
			out.write(separator)
		}
		out.value(part, false)
	}
	return exec.AsValue(out.text.String()), out.err
}

func replace(r *rendering, in *exec.Value, arguments []*exec.Value, _ map[string]*exec.Value) (*exec.Value, error) {
	if len(arguments) < 2 || !arguments[0].IsString() || !arguments[1].IsString() {
		return nil, errors.New("replace takes the old and the new text")
	}
	text, err := writeText(r, in)
	if err != nil {
		return nil, err
	}
	before, after, times := arguments[0].String(), arguments[1].String(), -1
	if len(arguments) > 2 && arguments[2].IsInteger() {
		times = arguments[2].Integer()
	}
	n := strings.Count(text, before)
	if times >= 0 {
		n = min(n, times)
	}
	if n > 0 && len(after) > largestWork/n {
		return nil, r.work(largestWork + 1)
	}
	if err := r.work(n * len(after)); err != nil {
		return nil, err
	}
	return exec.AsValue(strings.Replace(text, before, after, times)), nil
}

// method is x.name(arguments), the name being the first argument.
func method(r *rendering, in *exec.Value, arguments []*exec.Value, _ map[string]*exec.Value) (*exec.Value, error) {
	name, arguments := arguments[0].String(), arguments[1:]
	unknown := fmt.Errorf("the method %s of %s is not supported", name, kind(in))
	if in.IsDict() {
		switch name {
		case "items":
			return items(r, in, nil, nil)
		case "keys":
			return list(r, in, nil, nil)
		case "values":
			out := exec.ValuesList{}
			for _, pair := range pairs(in) {
				out = append(out, pair.Value)
			}
			return exec.AsValue(out), nil
		case "get":
			if len(arguments) == 0 {
				return nil, errors.New("get takes a key")
			}
			value, err := lookup(in, arguments[0])
			if err == nil && undefined(value) {
				value = exec.AsValue(none)
				if len(arguments) > 1 {
					value = arguments[1]
				}
			}
			return value, err
		}
		return nil, unknown
	}
	if !in.IsString() {
		return nil, unknown
	}
	text := in.String()
	switch name {
	case "strip":
		return exec.AsValue(strip(text, arguments, true, true)), nil
	case "lstrip":
		return exec.AsValue(strip(text, arguments, true, false)), nil
	case "rstrip":
		return exec.AsValue(strip(text, arguments, false, true)), nil
	case "replace":
		return replace(r, in, arguments, nil)
	case "join":
		if len(arguments) != 1 {
			return nil, errors.New("join takes a list")
		}
		return join(r, arguments[0], []*exec.Value{in}, nil)
	case "upper":
		return upper(r, in, nil, nil)
	case "lower":
		return lower(r, in, nil, nil)
	case "count":
		if len(arguments) != 1 || !arguments[0].IsString() {
			return nil, errors.New("count takes a text")
		}
		return exec.AsValue(strings.Count(text, arguments[0].String())), nil
	case "split":
		return split(r, text, arguments)
	case "startswith", "endswith", "title", "capitalize", "removeprefix", "removesuffix", "isdigit", "isalpha", "isspace":
		f, ok := builtins.Methods.Str.Get(name)
		if !ok {
			return nil, unknown
		}
		if err := r.work(17 * len(text)); err != nil { // as a list of characters
			return nil, err
		}
		value, err := f(text, in, &exec.VarArgs{Args: arguments, KwArgs: map[string]*exec.Value{}})
		return exec.ToValue(value), err
	}
	return nil, unknown
}

// split is Python's: at white space, or at a separator at most so many times.
func split(r *rendering, text string, arguments []*exec.Value) (*exec.Value, error) {
	if err := r.work(17 * len(text)); err != nil {
		return nil, err
	}
	var parts []string
	switch {
	case len(arguments) == 0:
		parts = strings.FieldsFunc(text, isSpace)
	case !arguments[0].IsString() || arguments[0].String() == "" || len(arguments) > 1 && !arguments[1].IsInteger():
		return nil, errors.New("split takes a separator and a number")
	case len(arguments) > 1 && arguments[1].Integer() >= 0:
		parts = strings.SplitN(text, arguments[0].String(), min(arguments[1].Integer(), len(text))+1)
	default:
		parts = strings.Split(text, arguments[0].String())
	}
	list := make(exec.ValuesList, len(parts))
	for i, part := range parts {
		list[i] = exec.AsValue(part)
	}
	return exec.AsValue(list), nil
}
