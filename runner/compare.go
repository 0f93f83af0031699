package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"secura/reports"
	"secura/reports/report"
	"secura/reports/table"
	"secura/reports/tables"
	"secura/spelling"
)

// CompareOptions are the flags of compare.
type CompareOptions struct {
	// Further is the second run, if there is one.
	Further []string
	// Methods are names, separated by commas; empty for those that can be compared.
	Methods string
	Format  string
	// Fail are conditions, separated by commas, on which the command ends with exit code 3, and
	// conditions what check makes of them.
	Fail       string
	conditions []tables.Condition
}

func newCompare() command {
	var o CompareOptions
	c := command{
		name: "compare", does: "compares methods of one run or of two, on the seeds that both have: differences, intervals, tests",
		argument: "RUN",
		examples: []string{"compare runs/continual16 -methods secura,seq", "compare runs/continual16 runs/other -methods secura,er", "compare runs/qwen runs/llama -format latex",
			"compare runs/new runs/before -fail 'knowledge_retention<-2,acc<-1'"},
		flags: newFlags("compare"), check: o.check, further: &o.Further,
		run: func(_ context.Context, run string, stdout, _ io.Writer) error {
			return runCompare(run, o, stdout)
		},
	}
	o.addFlags(c.flags)
	return c
}

func (o *CompareOptions) addFlags(flags *flag.FlagSet) {
	flags.StringVar(&o.Methods, "methods", "", "`METHODS` separated by commas. In one run the first is compared with each other one. Of two runs each method is compared with itself. Default: all")
	flags.StringVar(&o.Format, "format", "text", "`FORMATS` to print, separated by commas: "+strings.Join(tableFormats(), ", "))
	flags.StringVar(&o.Fail, "fail", "", "end with exit code 3 where a whole 95% interval shows one of these `LOSSES`, separated by commas, in points of 100, and of perplexity_drift in nats per token: knowledge_retention<-2 is a first run, or method, that keeps over 2 points less than the second; forgetting>2 is one that forgets over 2 more")
}

// tableFormats are the formats that tables can be had in.
func tableFormats() (names []string) {
	for _, f := range reports.Formats {
		if f.Tables != nil {
			names = append(names, f.Name)
		}
	}
	return names
}

func (o *CompareOptions) check(string) error {
	if len(o.Further) > 1 {
		return fmt.Errorf("compare takes two runs at most, was given %d", 1+len(o.Further))
	}
	for name := range strings.SplitSeq(o.Format, ",") {
		if !slices.Contains(tableFormats(), name) {
			return errors.New(spelling.Unknown("format", name, tableFormats()))
		}
	}
	if o.Fail != "" {
		var err error
		if o.conditions, err = tables.ParseConditions(o.Fail); err != nil {
			return fmt.Errorf("-fail: %w", err)
		}
	}
	if o.Methods == "" {
		return nil
	}
	methods := strings.Split(o.Methods, ",")
	for i, m := range methods {
		if slices.Contains(methods[:i], m) {
			return fmt.Errorf("-methods names %s twice", m)
		}
	}
	if len(o.Further) == 0 && len(methods) < 2 {
		return fmt.Errorf("-methods %s: of one run, two methods or more are compared", o.Methods)
	}
	return nil
}

func runCompare(path string, o CompareOptions, stdout io.Writer) error {
	runs, err := loadRuns(append([]string{path}, o.Further...))
	if err != nil {
		return err
	}
	known := tables.CommonMethods(runs)
	methods := known
	if o.Methods != "" {
		methods = strings.Split(o.Methods, ",")
	}
	for _, m := range methods {
		if !slices.Contains(known, m) {
			return usagef("%s", spelling.Unknown("method of "+strings.Join(append([]string{path}, o.Further...), " and "), m, known))
		}
	}
	if len(o.Further) > 0 {
		if len(runs) != 2 {
			return usagef("one of %s and %s has several backbones, which are not compared with those of another run", path, o.Further[0])
		}
		if len(methods) == 0 {
			return usagef("%s and %s have no method in common", path, o.Further[0])
		}
		return gated(tables.CompareRuns(runs[0], runs[1], methods), tables.RunPairs(runs[0], runs[1], methods), o, stdout)
	}
	if len(methods) < 2 {
		return usagef("%s has one method: name a second run to compare it with", path)
	}
	var r []table.Table
	var pairs [][2]report.Side
	for _, one := range runs { // one, or one of each of the run's backbones
		r = append(r, tables.CompareMethods(one, methods)...)
		pairs = append(pairs, tables.MethodPairs(one, methods)...)
	}
	return gated(r, pairs, o, stdout)
}

// lossError says that a gate's condition was met; it ends in code 3.
type lossError struct{ losses []string }

func (e *lossError) Error() string { return "a loss is shown:\n  " + strings.Join(e.losses, "\n  ") }

// gated prints comparisons, and after them what the conditions of -fail say of these pairs.
func gated(compared []table.Table, pairs [][2]report.Side, o CompareOptions, stdout io.Writer) error {
	if o.conditions == nil {
		return printed(compared, o.Format, stdout)
	}
	verdict := tables.Judge(pairs, o.conditions)
	verdict.Table.Source = compared[0].Source
	if err := printed(append(compared, verdict.Table), o.Format, stdout); err != nil {
		return err
	}
	if len(verdict.Losses) > 0 {
		return &lossError{verdict.Losses}
	}
	if len(verdict.Undecided) > 0 {
		return fmt.Errorf("-fail could not be judged:\n  %s", strings.Join(verdict.Undecided, "\n  "))
	}
	return nil
}
