package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"secura/experiments/suite"
	"secura/methods"
	"secura/methods/backbone"
	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/table"
	"secura/spelling"
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
				return errors.New(spelling.Unknown("list", kind, lists))
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
	t := table.New("", "")
	t.TextColumns, t.Prose = []int{1}, 1
	switch kind {
	case "suites":
		for _, name := range suite.List() {
			s, err := suite.Load(name, suite.Options{})
			if err != nil {
				return err
			}
			t.AddRow(name, s.Doc)
		}
	case "methods":
		for i, g := range methods.Groups {
			if i > 0 {
				fmt.Fprintln(stdout)
			}
			fmt.Fprintf(stdout, "%s:\n", g.Name)
			for _, m := range g.Methods {
				t.AddRow(m.Name, m.Doc+"\nsource: "+m.Source)
			}
			if err := t.Print(stdout); err != nil {
				return err
			}
			t.Rows = nil
		}
		return nil
	case "tasks":
		stream, knowledge, err := suite.BuiltinTasks()
		if err != nil {
			return err
		}
		t = table.New("", "", "")
		t.TextColumns = []int{1, 2}
		for _, task := range append(stream, knowledge...) {
			t.AddRow(task.Name, task.Family, "scored by "+strings.Join(task.Scores, ", "))
		}
	case "backbones":
		t.AddRow("nano", "the embedded model of Qwen2 architecture; needs no download")
		t.AddRow("FILE.gguf", "a GGUF file of a Llama or Qwen2 model; quantised weights become float32")
		t.AddRow("ORG/NAME", "a repository of the hub, which run and eval download; ORG/NAME@REVISION")
		t.AddRow("DIR", "a folder with config.json, *.safetensors and tokenizer.json\narchitectures: "+strings.Join(backbone.Architectures(), ", "))
	case "metrics":
		for _, d := range metric.Definitions {
			t.AddRow(d.Key, d.Meaning)
		}
		for _, g := range report.MeasureGroups() {
			if err := t.Print(stdout); err != nil {
				return err
			}
			fmt.Fprintf(stdout, "of runs with %s:\n", g.Needs)
			t.Rows = nil
			for _, m := range g.Measures {
				t.AddRow(m.Key, m.Meaning)
			}
		}
	}
	return t.Print(stdout)
}
