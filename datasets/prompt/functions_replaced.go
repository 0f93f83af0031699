package prompt

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// text/template's own functions of these names count the bytes of a text, and write what does not
// fit into the text. A prompt that is wrong in silence is worse than an error.

// slice takes a part of a list, or of a text by characters. Without TO it goes to the end.
func slice(v any, bounds ...any) (any, error) {
	list, isList := v.([]any)
	var runes []rune
	n := len(list)
	if !isList {
		text, err := asText(v)
		if err != nil {
			return nil, err
		}
		runes = []rune(text)
		n = len(runes)
	}
	ends := [2]int{0, n}
	if len(bounds) > 2 {
		return nil, errors.New("expected slice VALUE FROM TO")
	}
	for i, bound := range bounds {
		printed, err := asText(bound)
		if err != nil {
			return nil, err
		}
		if ends[i], err = strconv.Atoi(printed); err != nil {
			return nil, fmt.Errorf("%q is not an index", printed)
		}
	}
	if ends[0] < 0 || ends[0] > ends[1] || ends[1] > n {
		return nil, fmt.Errorf("from %d to %d: expected ascending indices from 0 to %d", ends[0], ends[1], n)
	}
	if isList {
		return list[ends[0]:ends[1]], nil
	}
	return string(runes[ends[0]:ends[1]]), nil
}

func length(v any) (int, error) {
	switch v := v.(type) {
	case []any:
		return len(v), nil
	case map[string]any:
		return len(v), nil
	}
	text, err := asText(v)
	return len([]rune(text)), err
}

func index(v any, keys ...any) (any, error) {
	for _, key := range keys {
		switch container := v.(type) {
		case []any:
			printed, err := asText(key)
			if err != nil {
				return nil, err
			}
			i, err := strconv.Atoi(printed)
			if err != nil || i < 0 || i >= len(container) {
				return nil, fmt.Errorf("there is no entry %s in a list of %d", printed, len(container))
			}
			v = container[i]
		case map[string]any:
			name, err := asText(key)
			if err != nil {
				return nil, err
			}
			if v, err = field(container, name); err != nil {
				return nil, err
			}
		default:
			return nil, fmt.Errorf("it is %s, not a list or struct; slice takes characters of a text", describe(v))
		}
	}
	return v, nil
}

func field(of map[string]any, name string) (any, error) {
	v, ok := of[name]
	if !ok {
		return nil, fmt.Errorf("there is no %s; there is %s", name, listKeys(of))
	}
	return v, nil
}

func printf(format string, values ...any) (string, error) {
	text := fmt.Sprintf(format, values...)
	if strings.Count(text, "%!") > strings.Count(fmt.Sprint(append([]any{format}, values...)...), "%!") {
		return "", fmt.Errorf("the format %q does not fit %d values: %s", format, len(values), Shorten(text))
	}
	return text, nil
}
