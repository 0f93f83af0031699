package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/reports"
	"secura/reports/claims"
	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/table"
	"secura/reports/tables"
	"secura/spelling"
)

// ReportOptions are the flags of report.
type ReportOptions struct {
	Run string
	// Further are runs to be set beside it.
	Further []string
	Format  string
	Claims  bool
	// With are further runs that claims are judged by, separated by commas.
	With string
	// Table names the tables to print instead, separated by commas.
	Table string
	// Explain is METHOD.METRIC, the number to trace instead.
	Explain string
	// Cite prints a bibliography instead.
	Cite bool
	// Checklist prints a checklist of reproducibility instead.
	Checklist bool
	// Bundle is the archive to pack the run into, with its Checkpoints if asked for.
	Bundle      string
	Checkpoints bool
}

func (o *ReportOptions) addFlags(flags *flag.FlagSet) {
	flags.StringVar(&o.Format, "format", "text", "`FORMATS` to print, separated by commas: "+strings.Join(reports.FormatNames(), ", ")+"; html is a page with charts and examples in the run's folder; its path is printed; of several runs the page itself is printed")
	flags.BoolVar(&o.Claims, "claims", false, "compare each claim of the paper with what the run measured, and give a verdict; also writes claims.md")
	flags.StringVar(&o.With, "with", "", "with -claims: further `RUNS`, separated by commas, for claims that RUN did not measure")
	flags.BoolVar(&o.Cite, "cite", false, "print as BibTeX what the run rests on: the paper, its methods, metrics and data sets")
	flags.BoolVar(&o.Checklist, "checklist", false, "print in Markdown what the checklists of NeurIPS and ARR ask, as far as the run knows it; the rest is marked [author]")
	flags.StringVar(&o.Bundle, "bundle", "", "pack manifest, records, predictions and reports into `FILE.tar.zst`, for runner verify on another machine")
	flags.BoolVar(&o.Checkpoints, "checkpoints", false, "pack the checkpoints too, so that verify can start at any task; needs -bundle")
	flags.StringVar(&o.Table, "table", "", "print these `TABLES` only, separated by commas: "+strings.Join(suite.TableNames(), ", "))
	flags.StringVar(&o.Explain, "explain", "", "show where the number `METHOD.METRIC` comes from, such as secura.acc, secura.R[2][1] or secura.K[2]. secura,seq.acc is the difference of two methods; secura.BACKBONE.acc is for a run of several backbones")
}

func (o *ReportOptions) check(string) error {
	switch {
	case (o.Cite || o.Checklist) && (o.Cite == o.Checklist || o.Claims || o.Table != "" || o.Explain != "" || o.Bundle != "" || len(o.Further) > 0 || o.Format != "text"):
		return errors.New("-cite and -checklist each print a document of one run alone: leave other runs, -format, -claims, -table, -explain and -bundle out")
	case o.Bundle != "" && !strings.HasSuffix(o.Bundle, ".tar.zst"):
		return fmt.Errorf("-bundle is %q, expected a name that ends in .tar.zst", o.Bundle)
	case o.Bundle != "" && (o.Claims || o.Table != "" || o.Explain != "" || len(o.Further) > 0):
		return errors.New("-bundle packs one run and prints no tables: leave other runs, -claims, -table and -explain out")
	case o.Checkpoints && o.Bundle == "":
		return errors.New("-checkpoints packs checkpoints too: give -bundle FILE.tar.zst")
	}
	for name := range strings.SplitSeq(o.Format, ",") {
		format, ok := reports.FindFormat(name)
		switch {
		case !ok:
			return errors.New(spelling.Unknown("format", name, reports.FormatNames()))
		case o.Claims && name != "text" && name != "markdown":
			return fmt.Errorf("-claims has no %s; expected text, markdown or both in -format", name)
		case o.Table != "" && format.Tables == nil:
			return fmt.Errorf("-table has no %s: it has no tables; give another -format", name)
		case len(o.Further) > 0 && !format.OfSeveral():
			return fmt.Errorf("%s is of one run; give another -format for several", name)
		}
	}
	if len(o.Further) > 0 && (o.Claims || o.Explain != "") {
		return fmt.Errorf("-claims and -explain are of one run, was given %q too; -with takes further runs for claims", o.Further)
	}
	if o.With != "" && !o.Claims {
		return errors.New("-with names further runs for claims: give -claims too")
	}
	if o.Explain != "" {
		switch _, key, ok := methodAndKey(o.Explain); {
		case o.Table != "" || o.Claims || o.Format != "text":
			return errors.New("-explain prints text alone: give it without -table, -claims and -format")
		case !ok:
			return fmt.Errorf("-explain %s: expected METHOD.METRIC, as in secura.%s", o.Explain, metric.Keys[0])
		case !reports.CanExplain(key):
			return errors.New(spelling.Unknown("metric", key, reports.ExplainKeys()))
		}
	}
	if o.Table == "" {
		return nil
	}
	if o.Claims {
		return errors.New("-table and -claims print different things: give one of them")
	}
	for name := range strings.SplitSeq(o.Table, ",") {
		if names := suite.TableNames(); !slices.Contains(names, name) {
			return errors.New(spelling.Unknown("table", name, names))
		}
	}
	return nil
}

