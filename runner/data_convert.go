package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"secura/datasets/convert"
)

// DataConvertOptions are the flags of data convert.
type DataConvertOptions struct {
	Out, Rows string
	// Further are the files after the first.
	Further []string
}

func newDataConvert() command {
	var o DataConvertOptions
	c := command{
		name: "data convert", does: "writes JSON, JSON Lines, CSV and TSV files as Parquet, the types of columns from all rows",
		argument: "FILE",
		examples: []string{"data convert train.jsonl test.jsonl -out data/mine", "data convert train.json -rows Instances -out data/mine"},
		flags:    newFlags("data convert"), check: o.check, further: &o.Further,
		run: func(_ context.Context, file string, stdout, _ io.Writer) error {
			return runDataConvert(append([]string{file}, o.Further...), o, stdout)
		},
	}
	o.addFlags(c.flags)
	return c
}

func (o *DataConvertOptions) addFlags(flags *flag.FlagSet) {
	flags.StringVar(&o.Out, "out", "", "`DIR` that gets NAME.parquet of each file")
	flags.StringVar(&o.Rows, "rows", "", "`KEY` of the list of rows in a JSON file that is one object")
}

func (o *DataConvertOptions) check(string) error {
	if o.Out == "" {
		return errors.New("data convert needs -out DIR")
	}
	return nil
}

func runDataConvert(files []string, o DataConvertOptions, stdout io.Writer) error {
	var mistakes []error
	for _, file := range files {
		result, err := convert.Source{Path: file, Rows: o.Rows}.Write(o.Out)
		if err != nil {
			mistakes = append(mistakes, err)
			continue
		}
		fmt.Fprintf(stdout, "%s  %d rows, columns %s\n", result.Path, result.Rows, strings.Join(result.Columns, ", "))
	}
	return errors.Join(mistakes...)
}
