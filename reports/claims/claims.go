// Package claims holds the claims of SECURA's paper to runs: each with what was measured, a
// verdict, and what the verdict rests on. In come runs with their records of steps (Evidence), out
// come tables. The rule by which verdicts are given is in rule.go. Read Tables first.
package claims

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/table"
)

// Tables are the tables of the reproducibility report: each claim of the paper (SECURA, arXiv
// 2502.18168) against what the runs measured, how the released code behaves, what the equations
// imply, which methods learn and retain, and whether the divergence from the backbone goes with
// forgetting. Each claim is judged by the first run that can: a stream of tasks for retention,
// tasks learned one at a time for the comparison with DoRA. Measures are taken from all runs
// together. They are a pure function of the records.
func Tables(runs []*Evidence) []table.Table {
	c := judge{runs}
	tables := []table.Table{c.knowledge(), c.kept(), c.rivals("knowledge_retention", "knowledge retention, K[N]/K[0]")}
	if c.wins() {
		tables = append(tables, c.rivals(report.KnownKept, "the items known before that are kept"))
	}
	tables = append(tables, c.rivals("acc", "final accuracy"), c.dora(), c.released(), c.equations(), c.learning())
	if t, ok := c.divergence(); ok {
		tables = append(tables, t)
	}
	return append(tables, table.Table{Title: "How it was judged", Caption: rule})
}

// claims are judged by these runs.
type judge struct{ runs []*Evidence }

// stream is the first run of a stream of tasks in which a seed of secura is finished or, where none
// is in any, that has secura.
func (c judge) stream() (*Evidence, bool) {
	var planned *Evidence
	for _, e := range c.runs {
		if e.Suite.Separate() || !e.Has(report.Subject) {
			continue
		}
		if seeds, _ := e.OverSeedsOf(report.Subject, report.MetricOf("acc")); len(seeds) > 0 {
			return e, true
		}
		if planned == nil {
			planned = e
		}
	}
	return planned, planned != nil
}

// wins says whether the stream's K counts what was won beside what was kept: the untouched backbone
// did not know all of the battery.
func (c judge) wins() bool {
	e, ok := c.stream()
	if !ok {
		return false
	}
	known := e.BaseMetrics()["knowledge_final"]
	return known.Defined() && known.Number < 1 && e.Over(report.Subject, e.number(report.KnownKept)).Mean.Defined()
}

// missing says that no run holds something, and how to measure it: by a suite of nano's, which says
// nothing of another backbone.
func (c judge) missing(what, command string) string {
	text := fmt.Sprintf("not measured by this run, which has no %s: runner run %s", what, command)
	for _, e := range c.runs {
		if e.Suite.Backbone != report.Embedded {
			return text + ", on " + report.Embedded
		}
	}
	return text
}

// missingMethods says that a stream lacks some methods, and how it goes on with these.
func missingMethods(e *Evidence, methods ...string) string {
	methods = slices.DeleteFunc(slices.Clone(methods), e.Has)
	return fmt.Sprintf("not measured by this run, which has no %s: runner run -suite %s -methods %s -out RUN goes on with it%s",
		strings.Join(methods, ", "), suiteArgument(e), strings.Join(methods, ","), setAgain(e))
}

// setAgain says which settings of a run are not those of the built-in suite of its name: only the
// command that gave them can go on.
func setAgain(e *Evidence) string {
	s, err := suite.Load(e.Suite.Name, suite.Options{})
	if err != nil {
		return "" // a file of the user's own
	}
	written, err := json.Marshal(s.WithLengthsOf(e.Suite)) // those that it leaves to the data
	if err != nil {
		return ""
	}
	names, err := suite.Differ(written, e.Manifest.Suite, "methods", "seeds", "orders", "backend", "revisions", "tuning")
	if err != nil || names == nil {
		return ""
	}
	return ", with the flags that set its " + strings.Join(names, ", ")
}

// suiteArgument is what -suite takes for a run's suite. Where that is not built in, the run does
// not know its file.
func suiteArgument(e *Evidence) string {
	if !slices.Contains(suite.List(), e.Suite.Name) {
		return "FILE.yaml"
	}
	return e.Suite.Name
}

// streamCommand measures the claims on a stream.
const streamCommand = "-suite continual16 -methods seq,er,ewc,i-lora,cur-lora,secura -seeds 8"

// anyStream is the first run of a stream of tasks.
func (c judge) anyStream() (*Evidence, bool) {
	for _, e := range c.runs {
		if !e.Suite.Separate() {
			return e, true
		}
	}
	return nil, false
}

