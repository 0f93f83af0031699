package convert

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"github.com/parquet-go/parquet-go"

	"secura/atomicfile"
)

// node is the kind as a part of a Parquet schema: everything may be null.
func (k *kind) node() parquet.Node {
	switch k.of {
	case boolKind:
		return parquet.Optional(parquet.Leaf(parquet.BooleanType))
	case intKind, wideKind:
		return parquet.Optional(parquet.Int(64))
	case floatKind:
		return parquet.Optional(parquet.Leaf(parquet.DoubleType))
	case listKind:
		return parquet.Optional(parquet.List(k.item.node()))
	case structKind:
		return parquet.Optional(k.group())
	}
	return parquet.Optional(parquet.String())
}

func (k *kind) group() parquet.Group {
	group := parquet.Group{}
	for name, field := range k.fields {
		group[name] = field.node()
	}
	return group
}

// rowsOfGroup is how many rows a row group has.
const rowsOfGroup = 1 << 16

// save writes the rows to a file that appears when it is whole.
func (s Source) save(path string, types *kind) error {
	return atomicfile.Write(path, func(to io.Writer) error { return s.encode(to, types) })
}

// encode writes the rows as Parquet.
func (s Source) encode(to io.Writer, types *kind) error {
	schema := parquet.NewSchema("rows", types.group())
	w := parquet.NewWriter(to, schema, parquet.Compression(&parquet.Snappy), parquet.MaxRowsPerRowGroup(rowsOfGroup), parquet.CreatedBy("secura", "1", ""))
	var one [1]parquet.Row
	err := s.each(func(r row) error {
		shredder := shredder{columns: make([][]parquet.Value, leaves(types))}
		if err := shredder.fields(types, r.value, 0, levels{}); err != nil {
			return fmt.Errorf("line %d: %w", r.line, err)
		}
		one[0] = one[0][:0]
		for _, values := range shredder.columns {
			one[0] = append(one[0], values...)
		}
		_, err := w.WriteRows(one[:])
		return err
	})
	if err != nil {
		return err
	}
	return w.Close()
}

// leaves counts the columns of values.
func leaves(k *kind) (n int) {
	switch k.of {
	case listKind:
		return leaves(k.item)
	case structKind:
		for _, field := range k.fields {
			n += leaves(field)
		}
		return n
	}
	return 1
}

// shredder takes a row apart into the values of its columns, each with a repetition and a
// definition level (the Dremel paper, section 4.1).
type shredder struct{ columns [][]parquet.Value }

// fields writes a struct's fields; its leaves begin at a column. nil are those of a struct that is
// null.
func (s *shredder) fields(k *kind, v map[string]any, column int, at levels) error {
	for _, name := range k.names() {
		field := k.fields[name]
		if err := s.value(field, v[name], column, at); err != nil {
			return fmt.Errorf("column %s: %w", name, err)
		}
		column += leaves(field)
	}
	return nil
}

// levels are those of a value that is null; lists counts the lists around it.
type levels struct{ repetition, definition, lists int }

// value writes a value: null at these levels, and there above them.
func (s *shredder) value(k *kind, v any, column int, at levels) error {
	if text, ok := v.(cell); ok {
		var err error
		if v, err = cellValue(k, string(text)); err != nil {
			return err
		}
	}
	if v == nil {
		s.null(k, column, at)
		return nil
	}
	at.definition++
	switch k.of {
	case structKind:
		return s.fields(k, v.(map[string]any), column, at)
	case listKind:
		list := v.([]any)
		if len(list) == 0 {
			s.null(k, column, at)
			return nil
		}
		at.definition++
		at.lists++
		for i, item := range list {
			if i > 0 {
				at.repetition = at.lists
			}
			if err := s.value(k.item, item, column, at); err != nil {
				return err
			}
		}
		return nil
	}
	value, err := leafValue(k, v)
	if err != nil {
		return err
	}
	s.columns[column] = append(s.columns[column], value.Level(at.repetition, at.definition, column))
	return nil
}

// null writes that there is nothing, in all columns below.
func (s *shredder) null(k *kind, column int, at levels) {
	for i := range leaves(k) {
		s.columns[column+i] = append(s.columns[column+i], parquet.NullValue().Level(at.repetition, at.definition, column+i))
	}
}

func leafValue(k *kind, v any) (parquet.Value, error) {
	switch v := v.(type) {
	case bool:
		return parquet.BooleanValue(v), nil
	case string:
		return parquet.ByteArrayValue([]byte(v)), nil
	case json.Number:
		if k.of == intKind || k.of == wideKind {
			n, err := strconv.ParseInt(string(v), 10, 64)
			return parquet.Int64Value(n), err
		}
		x, err := strconv.ParseFloat(string(v), 64)
		return parquet.DoubleValue(x), err
	}
	return parquet.Value{}, fmt.Errorf("a value of type %T", v)
}

// cellValue reads a cell as its column's kind.
func cellValue(k *kind, text string) (any, error) {
	switch {
	case k.of == textKind:
		return text, nil
	case text == "":
		return nil, nil
	case k.of == boolKind:
		return text == "true", nil
	}
	return json.Number(text), nil
}
