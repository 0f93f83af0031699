// Package convert writes the rows of JSON, JSON Lines, CSV and TSV files as Parquet, the one format
// that tasks are read from. The types of the columns come from all rows. In comes a file, out goes
// a Parquet file. Read Source.Write first.
package convert

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Extensions are the endings of the files that are read.
var Extensions = []string{".jsonl", ".json", ".csv", ".tsv"}

// Result tells of a file that was written.
type Result struct {
	Path string
	Rows int
	// Columns are the columns' names and types, in the order of the names.
	Columns []string
}

// Source is a file to convert.
type Source struct {
	Path string
	// Rows names the list of rows in a JSON file whose rows are not the whole of it, as Instances
	// does in {"Definition": …, "Instances": [{…}]}; empty for none. The file is that one object.
	Rows string
}

// Output is where Write puts a file's rows.
func (s Source) Output(dir string) string {
	name := filepath.Base(s.Path)
	return filepath.Join(dir, strings.TrimSuffix(name, filepath.Ext(name))+".parquet")
}

// Write reads a file twice, first for the types of its columns and then for its rows, and writes
// them to Output(dir), which must not be there yet. Errors name the file, the line and the column,
// and what was expected.
//
// A column holds texts, whole numbers, floats, booleans, lists or structs; whole numbers become
// floats where a row has one. It may be null everywhere. In CSV and TSV an empty cell is null, or
// an empty text in a column of texts, and a number that begins with a zero is a text. No number
// changes its value: one that its column's type does not hold makes texts of a column in CSV and
// TSV, and is an error in JSON.
func (s Source) Write(dir string) (Result, error) {
	result, err := s.write(dir)
	if err != nil {
		return Result{}, fmt.Errorf("convert %s: %w", s.Path, err)
	}
	return result, nil
}

func (s Source) write(dir string) (Result, error) {
	if ending := filepath.Ext(s.Path); slices.Contains([]string{".gz", ".bz2", ".xz", ".zst", ".zip"}, ending) {
		return Result{}, fmt.Errorf("it is compressed: unpack it first, into a file whose name ends in %s", strings.Join(Extensions, ", "))
	} else if !slices.Contains(Extensions, ending) {
		return Result{}, fmt.Errorf("expected a name that ends in %s", strings.Join(Extensions, ", "))
	}
	out := s.Output(dir)
	if _, err := os.Lstat(out); err == nil {
		return Result{}, fmt.Errorf("%s is there already: remove it, or give another folder", out)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return Result{}, err
	}
	types := &kind{of: structKind}
	rows := 0
	if err := s.each(func(r row) error { rows++; return types.learn(r.value, r.line, "") }); err != nil {
		return Result{}, err
	}
	if rows == 0 {
		return Result{}, errors.New("it has no rows")
	}
	if len(types.fields) == 0 {
		return Result{}, errors.New("its rows have no columns")
	}
	types.settle()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Result{}, err
	}
	if err := s.save(out, types); err != nil {
		return Result{}, err
	}
	result := Result{Path: out, Rows: rows}
	for _, name := range types.names() {
		result.Columns = append(result.Columns, name+" "+types.fields[name].String())
	}
	return result, nil
}

// row is a value with the line where it begins.
type row struct {
	value map[string]any
	line  int
}

// each reads the rows of the file in order.
func (s Source) each(do func(row) error) error {
	f, err := os.Open(s.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	in := &counted{r: bufio.NewReaderSize(f, 1<<16)}
	if head, _ := in.r.Peek(3); string(head) == "\xef\xbb\xbf" {
		in.r.Discard(3)
	}
	for _, other := range foreign {
		if head, _ := in.r.Peek(len(other.begin)); string(head) == other.begin {
			return fmt.Errorf("%s, whatever its name says", other.is)
		}
	}
	switch filepath.Ext(s.Path) {
	case ".csv":
		return eachCSV(in, do)
	case ".tsv":
		return eachTSV(in, do)
	}
	return eachJSON(in, s.Rows, do)
}

// foreign are the beginnings of files that are none of these texts.
var foreign = []struct{ begin, is string }{
	{"\xff\xfe", "it is written in UTF-16: write it in UTF-8"},
	{"\xfe\xff", "it is written in UTF-16: write it in UTF-8"},
	{"\x1f\x8b", "it is compressed by gzip: unpack it first"},
	{"\x28\xb5\x2f\xfd", "it is compressed by zstd: unpack it first"},
	{"\xfd7zXZ", "it is compressed by xz: unpack it first"},
	{"BZh", "it is compressed by bzip2: unpack it first"},
	{"PK\x03\x04", "it is a ZIP archive, as Excel's files are: unpack it, or write it as CSV"},
	{"PAR1", "it is a Parquet file, which needs no converting"},
}

// counted counts the lines that were read.
type counted struct {
	r    *bufio.Reader
	line int
}

// next is the next line without its end; ok is false after the last one.
func (c *counted) next() (text string, ok bool, err error) {
	text, err = c.r.ReadString('\n')
	if text == "" {
		return "", false, ignoreEnd(err)
	}
	c.line++
	return strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r"), true, ignoreEnd(err)
}
