// Package checklist fills in what the checklists of NeurIPS and of ACL Rolling Review ask about
// experiments, as far as a run knows it, and marks what only the author knows. In comes a report;
// out comes Markdown: facts in sections, and for each question the answer that they support. Read
// Write first.
package checklist

import (
	"fmt"
	"io"
	"strings"

	"secura/experiments/record"
	"secura/experiments/suite"
	"secura/reports/report"
	"secura/reports/table"
)

// Settings are what a method was trained with: its preset's values where the suite gives none.
type Settings struct {
	Rate   float64
	Params map[string]any
}

// author marks what the run cannot know.
const author = "**[author]**"

// facts are the sections of a checklist of one run.
type facts struct {
	r           *report.Report
	settings    func(suite.MethodSpec) (Settings, error)
	out         strings.Builder
	unlicensed  map[string]bool // data sets and backbones whose license is not known
	done, cells int
}

// Write writes the checklist of a run. settings gives what each of its methods was trained with.
func Write(w io.Writer, r *report.Report, settings func(suite.MethodSpec) (Settings, error)) error {
	f := facts{r: r, settings: settings, cells: len(r.Cells), unlicensed: map[string]bool{}}
	for _, c := range r.Cells {
		if c.State == record.Done {
			f.done++
		}
	}
	f.printf("# Reproducibility checklist of %s\n\n", table.EscapeMarkdown(r.Suite.Name))
	f.printf("Filled in from the run's manifest and records (plan %s). %s marks what only the author knows. The facts come first; the questions of the two checklists refer to them by their headings.\n",
		report.ShortPlan(r), author)
	f.code()
	f.data()
	if err := f.hyperparameters(); err != nil {
		return fmt.Errorf("write checklist: %w", err)
	}
	f.statistics()
	f.compute()
	f.questions()
	if _, err := io.WriteString(w, f.out.String()); err != nil {
		return fmt.Errorf("write checklist: %w", err)
	}
	return nil
}

func (f *facts) printf(format string, args ...any) { fmt.Fprintf(&f.out, format, args...) }

// section begins a section of facts.
func (f *facts) section(title string) { f.printf("\n## %s\n\n", title) }

// item is a fact on a line; without a value only the author knows it.
func (f *facts) item(name, value string) {
	if value == "" {
		value = author
	} else {
		value = table.EscapeMarkdown(value)
	}
	f.printf("- %s: %s\n", name, value)
}

// row is a row of a table.
func (f *facts) row(cells ...string) {
	for i, text := range cells {
		if text != author {
			text = table.EscapeMarkdown(text)
		}
		cells[i] = text
	}
	f.printf("| %s |\n", strings.Join(cells, " | "))
}
