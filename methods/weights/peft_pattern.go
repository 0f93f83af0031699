package weights

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
)

// peftPattern is rank_pattern or alpha_pattern: values by patterns of modules' names, in the file's
// order, of which the first that matches counts, as in peft's get_pattern_key.
type peftPattern[T int | float64] []patternValue[T]

type patternValue[T int | float64] struct {
	pattern string
	value   T
}

// of is the value of the first pattern that a module's name, or an ending of it after a dot, is,
// and other where there is none.
func (p peftPattern[T]) of(module string, other T) (T, error) {
	for _, v := range p {
		r, err := regexp.Compile(`^(.*\.)?(` + v.pattern + `)$`)
		if err != nil {
			return other, fmt.Errorf("%q: %w", v.pattern, err)
		}
		if r.MatchString(module) {
			return v.value, nil
		}
	}
	return other, nil
}

// UnmarshalJSON reads an object. A key that stands twice has its place first and its value last, as
// in Python.
func (p *peftPattern[T]) UnmarshalJSON(raw []byte) error {
	var values map[string]T
	if err := json.Unmarshal(raw, &values); err != nil || values == nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if _, err := d.Token(); err != nil {
		return err
	}
	*p = nil
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		var value T
		if err := d.Decode(&value); err != nil {
			return err
		}
		pattern := key.(string)
		if !slices.ContainsFunc(*p, func(v patternValue[T]) bool { return v.pattern == pattern }) {
			*p = append(*p, patternValue[T]{pattern, values[pattern]})
		}
	}
	return nil
}

// MarshalJSON writes an object with the keys in their order.
func (p peftPattern[T]) MarshalJSON() ([]byte, error) {
	out := []byte("{")
	for i, v := range p {
		key, err := json.Marshal(v.pattern)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(v.value)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, key...), ':'), value...)
	}
	return append(out, '}'), nil
}
