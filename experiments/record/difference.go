package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
)

// Difference names the first place at which two JSON values differ, as in "scores[2].value is 0.5,
// expected 0.75", the object's keys in order. It is empty where they are equal; numbers may be
// apart by tolerance.
func Difference(got, want []byte, tolerance float64) (string, error) {
	var values [2]any
	for i, data := range [][]byte{got, want} {
		decoder := json.NewDecoder(bytes.NewReader(data))
		decoder.UseNumber()
		if err := decoder.Decode(&values[i]); err != nil {
			return "", fmt.Errorf("compare JSON: %w", err)
		}
		if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
			return "", errors.New("compare JSON: more than one value")
		}
	}
	return difference("", values[0], values[1], tolerance), nil
}

func difference(path string, got, want any, tolerance float64) string {
	switch want := want.(type) {
	case map[string]any:
		got, ok := got.(map[string]any)
		if !ok {
			break
		}
		keys := slices.AppendSeq(slices.Collect(maps.Keys(want)), maps.Keys(got))
		slices.Sort(keys)
		for _, key := range slices.Compact(keys) {
			inner := key
			if path != "" {
				inner = path + "." + key
			}
			a, here := got[key]
			b, there := want[key]
			switch {
			case !here:
				return inner + " is missing"
			case !there:
				return inner + " is too many"
			}
			if d := difference(inner, a, b, tolerance); d != "" {
				return d
			}
		}
		return ""
	case []any:
		got, ok := got.([]any)
		if !ok {
			break
		}
		for i := range min(len(got), len(want)) {
			if d := difference(path+"["+strconv.Itoa(i)+"]", got[i], want[i], tolerance); d != "" {
				return d
			}
		}
		if len(got) != len(want) {
			return fmt.Sprintf("%s has %d entries, expected %d", path, len(got), len(want))
		}
		return ""
	case json.Number:
		got, ok := got.(json.Number)
		if !ok {
			break
		}
		a, errA := got.Float64()
		b, errB := want.Float64()
		if got == want || tolerance > 0 && errA == nil && errB == nil && math.Abs(a-b) <= tolerance {
			return ""
		}
	default:
		if got == want {
			return ""
		}
	}
	a, _ := json.Marshal(got)
	b, _ := json.Marshal(want)
	return fmt.Sprintf("%s is %.200s, expected %.200s", path, a, b)
}
