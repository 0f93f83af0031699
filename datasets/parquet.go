package datasets

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"

	"secura/spelling"
)

// Row is one row of a Parquet file by column name. A value is nil, a string, int64, float64 or
// bool, a []any for a list, or a map[string]any for a struct or map; dates, times, decimals and raw
// bytes are readable strings. NaN is nil, and a float of 32 or 16 bits the number that its shortest
// decimal notation names.
type Row map[string]any

// ReadRows reads the named top-level columns of a Parquet file, in order, a page of each column at
// a time; other columns are not decoded. name stands for the file in errors. After an error, which
// is the last pair, there are no more rows. A column that is unknown, or stands twice, is an error.
// Rows are counted from 1 in errors.
func ReadRows(r io.ReaderAt, size int64, name string, columns []string) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		file, err := openParquet(r, size, name)
		if err != nil {
			yield(nil, err)
			return
		}
		wanted, err := selectColumns(file, name, columns)
		if err != nil {
			yield(nil, err)
			return
		}
		var plain *appended
		err = guard(func() (err error) {
			plain, err = checkPages(r, size, file, wanted)
			return err
		})
		if err != nil {
			err = fmt.Errorf("read %s: %w", name, err)
		}
		if err == nil && plain != nil {
			if file, err = openParquet(plain, plain.Size(), name); err == nil {
				wanted, err = selectColumns(file, name, columns)
			}
		}
		if err != nil {
			yield(nil, err)
			return
		}
		number := int64(0)
		for _, group := range file.RowGroups() {
			rows, known := int64(0), true
			if err := guard(func() error { rows, known = rowsOf(group); return nil }); err != nil {
				yield(nil, fmt.Errorf("read %s: %w", name, err))
				return
			}
			if !known {
				rows = -1
			}
			if !readGroup(newAssembler(file, group, wanted), rows, name, &number, yield) {
				return
			}
		}
	}
}

// OpenRows is ReadRows of a file on the disk, which is open while rows are asked for.
func OpenRows(path string, columns []string) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		f, size, err := openFile(path)
		if err != nil {
			yield(nil, err)
			return
		}
		defer f.Close()
		for row, err := range ReadRows(f, size, path, columns) {
			if !yield(row, err) {
				return
			}
		}
	}
}

// openFile opens a file of rows and says how long it is.
func openFile(path string) (f *os.File, size int64, err error) {
	if f, err = os.Open(path); err != nil {
		return nil, 0, fmt.Errorf("read rows: %w", err)
	}
	info, err := f.Stat()
	switch {
	case err != nil:
		err = fmt.Errorf("read rows: %w", err)
	case info.IsDir():
		err = fmt.Errorf("read rows: %s is a folder, not a Parquet file", path)
	default:
		return f, info.Size(), nil
	}
	f.Close()
	return nil, 0, err
}

// readGroup yields the rows of one row group, all that its columns have where rows is -1; false
// when there is to be no further row.
func readGroup(a *assembler, rows int64, name string, number *int64, yield func(Row, error) bool) bool {
	defer a.close()
	for n := int64(0); n < rows || rows < 0 && !a.ended(); n++ {
		*number++
		row, err := a.row()
		if err != nil {
			yield(nil, fmt.Errorf("read %s: row %d: %w", name, *number, err))
			return false
		}
		if !yield(row, nil) {
			return false
		}
	}
	if err := a.finished(); err != nil {
		yield(nil, fmt.Errorf("read %s: after row %d: %w", name, *number, err))
		return false
	}
	return true
}

// guard runs f and turns a panic in it into an error. The library panics on some malformed files;
// this is the only place that catches them.
func guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("malformed Parquet: %v", p)
		}
	}()
	return f()
}

func openParquet(r io.ReaderAt, size int64, name string) (file *parquet.File, err error) {
	err = guard(func() (err error) {
		length, err := checkFooter(r, size)
		if err != nil {
			return err
		}
		options := []parquet.FileOption{parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true)}
		if file, err = parquet.OpenFile(r, size, options...); err == nil {
			return nil
		}
		if mended := mendFooter(r, size, length); mended != nil {
			file, err = parquet.OpenFile(mended, mended.Size(), options...)
		}
		return err
	})
	if err != nil {
		head, end := make([]byte, min(size, 512)), make([]byte, min(size, 4))
		n, _ := r.ReadAt(head, 0)
		m, _ := r.ReadAt(end, size-int64(len(end)))
		if n == len(head) && m == len(end) && string(end) != "PAR1" {
			if what := recognise(head, name); what != nil {
				err = what
			}
		}
		return nil, fmt.Errorf("read %s: not a readable Parquet file (%d bytes): %w", name, size, err)
	}
	return file, nil
}

func selectColumns(file *parquet.File, name string, columns []string) ([]*parquet.Column, error) {
	all := file.Root().Columns()
	var known []string
	for _, c := range all {
		known = append(known, c.Name())
	}
	var wanted []*parquet.Column
	var mistakes []error
	for _, column := range columns {
		i := slices.Index(known, column)
		if i < 0 {
			mistakes = append(mistakes, fmt.Errorf("read %s: %s%s", name, spelling.Unknown("column", column, known), pointed(column, known)))
			continue
		}
		if j := slices.Index(known[i+1:], column); j >= 0 {
			mistakes = append(mistakes, fmt.Errorf("read %s: two columns are named %s, number %d and %d of %d: rename one", name, column, i+1, i+j+2, len(known)))
			continue
		}
		if err := supported(all[i]); err != nil {
			mistakes = append(mistakes, fmt.Errorf("read %s: column %s: %w", name, column, err))
		}
		wanted = append(wanted, all[i])
	}
	if len(columns) == 0 {
		mistakes = append(mistakes, fmt.Errorf("read %s: no column is asked for", name))
	}
	return wanted, errors.Join(mistakes...)
}

// pointed says how a column is read whose name has a point, as of data that were made flat:
// .choices.text is the field text of the column choices.
func pointed(column string, known []string) string {
	for _, name := range known {
		if strings.HasPrefix(name, column+".") {
			return fmt.Sprintf(`. A name with a point is read by {{column %q}}`, name)
		}
	}
	return ""
}
