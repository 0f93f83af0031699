package weights

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
)

// maxHeader is the largest header that is read, as in the format's reference implementation.
const maxHeader = 100 << 20

// metadataKey is the header's entry that is not a tensor.
const metadataKey = "__metadata__"

// entry is one tensor of a header; begin and end count from the start of the data.
type entry struct {
	dtype      DType
	shape      []int
	begin, end int64
}

// parseHeader checks a header completely against the number of data bytes after it: known types,
// sizes that fit the shapes, no overlap, no hole, nothing left over, no name twice.
func parseHeader(header []byte, dataLen int64) (map[string]entry, map[string]string, error) {
	dec := json.NewDecoder(bytes.NewReader(header))
	if t, err := dec.Token(); err != nil {
		return nil, nil, fmt.Errorf("header: %w", err)
	} else if t != json.Delim('{') {
		return nil, nil, fmt.Errorf("header: starts with %v, expected a JSON object", t)
	}
	tensors, metadata := map[string]entry{}, map[string]string(nil)
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, nil, fmt.Errorf("header: %w", err)
		}
		name := t.(string) // a key: the decoder takes nothing else here
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return nil, nil, fmt.Errorf("header: tensor %q: %w", name, err)
		}
		if name == metadataKey {
			if metadata != nil {
				return nil, nil, fmt.Errorf("header: %s is there twice", metadataKey)
			}
			metadata = map[string]string{}
			if err := json.Unmarshal(raw, &metadata); err != nil {
				return nil, nil, fmt.Errorf("header: %s: %w", metadataKey, err)
			}
			continue
		}
		if _, twice := tensors[name]; twice {
			return nil, nil, fmt.Errorf("header: tensor %q is there twice", name)
		}
		e, err := parseEntry(raw, dataLen)
		if err != nil {
			return nil, nil, fmt.Errorf("header: tensor %q: %w", name, err)
		}
		tensors[name] = e
	}
	if _, err := dec.Token(); err != nil {
		return nil, nil, fmt.Errorf("header: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, nil, errors.New("header: something follows the JSON object")
	}
	return tensors, metadata, checkLayout(tensors, dataLen)
}

func parseEntry(raw []byte, dataLen int64) (entry, error) {
	var j struct {
		DType   *DType  `json:"dtype"`
		Shape   []int64 `json:"shape"`
		Offsets []int64 `json:"data_offsets"`
	}
	if err := json.Unmarshal(raw, &j); err != nil {
		return entry{}, err
	}
	if j.DType == nil || j.Shape == nil || len(j.Offsets) != 2 {
		return entry{}, errors.New("expected dtype, shape and data_offsets [begin, end]")
	}
	e := entry{dtype: *j.DType, begin: j.Offsets[0], end: j.Offsets[1], shape: make([]int, len(j.Shape))}
	if e.dtype.Size() == 0 {
		return e, fmt.Errorf("unknown dtype %q", e.dtype)
	}
	if e.begin < 0 || e.begin > e.end || e.end > dataLen {
		return e, fmt.Errorf("data_offsets [%d, %d] are outside the %d bytes of data: the file was cut off or is damaged, fetch it again", e.begin, e.end, dataLen)
	}
	for i, d := range j.Shape {
		if d < 0 || d > math.MaxInt {
			return e, fmt.Errorf("shape %v has a dimension out of range", j.Shape)
		}
		e.shape[i] = int(d)
	}
	n, ok := elements(e.shape)
	if !ok || int64(n) > math.MaxInt64/8 || int64(n)*int64(e.dtype.Size()) != e.end-e.begin {
		return e, fmt.Errorf("%s of shape %v does not fit the %d bytes of data_offsets [%d, %d]",
			e.dtype, e.shape, e.end-e.begin, e.begin, e.end)
	}
	return e, nil
}

// elements is the product of the dimensions, and whether it fits an int.
func elements(shape []int) (int, bool) {
	if slices.Contains(shape, 0) {
		return 0, true
	}
	n := 1
	for _, d := range shape {
		if d < 0 || n > math.MaxInt/d {
			return 0, false
		}
		n *= d
	}
	return n, true
}

// checkLayout says whether the tensors cover the data exactly once.
func checkLayout(tensors map[string]entry, dataLen int64) error {
	names := slices.SortedFunc(maps.Keys(tensors), func(a, b string) int {
		x, y := tensors[a], tensors[b]
		switch {
		case x.begin != y.begin:
			return int(min(max(x.begin-y.begin, -1), 1))
		case x.end != y.end: // an empty tensor before one that starts at the same byte
			return int(min(max(x.end-y.end, -1), 1))
		}
		return bytes.Compare([]byte(a), []byte(b))
	})
	at, last := int64(0), "the start"
	for _, name := range names {
		e := tensors[name]
		if e.begin < at {
			return fmt.Errorf("header: tensor %q starts at byte %d and overlaps %s, which ends at %d", name, e.begin, last, at)
		}
		if e.begin > at {
			return fmt.Errorf("header: %d bytes between %s and tensor %q belong to no tensor", e.begin-at, last, name)
		}
		at, last = e.end, fmt.Sprintf("tensor %q", name)
	}
	if at != dataLen {
		return fmt.Errorf("header: the tensors end at byte %d, the data at %d", at, dataLen)
	}
	return nil
}
