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
)

// lists are what list takes, in the order in which it prints all of them.
var lists = []string{"suites", "methods", "tasks", "backbones", "metrics"}

func newList() command {
	return command{
		name: "list", does: "lists suites, methods, tasks, backbones or metrics; all of them without an argument",
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
		for _, m := range metricMeanings {
			fmt.Fprintf(w, "%s\t%s\n", m.key, m.meaning)
		}
	}
	return w.Flush()
}

// metricMeanings explains each metric. R[i][j] is the score on task j after i
// tasks were learned, N their number, K[i] the score on the knowledge battery.
var metricMeanings = []struct{ key, meaning string }{
	{"acc", "mean over tasks of R[N][j]: the score at the end of the stream"},
	{"learning_accuracy", "mean of R[j][j]: the score right after a task was learned"},
	{"bwt", "backward transfer, mean of R[N][j] - R[j][j]; below 0 is forgetting"},
	{"fwt", "forward transfer, mean of R[j-1][j] - R[0][j]"},
	{"forgetting", "mean of the best earlier score of a task minus its last one"},
	{"aia", "mean over boundaries i of the mean score on the tasks learned by then"},
	{"min_acc", "mean over tasks of the lowest score after the task was learned"},
	{"task_retention", "mean of R[N][j] / R[j][j]"},
	{"knowledge_retention", "K[N] / K[0]: the share of base knowledge that is left"},
	{"knowledge_final", "K[N]"},
	{"knowledge_min", "the lowest K[i] from i = 1 on"},
	{"knowledge_delta", "K[N] - K[0]"},
	{"intransigence", "mean of the joint run's score minus R[j][j]"},
	{"perplexity_drift", "nats per token on held-out base text, after minus before"},
}
