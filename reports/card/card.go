// Package card writes the README of a model that a cell's weights were exported into: metadata for
// the hub, what was trained on what in which order, what the cell scored, how to load it, and where
// it comes from. In comes a report and what was exported; out comes Markdown. Read Write first.
package card

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"secura/datasets"
	"secura/datasets/hub"
	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/reports/report"
	"secura/reports/table"
)

// Model is what was exported of a cell.
type Model struct {
	// Cell is the cell's id.
	Cell string
	// Format is "peft" or "merged", Rank the largest rank of an adapter's modules.
	Format string
	Rank   int
	// Tasks is how many tasks of the stream the weights had learned.
	Tasks int
	// Date is what the chat template wrote in the place of today's; empty for none.
	Date string
	// Doc and Source say what the method is and where it comes from, Rate is the learning rate.
	Doc, Source string
	Rate        float64
}

// card is a model with the report that it belongs to: of its backbone alone, where the run has
// several.
type card struct {
	Model
	r    *report.Report
	cell report.Cell
	out  strings.Builder
}

// Write writes the README of an exported model. The cell must be one of the run's.
func Write(w io.Writer, r *report.Report, m Model) error {
	for _, part := range r.Each() {
		i := slices.IndexFunc(part.Cells, func(c report.Cell) bool { return c.ID == m.Cell })
		if i < 0 {
			continue
		}
		c := card{Model: m, r: part, cell: part.Cells[i]}
		header, err := c.metadata().Header()
		if err != nil {
			return fmt.Errorf("write the card of %s: %w", m.Cell, err)
		}
		c.out.WriteString(header)
		c.begin()
		c.load()
		c.training()
		if err := c.scores(); err != nil {
			return fmt.Errorf("write the card of %s: %w", m.Cell, err)
		}
		c.provenance()
		_, err = io.WriteString(w, c.out.String())
		return err
	}
	return fmt.Errorf("write a model's card: the run in %s has no cell %s", r.Run.Path, m.Cell)
}

func (c *card) printf(format string, args ...any) { fmt.Fprintf(&c.out, format, args...) }

// learned are the tasks that the weights had learned, in their order.
func (c *card) learned() []string {
	if c.r.Suite.Separate() && c.Tasks > 0 {
		return c.cell.Tasks[c.Tasks-1 : c.Tasks] // each was learned from the backbone again
	}
	if c.joint() {
		return c.cell.Tasks
	}
	return c.cell.Tasks[:min(c.Tasks, len(c.cell.Tasks))]
}

// task is a task of the stream or of the battery.
func (c *card) task(name string) datasets.Task {
	for _, t := range c.r.Suite.Tasks {
		if t.Name == name {
			return t
		}
	}
	return datasets.Task{Name: name}
}

// base is what is known of the backbone.
func (c *card) base() rundir.Source { return c.r.BackboneSource(c.cell.Backbone) }

// hubName is the backbone's name on the hub, empty where it is not known to be there.
func (c *card) hubName() string { return c.base().Name }

// joint says that the cell learned all tasks at once.
func (c *card) joint() bool { return c.cell.Method.Preset == suite.Joint }

// metricTypes are the hub's names of scores; others stand under their own.
var metricTypes = map[string]string{"accuracy": "accuracy", "exact": "exact_match", "bleu": "bleu", "bleu_zh": "bleu", "rouge1": "rouge", "rougeL": "rouge",
	"squad_em": "exact_match", "squad_f1": "f1", "macro_f1": "f1", "sari": "sari"}

func (c *card) metadata() hub.ModelMetadata {
	m := hub.ModelMetadata{Base: c.hubName(), Relation: "finetune", Library: "transformers", Pipeline: "text-generation",
		Tags: []string{"secura", "continual-learning"}}
	if preset := c.cell.Method.Preset; preset != m.Tags[0] {
		m.Tags = append(m.Tags, preset)
	}
	if c.Format == "peft" {
		m.Library, m.Relation = "peft", "adapter"
		m.Tags = append(m.Tags, "lora")
	}
	if m.Base == "" {
		m.Relation = "" // it says how it is related to base_model
	}
	m.SetLicenses(c.base().Licenses)
	index := hub.ModelIndex{Name: c.title()}
	row := c.row()
	for j, name := range c.cell.Tasks {
		if !slices.Contains(c.learned(), name) {
			continue
		}
		t, source := c.task(name), c.r.TaskSource(name)
		if source.Name != "" && !slices.Contains(m.Datasets, source.Name) {
			m.Datasets = append(m.Datasets, source.Name)
		}
		if len(t.Scores) == 0 {
			continue
		}
		kind, known := metricTypes[t.Scores[0]]
		if !known {
			kind = t.Scores[0]
		} else if !slices.Contains(m.Metrics, kind) {
			m.Metrics = append(m.Metrics, kind)
		}
		if row == nil || !defined(row[j]) {
			continue
		}
		set := hub.ModelDataset{Name: name, Type: source.Name, Split: t.Splits.Of(c.r.Suite.Evaluation.Split), Revision: source.Revision}
		if set.Type == "" {
			set.Type = t.Source
		}
		index.Results = append(index.Results, hub.ModelResult{Task: hub.ModelTask{Type: "text-generation"}, Dataset: set,
			Metrics: []hub.ModelMetric{{Type: kind, Name: t.Scores[0], Value: row[j]}}})
	}
	if len(index.Results) > 0 {
		m.Index = []hub.ModelIndex{index}
	}
	return m
}

func defined(x float64) bool { return !math.IsNaN(x) }

// row are the scores of the exported weights, in the order of learning; nil where they were not
// measured.
func (c *card) row() []float64 {
	i := c.Tasks
	if c.joint() {
		i = len(c.cell.R) - 1
	}
	if i < 0 || i >= len(c.cell.R) {
		return nil
	}
	return c.cell.R[i]
}

func (c *card) title() string {
	return fmt.Sprintf("%s on %s, seed %d", c.cell.Method.Name, c.r.Suite.Name, c.cell.Seed)
}

func (c *card) begin() {
	what := "A whole model for transformers"
	if c.Format == "peft" {
		what = fmt.Sprintf("An adapter of rank %d for peft", c.Rank)
	}
	tasks := fmt.Sprintf("%d tasks, one after the other", len(c.learned()))
	switch {
	case len(c.learned()) == 1 && !c.r.Suite.Separate():
		tasks = "one task"
	case c.r.Suite.Separate():
		tasks = "the task " + strings.Join(c.learned(), ", ") + ", alone"
	case c.joint():
		tasks = fmt.Sprintf("%d tasks at once", len(c.cell.Tasks))
	}
	c.printf("\n# %s\n\n%s: the backbone `%s` after it learned %s, by the method `%s`. Made by secura, a harness for continual learning.\n\n%s\n",
		table.EscapeMarkdown(c.title()), what, c.cell.Backbone, tasks, c.cell.Method.Preset, table.EscapeMarkdown(c.Doc))
	if c.cell.State != record.Done {
		c.printf("\nThe cell was not done when this was written: %s.\n", table.EscapeMarkdown(c.cell.Standing()))
	}
	license := cmp.Or(report.LicenseText(c.base()), "not known; ask its authors")
	c.printf("\nThe backbone's license: %s. What was made of it may be bound by it, and by the licenses of the data below.\n", license)
}
