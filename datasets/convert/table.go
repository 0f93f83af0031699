package convert

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

func ignoreEnd(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

// eachCSV reads RFC 4180: the first line names the columns, cells in quotes may hold commas and
// lines. Empty lines are no rows; where a row has one cell they could be some, and are refused.
func eachCSV(in *counted, do func(row) error) error {
	r := csv.NewReader(in.r)
	r.ReuseRecord = true
	record, err := r.Read()
	if err == io.EOF {
		return nil
	}
	if err != nil {
		return csvError(err)
	}
	names := append([]string(nil), record...)
	if err := checkHeader(names, ",", ";\t|"); err != nil {
		return err
	}
	line, _ := r.FieldPos(0)
	if len(names) == 1 && line > 1 {
		return emptyLine(1)
	}
	for {
		after, offset := line+1, r.InputOffset()
		for _, text := range record {
			after += strings.Count(text, "\n")
		}
		if record, err = r.Read(); err == io.EOF {
			if len(names) == 1 && r.InputOffset() > offset {
				return emptyLine(after)
			}
			return nil
		}
		if err != nil {
			return csvError(err)
		}
		if line, _ = r.FieldPos(0); len(names) == 1 && line > after {
			return emptyLine(after)
		}
		value, err := cells(names, record, line)
		if err != nil {
			return err
		}
		if err := do(row{value, line}); err != nil {
			return err
		}
	}
}

func emptyLine(line int) error {
	return fmt.Errorf("line %d is empty, which with one column is a row or none: write \"\" for a row with an empty cell, or take the line away", line)
}

func csvError(err error) error {
	var at *csv.ParseError
	if !errors.As(err, &at) {
		return err
	}
	switch {
	case errors.Is(err, csv.ErrFieldCount):
		return fmt.Errorf("line %d has another number of cells than the first line has names: cells are separated by commas, and one with a comma or a line end stands in quotes", at.Line)
	case errors.Is(err, csv.ErrBareQuote):
		return fmt.Errorf("line %d, character %d: a quote within a cell: such a cell stands in quotes, and the quote twice", at.Line, at.Column)
	case errors.Is(err, csv.ErrQuote):
		return fmt.Errorf("line %d, character %d: a cell that begins with a quote (in line %d) does not end with one", at.Line, at.Column, at.StartLine)
	}
	return fmt.Errorf("line %d: %w", at.Line, at.Err)
}

// eachTSV reads text with tabs: the first line names the columns, and nothing is quoted.
func eachTSV(in *counted, do func(row) error) error {
	var names []string
	for {
		text, ok, err := in.next()
		if err != nil || !ok {
			return err
		}
		parts := strings.Split(text, "\t")
		if names == nil {
			names = parts
			if err := checkHeader(names, "tabs", ",;|"); err != nil {
				return err
			}
			continue
		}
		if len(parts) != len(names) {
			return fmt.Errorf("line %d has %d cells, the first line names %d columns", in.line, len(parts), len(names))
		}
		value, err := cells(names, parts, in.line)
		if err != nil {
			return err
		}
		if err := do(row{value, in.line}); err != nil {
			return err
		}
	}
}

// checkHeader refuses names that are none, that stand twice, and a first line of one cell with what
// separates cells in other tables.
func checkHeader(names []string, separator, others string) error {
	if i := strings.IndexAny(names[0], others); i >= 0 && len(names) == 1 {
		return fmt.Errorf("line 1: the one column %q has a %q in its name: cells are separated by %s here", names[0], names[0][i], separator)
	}
	seen := map[string]int{}
	for i, name := range names {
		if name == "" {
			return fmt.Errorf("line 1: column %d has no name: give it one, or leave it out (pandas writes its index so, unless index=False)", i+1)
		}
		if other, twice := seen[name]; twice {
			return fmt.Errorf("line 1: columns %d and %d are both named %s", other, i+1, name)
		}
		seen[name] = i + 1
	}
	return nil
}

func cells(names, record []string, line int) (map[string]any, error) {
	value := make(map[string]any, len(names))
	for i, name := range names {
		if !utf8.ValidString(record[i]) {
			return nil, fmt.Errorf("line %d: column %s is not UTF-8: write the file in UTF-8", line, name)
		}
		value[name] = cell(strings.Clone(record[i]))
	}
	return value, nil
}