func newReport() command {
	var o ReportOptions
	c := command{
		name: "report", does: "makes a run's tables from its records, prints them and writes them into the run's folder",
		argument: "RUN",
		examples: []string{"report runs/continual16", "report runs/smoke -format markdown,json", "report runs/continual16 -format html", "report runs/continual16 -claims -with runs/variants",
			"report runs/continual16 -table norms,gradients", "report runs/continual16 -explain secura.knowledge_retention",
			"report runs/qwen runs/llama -format text,latex", "report runs/qwen runs/llama -table per-task", "report runs/qwen runs/llama -format html > both.html",
			"report runs/continual16 -cite > secura.bib", "report runs/continual16 -checklist > checklist.md", "report runs/continual16 -bundle continual16.tar.zst"},
		flags: newFlags("report"), check: o.check, further: &o.Further,
		run: func(_ context.Context, run string, stdout, _ io.Writer) error {
			o.Run = run
			if o.Bundle != "" {
				return packRun(o, stdout)
			}
			if o.Cite {
				return runCite(run, stdout)
			}
			if o.Checklist {
				return runChecklist(run, stdout)
			}
			if o.Explain != "" {
				return runExplain(o, stdout)
			}
			if o.Claims {
				return runClaims(o, stdout)
			}
			if o.Table != "" || len(o.Further) > 0 {
				return runTables(o, stdout)
			}
			return runReport(o, stdout)
		},
	}
	o.addFlags(c.flags)
	return c
}

// runAt is the run in a folder.
func runAt(path string) (rundir.Run, error) {
	run := rundir.Run{Path: path}
	if _, err := rundir.ReadManifest(run); err != nil {
		return rundir.Run{}, fmt.Errorf("run %s: %w", path, err)
	}
	return run, nil
}

// loadAt is the report of the run in a folder, without the tables that its suite asks for: only
// what shows the whole report has them.
func loadAt(path string) (*report.Report, error) {
	run, err := runAt(path)
	if err != nil {
		return nil, err
	}
	return report.Read(run)
}

// runClaims judges the claims by the run and those that -with names.
func runClaims(o ReportOptions, stdout io.Writer) error {
	own, err := evidenceAt(o.Run)
	if err != nil {
		return err
	}
	var with []*claims.Evidence
	if o.With != "" {
		for path := range strings.SplitSeq(o.With, ",") {
			list, err := evidenceAt(path)
			if err != nil {
				return err
			}
			with = append(with, list...)
		}
	}
	lists := eachWith(own, with)
	run := rundir.Run{Path: o.Run}
	for format := range strings.SplitSeq(o.Format, ",") {
		if format == "markdown" {
			if err := claims.MarkdownOf(stdout, lists); err != nil {
				return err
			}
			continue
		}
		for i, list := range lists {
			if i > 0 {
				fmt.Fprintln(stdout)
			}
			if err := claims.Text(stdout, list, coloured(stdout)); err != nil {
				return err
			}
		}
	}
	return claims.Write(run, lists) // last: what is printed needs no folder that can be written
}

