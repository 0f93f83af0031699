package datasets

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"

	"github.com/parquet-go/parquet-go"
)

// Row is one row of a Parquet file by column name. A value is nil, a string,
// int64, float64 or bool, a []any for a list, or a map[string]any for a
// struct or map; dates, times, decimals and raw bytes are readable strings.
// NaN is nil, and a float of 32 or 16 bits the number that its shortest
// decimal notation names.
type Row map[string]any

// ReadRows reads the named top-level columns of a Parquet file, in order, a
// page of each column at a time; other columns are not decoded. name stands
// for the file in errors. After an error, which is the last pair, there are
// no more rows. A file without rows is an error, and so is an unknown column.
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
		if file.NumRows() == 0 {
			yield(nil, fmt.Errorf("read %s: the file has no rows", name))
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
			if !readGroup(newAssembler(file, group, wanted), group.NumRows(), name, &number, yield) {
				return
			}
		}
	}
}

// OpenRows is ReadRows of a file on the disk, which is open while rows are
// asked for.
func OpenRows(path string, columns []string) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		f, err := os.Open(path)
		if err != nil {
			yield(nil, fmt.Errorf("read rows: %w", err))
			return
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			yield(nil, fmt.Errorf("read rows: %w", err))
			return
		}
		if info.IsDir() {
			yield(nil, fmt.Errorf("read rows: %s is a folder, not a Parquet file", path))
			return
		}
		for row, err := range ReadRows(f, info.Size(), path, columns) {
			if !yield(row, err) {
				return
			}
		}
	}
}

// readGroup yields the rows of one row group; false when there is to be no
// further row.
func readGroup(a *assembler, rows int64, name string, number *int64, yield func(Row, error) bool) bool {
	defer a.close()
	for range rows {
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

// guard runs f and turns a panic in it into an error. The library panics on
// some malformed files; this is the only place that catches them.
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
		if err := checkFooter(r, size); err != nil {
			return err
		}
		file, err = parquet.OpenFile(r, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
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

// checkFooter holds the footer's length, for which the library takes memory, to the file's.
func checkFooter(r io.ReaderAt, size int64) error {
	var end [8]byte // the length and the magic PAR1
	if size < int64(len(end)) {
		return errors.New("it is shorter than a footer")
	}
	if _, err := r.ReadAt(end[:], size-int64(len(end))); err != nil {
		return err
	}
	if n := int64(binary.LittleEndian.Uint32(end[:])); n > size-int64(len(end)) {
		return fmt.Errorf("its footer would have %d bytes: it is no Parquet file, or its end was cut off", n)
	}
	return nil
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
			mistakes = append(mistakes, fmt.Errorf("read %s: %s", name, Unknown("column", column, known)))
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
