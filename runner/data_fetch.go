package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"secura/datasets/hub"
)

// DataFetchOptions are the flags of data fetch.
type DataFetchOptions struct {
	Out, Configuration, Revision string
}

func (o *DataFetchOptions) addFlags(flags *flag.FlagSet) {
	flags.StringVar(&o.Out, "out", "", "`DIR` that gets NAME/SPLIT-I-of-N.parquet, of a second configuration NAME/CONFIG/SPLIT-I-of-N.parquet; give it to run with -data")
	flags.StringVar(&o.Configuration, "config", "", "`NAME` of the data set's configuration, a folder of the repository; needed where it has several")
	flags.StringVar(&o.Revision, "revision", "", "`REVISION`: a branch, tag or commit, or refs/convert/parquet; default main")
}

func (o *DataFetchOptions) check(name string) error {
	switch {
	case !hub.ValidName(name):
		return fmt.Errorf("%q is no data set's name; expected ORG/NAME", name)
	case o.Out == "":
		return errors.New("data fetch needs -out DIR")
	}
	return nil
}

func newDataFetch() command {
	var o DataFetchOptions
	c := command{
		name: "data fetch", does: "downloads a data set from the hub into the hub's cache and into a folder for -data",
		argument: "ORG/NAME",
		examples: []string{
			"data fetch google/boolq -out data",
			"data fetch openai/gsm8k -config main -out data",
		},
		flags: newFlags("data fetch"), check: o.check,
		run: func(ctx context.Context, name string, stdout, stderr io.Writer) error {
			return runDataFetch(ctx, name, o, stdout, stderr)
		},
	}
	o.addFlags(c.flags)
	return c
}

func runDataFetch(ctx context.Context, name string, o DataFetchOptions, stdout, stderr io.Writer) error {
	h, err := hub.New(os.Getenv, stderr)
	if err != nil {
		return err
	}
	fetched, err := h.FetchDataset(ctx, hub.Repository{Kind: hub.Dataset, Name: name, Revision: o.Revision}, o.Configuration, o.Out)
	if err != nil {
		return err
	}
	for _, split := range slices.Sorted(maps.Keys(fetched.Files)) {
		for _, file := range fetched.Files[split] {
			fmt.Fprintf(stdout, "%s  %s\n", split, file)
		}
		if strings.HasPrefix(split, "partial-") {
			fmt.Fprintf(stderr, "%s holds a part of the split alone: the hub converted no more of it\n", split)
		}
	}
	for _, file := range fetched.LeftOut {
		fmt.Fprintf(stderr, "left out, since it is no Parquet file of a split: %s\n", file)
	}
	return nil
}
