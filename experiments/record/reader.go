package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// Read reads all lines of a file. torn says that the last line was cut by a crash and left out; a
// malformed line before it is an error that names file and line. Unknown keys are malformed.
func Read[T any](path string) (lines []T, torn bool, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, false, fmt.Errorf("read record: %w", err)
	}
	return Decode[T](data, path)
}

// ReadEvents reads records.jsonl.
func ReadEvents(path string) (events []Event, torn bool, err error) { return Read[Event](path) }

// Decode reads the lines in data; name stands for the file in errors.
func Decode[T any](data []byte, name string) (lines []T, torn bool, err error) {
	for number := 1; len(data) > 0; number++ {
		line, rest, complete := bytes.Cut(data, []byte("\n"))
		if !complete {
			return lines, true, nil
		}
		var v T
		if err := decodeLine(line, &v); err != nil {
			return nil, false, fmt.Errorf("%s:%d: %w", name, number, err)
		}
		lines = append(lines, v)
		data = rest
	}
	return lines, false, nil
}

func decodeLine(line []byte, v any) error {
	if trimmed := bytes.TrimSpace(line); len(trimmed) == 0 || trimmed[0] != '{' {
		return errors.New("not a JSON object")
	}
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		return fmt.Errorf("malformed record: %w", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return errors.New("malformed record: more than one value on the line")
	}
	if c, ok := v.(interface{ Validate() error }); ok {
		return c.Validate()
	}
	return nil
}

// Scan reads lines until one is not wanted: what stands after that is not looked at. A malformed
// line before it is an error that names file and line.
func Scan[T any](path string, more func(T) bool) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read record: %w", err)
	}
	for number := 1; len(data) > 0; number++ {
		line, rest, complete := bytes.Cut(data, []byte("\n"))
		var v T
		if !complete {
			return nil
		}
		if err := decodeLine(line, &v); err != nil {
			return fmt.Errorf("%s:%d: %w", path, number, err)
		}
		if !more(v) {
			return nil
		}
		data = rest
	}
	return nil
}

// Last reads the last line of a file, and no more of it than that takes. A file without a line, or
// whose last line was cut by a crash, is an error.
func Last[T any](path string) (last T, err error) {
	f, err := os.Open(path)
	if err != nil {
		return last, fmt.Errorf("read record: %w", err)
	}
	defer f.Close()
	end, err := f.Seek(0, io.SeekEnd)
	for size := int64(4 << 10); err == nil; size *= 4 {
		size = min(size, end)
		tail := make([]byte, size)
		if _, err = f.ReadAt(tail, end-size); err != nil {
			break
		}
		line, whole := bytes.CutSuffix(tail, []byte("\n"))
		if !whole {
			return last, fmt.Errorf("%s: there is no last line, or a crash cut it", path)
		}
		if i := bytes.LastIndexByte(line, '\n'); i >= 0 || size == end {
			if err = decodeLine(line[i+1:], &last); err != nil {
				err = fmt.Errorf("%s: last line: %w", path, err)
			}
			return last, err
		}
	}
	return last, fmt.Errorf("read record: %w", err)
}

// Truncate cuts a file before the first line that keep refuses, and a line that a crash cut in half
// in any case. It returns how many whole lines were dropped and whether there was half a line. A
// missing file has no lines. The lines are handed to keep undecoded and without the newline.
func Truncate(path string, keep func(line []byte) bool) (dropped int, torn bool, err error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("truncate record: %w", err)
	}
	size, rest := 0, data
	for len(rest) > 0 {
		line, after, complete := bytes.Cut(rest, []byte("\n"))
		if !complete {
			torn = true
			break
		}
		if dropped > 0 || !keep(line) {
			dropped++
		} else {
			size += len(line) + 1
		}
		rest = after
	}
	if size == len(data) {
		return 0, false, nil
	}
	if err := os.Truncate(path, int64(size)); err != nil {
		return 0, false, fmt.Errorf("truncate record: %w", err)
	}
	return dropped, torn, nil
}
