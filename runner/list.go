package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"secura/datasets"
	"secura/experiments/suite"
	"secura/methods"
	"secura/methods/backbone"
	"secura/reports/metric"
)

// lists are what list takes, in the order in which it prints all of them.
var lists = []string{"suites", "methods", "tasks", "backbones", "metrics"}

func newList() command {
	return command{
		name: "list", does: "lists suites, methods, tasks, backbones or metrics; without an argument all of them",
		argument: strings.Join(lists, "|"), optional: true,
		examples: []string{"list", "list methods"},
		flags:    newFlags("list"),
		check: func(kind string) error {
			if kind != "" && !slices.Contains(lists, kind) {
				return errors.New(datasets.Unknown("list", kind, lists))
			}
			return nil
		},
		run: func(_ context.Context, kind string, stdout, _ io.Writer) error { return runList(kind, stdout) },
	}
}

// runList prints one list, or all under headings.
func runList(kind string, stdout io.Writer) error {
	if kind != "" {
		return printList(kind, stdout)
	}
	for i, kind := range lists {
		if i > 0 {
			fmt.Fprintln(stdout)
		}
		fmt.Fprintf(stdout, "%s:\n", kind)
		if err := printList(kind, stdout); err != nil {
			return err
		}
	}
	return nil
}

func printList(kind string, stdout io.Writer) error {
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	switch kind {
	case "suites":
		for _, name := range suite.List() {
			s, err := suite.Load(name, suite.Options{})
			if err != nil {
				return err
			}
			fmt.Fprintf(w, "%s\t%s\n", name, s.Doc)
		}
	case "methods":
		for _, m := range methods.All {
			fmt.Fprintf(w, "%s\t%s\n\tsource: %s\n", m.Name, m.Doc, m.Source)
		}
	case "tasks":
		stream, knowledge, err := suite.BuiltinTasks()
		if err != nil {
			return err
		}
		for _, t := range append(stream, knowledge...) {
			fmt.Fprintf(w, "%s\t%s\tscored by %s\n", t.Name, t.Family, strings.Join(t.Scores, ", "))
		}
	case "backbones":
		fmt.Fprintln(w, "nano\tthe embedded model of Qwen2 architecture; needs no download")
		fmt.Fprintln(w, "DIR\ta folder with config.json, *.safetensors and tokenizer.json")
		fmt.Fprintf(w, "\tarchitectures: %s\n", strings.Join(backbone.Architectures(), ", "))
	case "metrics":
		for _, d := range metric.Definitions {
			fmt.Fprintf(w, "%s\t%s\n", d.Key, d.Meaning)
		}
	}
	return w.Flush()
}