// lacking is the reason where no run is a stream with all of some methods: the first stream goes on
// with those that it lacks.
func (c judge) lacking(what string, methods ...string) string {
	if e, ok := c.anyStream(); ok {
		return missingMethods(e, methods...)
	}
	return c.missing(what, streamCommand)
}

// noStream is the reason where stream finds nothing.
func (c judge) noStream() string {
	return c.lacking("stream of tasks with "+report.Subject, report.Subject)
}

// verdict is a judgement's entry in a table.
func verdictEntry(t *table.Table, j judgement) table.Entry {
	e := table.Entry{Text: string(j.verdict)}
	if j.why != "" {
		e.Notes = []int{t.Note(j.why)}
	}
	return e
}

// with adds a footnote to an entry.
func withNote(t *table.Table, e table.Entry, text string) table.Entry {
	e.Notes = append(e.Notes, t.Note(text))
	return e
}

// value is the entry of a mean in points of 100, with its interval; of an undefined one, whose
// reason the verdict tells, it is a dash.
func value(t *table.Table, s metric.Summary, sign bool) table.Entry {
	if !s.Mean.Defined() {
		return table.Entry{Text: "–"}
	}
	e := report.ScoreEntry(t, s)
	if sign {
		if e.Text = fmt.Sprintf("%+.1f", 100*s.Mean.Number); e.Text == "-0.0" {
			e.Text = "+0.0"
		}
	}
	return e
}

func probability(v metric.Value) table.Entry {
	if !v.Defined() {
		return table.Entry{Text: "–"}
	}
	return table.Probability(v.Number)
}

// sayRun says which run a table is judged by, where there are several.
func (c judge) sayRun(t *table.Table, e *Evidence) {
	if len(c.runs) > 1 {
		t.Caption = append(t.Caption, "judged by "+describe([]*Evidence{e}))
	}
}

// Text prints the claims in at most 100 columns.
func Text(w io.Writer, runs []*Evidence, colour bool) error {
	var out bytes.Buffer
	table.Wrap(&out, "", "Claims of SECURA (arXiv 2502.18168) against "+describe(runs), colour)
	for _, line := range unfinished(runs) {
		table.Wrap(&out, "", line, colour)
	}
	out.WriteByte('\n')
	if err := table.Text(&out, Tables(runs), colour); err != nil {
		return err
	}
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("print claims: %w", err)
	}
	return nil
}

// markdown writes the claims, and where the numbers come from.
func markdown(w io.Writer, runs []*Evidence) error {
	var out bytes.Buffer
	fmt.Fprintf(&out, "# Claims of SECURA (arXiv 2502.18168)\n\nagainst %s\n", table.EscapeMarkdown(describe(runs)))
	for _, line := range unfinished(runs) {
		fmt.Fprintf(&out, "\n%s\n", table.EscapeMarkdown(line))
	}
	if err := table.Markdown(&out, Tables(runs)); err != nil {
		return err
	}
	for _, e := range runs {
		report.WriteProvenance(&out, e.Report)
	}
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write claims in Markdown: %w", err)
	}
	return nil
}

// MarkdownOf writes the claims by each of some lists of runs, such as one for each of a run's
// backbones.
func MarkdownOf(w io.Writer, lists [][]*Evidence) error {
	for i, runs := range lists {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if err := markdown(w, runs); err != nil {
			return err
		}
	}
	return nil
}

// Write writes claims.md beside a run's report.md, as MarkdownOf does.
func Write(run rundir.Run, lists [][]*Evidence) error {
	write := func(w io.Writer) error { return MarkdownOf(w, lists) }
	if err := rundir.WriteFile(run.Claims(), write); err != nil {
		return fmt.Errorf("write claims: %w", err)
	}
	return nil
}

// describe names the runs by their suites and plans; a run's folder may be moved.
func describe(runs []*Evidence) string {
	var texts []string
	for _, e := range runs {
		texts = append(texts, fmt.Sprintf("suite %s (backbone %s, %d tasks, seeds %d, orders %d, plan %s)",
			e.Suite.Name, e.Suite.Backbone, len(e.Suite.Tasks), e.Suite.Seeds, e.Suite.Orders, report.ShortPlan(e.Report)))
	}
	return strings.Join(texts, " and ")
}

// unfinished says of each run with cells that are not finished how many these are.
func unfinished(runs []*Evidence) (lines []string) {
	for _, e := range runs {
		if n := e.Unfinished(); n > 0 {
			lines = append(lines, fmt.Sprintf("suite %s: %d of its %d cells are not finished", e.Suite.Name, n, len(e.Cells)))
		}
	}
	return lines
}
