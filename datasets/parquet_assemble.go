package datasets

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// assembler makes rows of one row group from the columns' values and levels, as the Dremel paper
// describes it: a value's definition level says how much of its path is there, its repetition level
// which list it continues.
type assembler struct {
	columns []*parquet.Column
	cursors map[int]*cursor // by leaf index
	halves  map[int]bool    // leaves of half floats
	bytes   int             // of the row so far
}

// largestRow bounds a row's values in memory, in bytes: a short run of lengths or repetitions in a
// file can stand for gigabytes of them.
const largestRow = 64 << 20

// valueBytes is what a value takes beside its content.
const valueBytes = 16

func newAssembler(file *parquet.File, group parquet.RowGroup, columns []*parquet.Column) *assembler {
	a := &assembler{columns: columns, cursors: map[int]*cursor{}, halves: halfFloats(file)}
	chunks := group.ColumnChunks()
	for _, column := range columns {
		eachLeaf(column, func(leaf *parquet.Column) {
			if i := leaf.Index(); i < len(chunks) {
				a.cursors[i] = &cursor{chunk: chunks[i]}
			}
		})
	}
	return a
}

// row assembles the next row.
func (a *assembler) row() (row Row, err error) {
	row, a.bytes = Row{}, 0
	for _, column := range a.columns {
		err := guard(func() (err error) {
			row[column.Name()], err = a.read(column)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", column.Name(), err)
		}
	}
	return row, nil
}

// ended says whether the first column has no more values.
func (a *assembler) ended() bool {
	ended := true
	guard(func() error {
		_, err := a.first(a.columns[0]).peek()
		ended = err == io.EOF
		return nil
	})
	return ended
}

// finished checks that no column has values left.
func (a *assembler) finished() error {
	for _, column := range a.columns {
		err := guard(func() error {
			if _, err := a.first(column).peek(); err != io.EOF {
				return errors.Join(errors.New("has more values than the file has rows"), err)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("column %s: %w", column.Name(), err)
		}
	}
	return nil
}

func (a *assembler) close() {
	for _, c := range a.cursors {
		guard(func() error { c.close(); return nil })
	}
}

// read makes the value of a node, a list's included.
func (a *assembler) read(node *parquet.Column) (any, error) {
	value, err := a.peek(node)
	if err != nil {
		return nil, err
	}
	absent := value.DefinitionLevel() < node.MaxDefinitionLevel()
	switch {
	case node.Optional() && absent:
		return nil, a.skip(node)
	case !node.Repeated():
		return a.content(node)
	case absent:
		return []any{}, a.skip(node)
	}
	items := []any{}
	for {
		item, err := a.content(node)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
		next, err := a.peek(node)
		if err == io.ErrUnexpectedEOF || err == nil && next.RepetitionLevel() != node.MaxRepetitionLevel() {
			return items, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// content makes the value of a node that is there, one item of a repeated one.
func (a *assembler) content(node *parquet.Column) (any, error) {
	if node.Leaf() {
		value, err := a.peek(node)
		if err != nil {
			return nil, err
		}
		a.cursors[node.Index()].advance()
		if a.bytes += valueBytes; value.Kind() == parquet.ByteArray || value.Kind() == parquet.FixedLenByteArray {
			a.bytes += len(value.ByteArray())
		}
		if a.bytes > largestRow {
			return nil, fmt.Errorf("the row has more than %d MiB of values", largestRow>>20)
		}
		if value.IsNull() {
			return nil, nil
		}
		if a.halves[node.Index()] && len(value.ByteArray()) == 2 {
			return float(half(binary.LittleEndian.Uint16(value.ByteArray()))), nil
		}
		return convert(node, value)
	}
	children := node.Columns()
	switch {
	case isList(node):
		items, err := a.read(children[0])
		if err != nil || !isWrapper(node, children[0]) {
			return items, err
		}
		list := items.([]any)
		for i, item := range list {
			list[i] = item.(map[string]any)[children[0].Columns()[0].Name()]
		}
		return list, nil
	case isMap(node):
		items, err := a.read(children[0])
		if err != nil {
			return nil, err
		}
		fields := children[0].Columns()
		m := map[string]any{}
		for _, item := range items.([]any) {
			entry := item.(map[string]any)
			m[fmt.Sprint(entry[fields[0].Name()])] = entry[fields[1].Name()]
		}
		return m, nil
	}
	m := make(map[string]any, len(children))
	for _, child := range children {
		value, err := a.read(child)
		if err != nil {
			return nil, err
		}
		m[child.Name()] = value
	}
	return m, nil
}

// halfFloats finds the leaves of half floats in the footer; the library's columns do not tell them
// from bytes.
func halfFloats(file *parquet.File) map[int]bool {
	halves, leaf := map[int]bool{}, 0
	for _, element := range file.Metadata().Schema {
		if element.NumChildren.Valid && element.NumChildren.V > 0 {
			continue
		}
		if _, ok := element.LogicalType.Value.(*format.Float16Type); ok {
			halves[leaf] = true
		}
		leaf++
	}
	return halves
}

// isList says whether a group is Parquet's form of a list: one repeated child.
func isList(node *parquet.Column) bool {
	children := node.Columns()
	return len(children) == 1 && children[0].Repeated() && isLogical[*format.ListType](node)
}

// isMap says whether a group is Parquet's form of a map.
func isMap(node *parquet.Column) bool {
	children := node.Columns()
	return len(children) == 1 && children[0].Repeated() && len(children[0].Columns()) == 2 && isLogical[*format.MapType](node)
}

// isWrapper says whether the repeated child of a list only wraps the element, by the format's rules
// for files old and new.
func isWrapper(list, repeated *parquet.Column) bool {
	return !repeated.Leaf() && len(repeated.Columns()) == 1 && repeated.Name() != "array" && repeated.Name() != list.Name()+"_tuple"
}

func isLogical[T format.LogicalTypeValue](node *parquet.Column) bool {
	logical := node.Type().LogicalType()
	if logical == nil {
		return false
	}
	_, ok := logical.Value.(T)
	return ok
}

func eachLeaf(node *parquet.Column, do func(*parquet.Column)) {
	if node.Leaf() {
		do(node)
	}
	for _, child := range node.Columns() {
		eachLeaf(child, do)
	}
}

// first is the cursor of a node's first leaf, whose levels tell of the node.
func (a *assembler) first(node *parquet.Column) *cursor {
	for !node.Leaf() {
		node = node.Columns()[0]
	}
	return a.cursors[node.Index()]
}

func (a *assembler) peek(node *parquet.Column) (parquet.Value, error) {
	value, err := a.first(node).peek()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return value, err
}

// skip passes over the one entry that an absent node has in each leaf.
func (a *assembler) skip(node *parquet.Column) error {
	var errs []error
	eachLeaf(node, func(leaf *parquet.Column) {
		c := a.cursors[leaf.Index()]
		_, err := c.peek()
		errs = append(errs, err)
		c.advance()
	})
	return errors.Join(errs...)
}
