package datasets

import (
	"fmt"
	"io"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// FileInfo tells what is in a Parquet file.
type FileInfo struct {
	Rows      int64
	RowGroups []int64 // rows of each
	CreatedBy string
	Columns   []ColumnInfo
}

// ColumnInfo tells of one top-level column.
type ColumnInfo struct {
	Name string
	// Type is such as "string", "list<string>" or "struct<de: string, en: string>".
	Type string
	// Optional says whether the column may hold nulls.
	Optional bool
}

// Inspect reads a Parquet file's footer; name stands for the file in errors.
func Inspect(r io.ReaderAt, size int64, name string) (info FileInfo, err error) {
	file, err := openParquet(r, size, name)
	if err != nil {
		return FileInfo{}, err
	}
	err = guard(func() error {
		info = FileInfo{CreatedBy: file.Metadata().CreatedBy}
		for _, g := range file.RowGroups() {
			rows, _ := rowsOf(g)
			info.Rows += rows
			info.RowGroups = append(info.RowGroups, rows)
		}
		for _, c := range file.Root().Columns() {
			info.Columns = append(info.Columns, ColumnInfo{c.Name(), typeName(c), c.Optional()})
		}
		return nil
	})
	if err != nil {
		return FileInfo{}, fmt.Errorf("inspect %s: %w", name, err)
	}
	return info, nil
}

// FirstRows reads the first n rows column by column: a column that cannot be read is in unread,
// with the reason, and not in the rows.
func FirstRows(r io.ReaderAt, size int64, name string, n int) (rows []Row, unread map[string]error, err error) {
	info, err := Inspect(r, size, name)
	if err != nil {
		return nil, nil, err
	}
	unread = map[string]error{}
	rows = make([]Row, min(int64(n), info.Rows))
	for i := range rows {
		rows[i] = Row{}
	}
	for _, c := range info.Columns {
		at := 0
		for row, err := range ReadRows(r, size, name, []string{c.Name}) {
			if err != nil {
				unread[c.Name] = err
				break
			}
			if at == len(rows) {
				break
			}
			rows[at][c.Name] = row[c.Name]
			at++
		}
	}
	for _, row := range rows {
		for column := range unread {
			delete(row, column)
		}
	}
	return rows, unread, nil
}

func typeName(node *parquet.Column) string {
	name := contentName(node)
	if node.Repeated() {
		return "list<" + name + ">"
	}
	return name
}

func contentName(node *parquet.Column) string {
	children := node.Columns()
	switch {
	case node.Leaf():
		return strings.ToLower(node.Type().String())
	case isList(node) && isWrapper(node, children[0]):
		return "list<" + typeName(children[0].Columns()[0]) + ">"
	case isList(node):
		return typeName(children[0])
	case isMap(node):
		fields := children[0].Columns()
		return "map<" + typeName(fields[0]) + ", " + typeName(fields[1]) + ">"
	}
	var fields []string
	for _, c := range children {
		fields = append(fields, c.Name()+": "+typeName(c))
	}
	return "struct<" + strings.Join(fields, ", ") + ">"
}
