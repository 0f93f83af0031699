package prompt

import (
	"cmp"
	"errors"
	"fmt"
)

// compare orders two texts, or two numbers of whatever types: a column of whole numbers is one of
// floats where pandas wrote it with a missing value.
func compare(a, b any) (int, error) {
	if s, ok := a.(string); ok {
		if t, ok := b.(string); ok {
			return cmp.Compare(s, t), nil
		}
	}
	x, isX := asFloat(a)
	y, isY := asFloat(b)
	if isX && isY {
		if m, ok := asInt(a); ok {
			if n, ok := asInt(b); ok {
				return cmp.Compare(m, n), nil
			}
		}
		return cmp.Compare(x, y), nil
	}
	return 0, fmt.Errorf("%s cannot be compared with %s", describe(a), describe(b))
}

func asInt(v any) (int64, bool) {
	switch v := v.(type) {
	case int:
		return int64(v), true
	case int64:
		return v, true
	}
	return 0, false
}

func asFloat(v any) (float64, bool) {
	if n, ok := asInt(v); ok {
		return float64(n), true
	}
	x, ok := v.(float64)
	return x, ok
}

// eq says whether a equals any of the others.
func eq(a any, others ...any) (bool, error) {
	if len(others) == 0 {
		return false, errors.New("eq needs two values")
	}
	for _, b := range others {
		if x, ok := a.(bool); ok {
			if y, ok := b.(bool); ok {
				if x == y {
					return true, nil
				}
				continue
			}
		}
		order, err := compare(a, b)
		if err != nil {
			return false, err
		}
		if order == 0 {
			return true, nil
		}
	}
	return false, nil
}

func ne(a, b any) (bool, error) {
	equal, err := eq(a, b)
	return !equal, err
}

// ordered is a comparison of two values by their order.
func ordered(holds func(order int) bool) func(a, b any) (bool, error) {
	return func(a, b any) (bool, error) {
		order, err := compare(a, b)
		return err == nil && holds(order), err
	}
}
