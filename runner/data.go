package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"secura/datasets"
	"secura/datasets/builtin"
	"secura/reports/table"
)

// DataInspectOptions are the flags of data inspect.
type DataInspectOptions struct {
	File string
	Rows int
}

func (o *DataInspectOptions) addFlags(flags *flag.FlagSet) {
	flags.IntVar(&o.Rows, "rows", 3, "`NUMBER` of rows to print, from the first on")
}

func (o *DataInspectOptions) check(string) error {
	if o.Rows < 0 {
		return fmt.Errorf("-rows is %d, must not be negative", o.Rows)
	}
	return nil
}

func newDataInspect() command {
	var o DataInspectOptions
	c := command{
		name: "data inspect", does: "prints a Parquet file's schema, number of rows and first rows",
		argument: "FILE",
		examples: []string{"data inspect train.parquet", "data inspect -rows 10 train.parquet"},
		flags:    newFlags("data inspect"), check: o.check,
		run: func(_ context.Context, file string, stdout, _ io.Writer) error {
			o.File = file
			return runDataInspect(o, stdout)
		},
	}
	o.addFlags(c.flags)
	return c
}

func runDataInspect(o DataInspectOptions, stdout io.Writer) error {
	file, err := os.Open(o.File)
	if err != nil {
		return fmt.Errorf("inspect: %w", err)
	}
	defer file.Close()
	stat, err := file.Stat()
	if err != nil {
		return fmt.Errorf("inspect: %w", err)
	}
	info, err := datasets.Inspect(file, stat.Size(), o.File)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "file     %s, %d bytes\nrows     %d in %d row groups\nwritten  by %s\n\n", o.File, stat.Size(), info.Rows, len(info.RowGroups), info.CreatedBy)
	var columns []string
	t := table.New("column", "type", "nulls")
	t.TextColumns, t.Prose = []int{1, 2}, 1
	for _, c := range info.Columns {
		nulls := "no"
		if c.Optional {
			nulls = "possible"
		}
		t.AddRow(c.Name, c.Type, nulls)
		columns = append(columns, c.Name)
	}
	if err := t.Print(stdout); err != nil {
		return err
	}
	if o.Rows == 0 || info.Rows == 0 {
		return nil
	}
	rows, unread, err := datasets.FirstRows(file, stat.Size(), o.File, o.Rows)
	if err != nil {
		return err
	}
	if len(unread) > 0 && !slices.ContainsFunc(columns, func(c string) bool { return unread[c] == nil }) {
		return unread[columns[0]]
	}
	for i, row := range rows {
		fmt.Fprintf(stdout, "\nrow %d\n", i+1)
		for _, c := range columns {
			if unread[c] == nil {
				fmt.Fprintf(stdout, "  %s: %s\n", c, shownValue(row[c]))
			}
		}
	}
	if len(unread) > 0 {
		fmt.Fprintln(stdout, "\nnot read, so that no task can use them")
		for _, c := range slices.Sorted(maps.Keys(unread)) {
			fmt.Fprintf(stdout, "  %s: %v\n", c, unread[c])
		}
	}
	return nil
}

// longestValue bounds what is printed of one value, in bytes.
const longestValue = 400

// shownValue is a value as JSON on one line, cut where it is long.
func shownValue(v any) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	text := ""
	if err := encoder.Encode(v); err != nil {
		text = fmt.Sprint(v) // JSON has no NaN
	} else {
		text = strings.TrimSuffix(out.String(), "\n")
	}
	if len(text) <= longestValue {
		return text
	}
	end := longestValue
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return fmt.Sprintf("%s… (%d bytes)", text[:end], len(text))
}

// DataBuildOptions are the flags of data build.
type DataBuildOptions struct{ Out string }

func (o *DataBuildOptions) addFlags(flags *flag.FlagSet) {
	flags.StringVar(&o.Out, "out", "", "`DIR` that the files are written to, as NAME/SPLIT.parquet")
}

func (o *DataBuildOptions) check(string) error {
	if o.Out == "" {
		return errors.New("data build needs -out DIR")
	}
	return nil
}

func newDataBuild() command {
	var o DataBuildOptions
	c := command{
		name: "data build", does: "writes the built-in tasks as Parquet files, byte for byte those in the program",
		examples: []string{"data build -out built"},
		flags:    newFlags("data build"), check: o.check,
		run: func(_ context.Context, _ string, stdout, _ io.Writer) error { return runDataBuild(o, stdout) },
	}
	o.addFlags(c.flags)
	return c
}

func runDataBuild(o DataBuildOptions, stdout io.Writer) error {
	if err := builtin.Build(o.Out); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(o.Out, "*", "*.parquet"))
	if err != nil {
		return fmt.Errorf("list %s: %w", o.Out, err)
	}
	fmt.Fprintf(stdout, "%d files of %d tasks in %s\n", len(files), len(builtin.Names()), o.Out)
	return nil
}
