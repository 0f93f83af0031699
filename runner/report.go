package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"secura/datasets"
	"secura/experiments/rundir"
	"secura/reports"
)

// ReportOptions are the flags of report.
type ReportOptions struct {
	Run    string
	Format string
}

func (o *ReportOptions) addFlags(flags *flag.FlagSet) {
	flags.StringVar(&o.Format, "format", "text", "`FORMATS` to print, separated by commas: text, markdown, json")
}

var formats = []string{"text", "markdown", "json"}

func (o *ReportOptions) check(string) error {
	for format := range strings.SplitSeq(o.Format, ",") {
		if !slices.Contains(formats, format) {
			return errors.New(datasets.Unknown("format", format, formats))
		}
	}
	return nil
}

func newReport() command {
	var o ReportOptions
	c := command{
		name: "report", does: "makes the tables of a run from its records alone, writes them into the run and prints them",
		argument: "RUN",
		examples: []string{"report runs/continual16", "report runs/smoke -format markdown,json"},
		flags:    newFlags("report"), check: o.check,
		run: func(_ context.Context, run string, stdout, _ io.Writer) error {
			o.Run = run
			return runReport(o, stdout)
		},
	}
	o.addFlags(c.flags)
	return c
}

func runReport(o ReportOptions, stdout io.Writer) error {
	run := rundir.Run{Path: o.Run}
	if _, err := os.Stat(run.Manifest()); err != nil {
		return fmt.Errorf("report %s: %w; a run's folder has a manifest.json", o.Run, err)
	}
	report, err := reports.WriteAll(run)
	if err != nil {
		return err
	}
	for format := range strings.SplitSeq(o.Format, ",") {
		switch format {
		case "text":
			if err := reports.Text(stdout, report, coloured(stdout)); err != nil {
				return err
			}
		case "markdown":
			if err := copyFile(stdout, run.Report("md")); err != nil {
				return err
			}
		case "json":
			if err := copyFile(stdout, run.Results()); err != nil {
				return err
			}
		}
	}
	return nil
}

func copyFile(w io.Writer, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("print report: %w", err)
	}
	defer file.Close()
	if _, err := io.Copy(w, file); err != nil {
		return fmt.Errorf("print report %s: %w", path, err)
	}
	return nil
}
