package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
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
	err = scan(data, name, func(v T) bool {
		lines = append(lines, v)
		return true
	})
	if err != nil {
		return nil, false, err
	}
	return lines, isTorn(data), nil
}

// Scan reads lines until one is not wanted: what stands after that is not looked at. A malformed
// line before it is an error that names file and line.
func Scan[T any](path string, more func(T) bool) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read record: %w", err)
	}
	return scan(data, path, more)
}

// scan decodes whole lines until one is not wanted.
func scan[T any](data []byte, name string, more func(T) bool) error {
	number := 0
	for line := range wholeLines(data) {
		number++
		var v T
		if err := decodeLine(line, &v); err != nil {
			return fmt.Errorf("%s:%d: %w", name, number, err)
		}
		if !more(v) {
			return nil
		}
	}
	return nil
}

// wholeLines are the lines in data, without their newlines and without one that a crash cut.
func wholeLines(data []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for line := range bytes.Lines(data) {
			if whole, complete := bytes.CutSuffix(line, []byte("\n")); !complete || !yield(whole) {
				return
			}
		}
	}
}

// isTorn says whether a crash cut the last line in data.
func isTorn(data []byte) bool { return len(data) > 0 && data[len(data)-1] != '\n' }

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

// Last reads the last line of a file, and no more of it than that takes. A file without a line, or
// whose last line was cut by a crash, is an error.
func Last[T any](path string) (last T, err error) {
	f, err := os.Open(path)
	if err != nil {
		return last, fmt.Errorf("read record: %w", err)
	}
	defer f.Close()
	for size := int64(4 << 10); ; size *= 4 {
		data, all, err := tail(f, size)
		if err != nil {
			return last, fmt.Errorf("read record: %w", err)
		}
		line, whole := bytes.CutSuffix(data, []byte("\n"))
		if !whole {
			return last, fmt.Errorf("%s: there is no last line, or a crash cut it", path)
		}
		if i := bytes.LastIndexByte(line, '\n'); i >= 0 || all {
			if err = decodeLine(line[i+1:], &last); err != nil {
				err = fmt.Errorf("%s: last line: %w", path, err)
			}
			return last, err
		}
	}
}

// Tail reads the lines that stand whole in the last bytes of a file, at most size of them.
func Tail[T any](path string, size int64) ([]T, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read record: %w", err)
	}
	defer f.Close()
	data, all, err := tail(f, size)
	if err != nil {
		return nil, fmt.Errorf("read record: %w", err)
	}
	if !all { // the first line is most likely cut
		_, data, _ = bytes.Cut(data, []byte("\n"))
	}
	lines, _, err := Decode[T](data, path)
	return lines, err
}

// tail reads the last bytes of a file, at most size of them; all says that these are all. A file
// that another process cuts meanwhile gives fewer.
func tail(f *os.File, size int64) (data []byte, all bool, err error) {
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, false, err
	}
	start := max(0, end-size)
	data, err = io.ReadAll(io.NewSectionReader(f, start, end-start))
	return data, start == 0, err
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
	size := 0
	for line := range wholeLines(data) {
		if dropped > 0 || !keep(line) {
			dropped++
		} else {
			size += len(line) + 1
		}
	}
	if size == len(data) {
		return 0, false, nil
	}
	if err := os.Truncate(path, int64(size)); err != nil {
		return 0, false, fmt.Errorf("truncate record: %w", err)
	}
	return dropped, isTorn(data), nil
}
