package card

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/table"
	"secura/reports/tables"
)

// training says what was learned in which order, and how.
func (c *card) training() {
	c.printf("\n## What it was trained on\n\n| | task | data | license | prompt |\n|--:|---|---|---|---|\n")
	for i, name := range c.learned() {
		license := cmp.Or(report.LicenseText(c.r.TaskSource(name)), "not known")
		c.printf("| %d | %s | %s | %s | `%s` |\n", i+1, cell(name), cell(c.r.DataSet(name)), cell(license), strings.NewReplacer("\n", "\\n", "|", "\\|", "`", "'").Replace(c.task(name).Prompt))
	}
	s := c.r.Suite.Training
	settings := []string{
		fmt.Sprintf("%d steps a task, batches of %d", s.Steps, s.Batch),
		fmt.Sprintf("AdamW, learning rate %s, weight decay %g, warm-up %g of a task's steps, gradients clipped at %g", strconv.FormatFloat(c.Rate, 'g', 4, 64), s.WeightDecay, s.Warmup, s.Clip),
		"adapted projections: " + strings.Join(s.Targets, ", "),
		fmt.Sprintf("seed %d, order %d", c.cell.Seed, c.cell.Order),
	}
	if text := report.Parameters(c.cell.Method.Params); text != "" {
		settings = append(settings, "parameters that differ from the preset's: "+text)
	}
	if c.cell.Method.Reason != "" {
		settings = append(settings, "why these: "+c.cell.Method.Reason)
	}
	settings = append(settings, "the method's source: "+c.Source)
	c.out.WriteByte('\n')
	for _, line := range settings {
		c.printf("- %s\n", table.EscapeMarkdown(line))
	}
}

// cell escapes a text for a cell of a table.
func cell(text string) string {
	return table.EscapeMarkdown(strings.ReplaceAll(text, "\n", " "))
}

// scores are the tables of the cell: its matrix and its metrics.
func (c *card) scores() error {
	list := []table.Table{c.matrix(), c.metrics()}
	if err := table.Markdown(&c.out, list); err != nil {
		return err
	}
	if n := c.r.Suite.Seeds * c.r.Suite.Orders; n > 1 {
		c.printf("\nThese are the numbers of one cell. The run has %d of this method, of other seeds and orders; claims about a method need all of them.\n", n)
	}
	if len(c.cell.Warnings) > 0 {
		c.printf("\nWarnings of the cell:\n\n")
		for _, w := range c.cell.Warnings {
			c.printf("- %s\n", table.EscapeMarkdown(w.String()))
		}
	}
	return nil
}

// matrix has R and K of the cell, in the order of learning. The row of the exported weights is
// marked.
func (c *card) matrix() table.Table {
	t := table.Table{
		Title:     "What it scored",
		Caption:   []string{"Scores in points of 100 of each task (column) after each training (row); K is the share of the battery of base knowledge that it answers"},
		Columns:   []table.Column{{Head: []string{""}}},
		MarkMeans: "the weights in this folder",
	}
	for j := range c.cell.Tasks {
		t.Columns = append(t.Columns, table.Column{Head: []string{fmt.Sprintf("T%d", j+1)}})
	}
	if c.cell.K != nil {
		t.Columns = append(t.Columns, table.Column{Head: []string{"K"}})
	}
	exported := c.row()
	for i, scores := range c.cell.R {
		if scores == nil {
			continue
		}
		label := "untouched backbone"
		switch {
		case i > 0 && c.joint():
			label = "after all tasks"
		case i > 0:
			label = fmt.Sprintf("after T%d %s", i, c.cell.Tasks[i-1])
		}
		here := exported != nil && &exported[0] == &scores[0]
		row := []table.Entry{{Text: label, Marked: here}}
		for _, x := range scores {
			row = append(row, entry(x))
		}
		if c.cell.K != nil {
			row = append(row, entry(c.cell.K[i]))
		}
		t.Rows = append(t.Rows, row)
	}
	if len(t.Rows) == 0 {
		t.MarkMeans, t.Remarks = "", []string{"nothing was evaluated yet"}
	}
	return t
}

// entry is a score, or a dash where it was not measured.
func entry(x float64) table.Entry {
	if !defined(x) {
		return table.Entry{Text: "·"}
	}
	return table.Score(x)
}

// metrics are those of the cell that are defined, with their meaning.
func (c *card) metrics() table.Table {
	t := table.Table{Title: "Metrics", Caption: []string{"Of this cell, in points of 100; perplexity_drift in nats per token"},
		Columns: []table.Column{{Head: []string{"metric"}}, {Head: []string{"value"}}, {Head: []string{"what it is"}}}, TextColumns: []int{2}}
	for _, d := range metric.Definitions {
		v := c.cell.Metrics[d.Key]
		if !v.Defined() {
			continue
		}
		t.Rows = append(t.Rows, []table.Entry{{Text: d.Key}, report.Shown(d)(v.Number), {Text: d.Meaning}})
	}
	if len(t.Rows) == 0 {
		t.Remarks = []string{"none is defined: the cell is " + c.cell.Standing()}
	}
	return t
}

// provenance says what decided the numbers.
func (c *card) provenance() {
	m := c.r.Manifest
	c.printf("\n## Where it comes from\n\n")
	item := func(name, value string) {
		if value != "" {
			c.printf("- %s: %s\n", name, table.EscapeMarkdown(value))
		}
	}
	item("suite", tables.Source(c.r))
	item("plan", m.Plan)
	item("cell", c.Cell)
	item("code revision", m.Revision)
	item("Go", m.Modules["go"])
	item("GoMLX", m.Modules["github.com/gomlx/gomlx"])
	item("backend", m.Backend)
	item("processor", m.ComputedBy(c.cell.Processors))
	for _, change := range m.Changes {
		item("changed on the way", change)
	}
	if name := c.hubName(); name != "" {
		item("backbone", strings.TrimSpace(name+" "+c.base().Revision))
	}
	c.printf("\n`runner verify RUN -cells %s` computes the cell again, and `runner report RUN -cite` prints what to cite.\n", c.Cell)
}