// eachWith are the runs by which claims are judged, for each of a run's backbones, with further
// ones.
func eachWith(own, with []*claims.Evidence) (lists [][]*claims.Evidence) {
	for _, e := range own {
		lists = append(lists, append([]*claims.Evidence{e}, with...))
	}
	return lists
}

// evidenceAt reads what the run in a folder says of claims.
func evidenceAt(path string) ([]*claims.Evidence, error) {
	run, err := runAt(path)
	if err != nil {
		return nil, err
	}
	return claims.LoadEvidence(run)
}

// methodAndKey takes METHOD.METRIC apart; the method's name may have dots too.
func methodAndKey(text string) (method, key string, ok bool) {
	i := strings.LastIndexByte(text, '.')
	if i <= 0 || i == len(text)-1 {
		return "", "", false
	}
	return text[:i], text[i+1:], true
}

// runExplain traces one number.
func runExplain(o ReportOptions, stdout io.Writer) error {
	r, err := loadAt(o.Run)
	if err != nil {
		return err
	}
	name, key, _ := methodAndKey(o.Explain)
	method, of := r.OnBackbone(name)
	names := r.Suite.MethodNames()
	pair := strings.Split(method, ",")
	for _, name := range pair {
		if !slices.Contains(names, name) {
			return usagef("%s", spelling.Unknown("method of "+o.Run, name, names))
		}
	}
	for i, part := range of {
		if i > 0 {
			fmt.Fprintln(stdout)
		}
		switch {
		case len(pair) == 1:
			err = reports.Explain(stdout, part, method, key)
		case len(pair) == 2 && slices.Contains(metric.Keys, key):
			err = reports.ExplainDifference(stdout, part, pair[0], pair[1], key)
		default:
			return notExplained(o.Explain)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// notExplained says what -explain takes.
func notExplained(what string) error {
	return usagef("-explain %s: expected METHOD.METRIC, or METHOD,METHOD.METRIC for the difference of two; metrics that are compared are %s",
		what, strings.Join(metric.Keys, ", "))
}

// loadRuns reads several runs; one of several backbones counts as a run of each.
func loadRuns(paths []string) (list []*report.Report, err error) {
	for _, path := range paths {
		r, err := loadAt(path)
		if err != nil {
			return nil, err
		}
		list = append(list, r.Each()...)
	}
	return list, nil
}

// runTables prints some tables by themselves, of several runs side by side.
func runTables(o ReportOptions, stdout io.Writer) error {
	runs, err := loadRuns(append([]string{o.Run}, o.Further...))
	if err != nil {
		return err
	}
	if o.Table == "" {
		for name := range strings.SplitSeq(o.Format, ",") {
			format, _ := reports.FindFormat(name)
			if err := format.WriteSideBySide(stdout, runs, coloured(stdout)); err != nil {
				return err
			}
		}
		return nil
	}
	var rep []table.Table
	for name := range strings.SplitSeq(o.Table, ",") {
		list, err := tables.NamedSideBySide(runs, name)
		if err != nil {
			return err
		}
		rep = append(rep, list...)
	}
	return printed(rep, o.Format, stdout)
}

// printed prints tables in each of some formats, which all have tables.
func printed(r []table.Table, formats string, stdout io.Writer) error {
	for name := range strings.SplitSeq(formats, ",") {
		format, _ := reports.FindFormat(name)
		if err := format.Tables(stdout, r, coloured(stdout)); err != nil {
			return err
		}
	}
	return nil
}

func runReport(o ReportOptions, stdout io.Writer) error {
	run, err := runAt(o.Run)
	if err != nil {
		return err
	}
	r, unwritten, err := reports.WriteAll(run)
	if err != nil {
		return err
	}
	for name := range strings.SplitSeq(o.Format, ",") {
		format, _ := reports.FindFormat(name)
		switch {
		case format.Opened && unwritten == nil:
			_, err = fmt.Fprintln(stdout, format.File(run))
		case format.Opened: // there may be no page, or an older one
		case format.File != nil:
			err = format.Write(stdout, r, false)
		default:
			err = format.Write(stdout, r, coloured(stdout))
		}
		if err != nil {
			return err
		}
	}
	return unwritten
}
