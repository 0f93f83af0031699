package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"

	"secura/experiments/record"
	"secura/experiments/suite"
	"secura/reports/metric"
)

// The types below are the form of results.json.

type ResultsFile struct {
	Suite     string        `json:"suite"`
	Plan      string        `json:"plan"`
	Backend   string        `json:"backend"`
	Backbone  string        `json:"backbone,omitempty"`
	Backbones []string      `json:"backbones,omitempty"` // instead of Backbone, of a run of several
	Tasks     []string      `json:"tasks"`
	Warnings  []string      `json:"warnings,omitempty"`
	Tuning    *suite.Tuning `json:"tuning,omitempty"`
	Cells     []cellResult  `json:"cells"`
	// References has one entry, or one for each backbone.
	References  []ReferenceResults `json:"references"`
	Methods     []MethodResults    `json:"methods"`
	Comparisons []Comparison       `json:"comparisons"`
	Fronts      []frontResult      `json:"fronts,omitempty"`
	// Correlations are those of KLCorrelations, of runs that measured the divergence.
	Correlations []correlationResult `json:"correlations,omitempty"`
}

type cellResult struct {
	ID     string       `json:"id"`
	Method string       `json:"method"`
	Seed   int          `json:"seed"`
	Order  int          `json:"order"`
	Status record.State `json:"status"`
	Reason string       `json:"reason,omitempty"`
	// Tasks are the columns of R where they are not the suite's: the cell's own order of learning.
	Tasks    []string                `json:"tasks,omitempty"`
	R        [][]*float64            `json:"R"`
	K        []*float64              `json:"K"`
	Curve    []pointResult           `json:"curve,omitempty"`
	Metrics  map[string]metric.Value `json:"metrics"`
	Backbone string                  `json:"backbone"`

	Overrides         map[string]any `json:"overrides"`
	Warnings          []string       `json:"warnings"`
	TrainedParameters int64          `json:"trained_parameters"`
	StateBytes        int64          `json:"state_bytes"`
	TrainTokens       int64          `json:"train_tokens"`
	EvalTokens        int64          `json:"eval_tokens"`
	Measured          measured       `json:"measured"`
}

// pointResult is what was measured within a task. Scores are as a row of R.
type pointResult struct {
	Index      int        `json:"index"`
	Task       string     `json:"task"`
	Step       int        `json:"step"`
	Scores     []*float64 `json:"scores"`
	Knowledge  *float64   `json:"knowledge"`
	Perplexity *float64   `json:"perplexity"`
}

// measured is all that may differ between two equal runs.
type measured struct {
	Seconds      Seconds `json:"seconds"`
	PeakRSSBytes int64   `json:"peak_rss_bytes"`
	// TrainFLOP are counted, but a cell that was interrupted may have lost some.
	TrainFLOP float64 `json:"train_flop,omitempty"`
}

// ReferenceResults are what methods are seen against: the base row, the chance level of a guess
// among the options, by the keys of metrics and by task, and the score of each task's most frequent
// answer.
type ReferenceResults struct {
	Backbone      string                  `json:"backbone,omitempty"`
	Base          map[string]metric.Value `json:"base_row"`
	Chance        map[string]metric.Value `json:"chance"`
	ChanceTasks   map[string]metric.Value `json:"chance_tasks"`
	MajorityTasks map[string]metric.Value `json:"majority_tasks"`
}

// references are those of a report of one backbone.
func (r *Report) references() ReferenceResults {
	base := r.BaseMetrics()
	known := map[string]metric.Value{}
	for _, key := range []string{"acc", "knowledge_retention", "knowledge_final"} {
		known[key] = base[key]
	}
	return ReferenceResults{Backbone: onBackbone(r), Base: known, Chance: r.ChanceMetrics(), ChanceTasks: r.Chance.Tasks, MajorityTasks: r.Chance.Majority}
}

// Results is the content of results.json. Equal records give equal bytes, but for what stands under
// "measured". A row or number that was not measured is null; K is null in a cell without a battery.
func Results(r *Report) ([]byte, error) {
	out := ResultsFile{
		Suite: r.Suite.Name, Plan: r.Manifest.Plan, Backend: r.Manifest.Backend, Backbone: r.Suite.Backbone,
		Tasks: r.Suite.TaskNames(), Warnings: r.Warnings, Cells: []cellResult{}, Comparisons: []Comparison{},
	}
	if r.Suite.Tuning.Trials > 0 {
		out.Tuning = &r.Suite.Tuning
	}
	if r.Backbones != nil {
		out.Backbones = r.Suite.Backbones
	}
	for _, part := range r.Each() {
		out.References = append(out.References, part.references())
		measures, err := part.Measures()
		if err != nil {
			return nil, fmt.Errorf("results of suite %s: %w", r.Suite.Name, err)
		}
		for _, c := range part.Cells {
			out.Cells = append(out.Cells, resultOf(c, measures))
		}
		out.Methods = append(out.Methods, methodResultsOf(part, measures)...)
		out.Fronts = append(out.Fronts, frontResultsOf(part)...)
		if part.HasKL() && !r.Suite.Separate() {
			correlations, err := part.KLCorrelations()
			if err != nil {
				return nil, fmt.Errorf("results of suite %s: %w", r.Suite.Name, err)
			}
			for _, c := range correlations {
				out.Correlations = append(out.Correlations, correlationResult{onBackbone(part), c})
			}
		}
		out.Comparisons = append(out.Comparisons, part.Compare()...)
	}
	var data bytes.Buffer
	encoder := json.NewEncoder(&data)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(out); err != nil {
		return nil, fmt.Errorf("encode results of suite %s: %w", r.Suite.Name, err)
	}
	return data.Bytes(), nil
}

func resultOf(c Cell, measures []Measure) cellResult {
	result := cellResult{
		ID: c.ID, Method: c.Method.Name, Seed: c.Seed, Order: c.Order, Status: c.State, Reason: c.Reason,
		R: [][]*float64{}, Metrics: c.Metrics, Backbone: c.Backbone, Overrides: c.Method.Overrides(), Warnings: []string{},
		TrainedParameters: c.TrainedParameters, StateBytes: c.StateBytes, TrainTokens: c.TrainTokens, EvalTokens: c.EvalTokens,
		Measured: measured{c.Seconds, c.PeakRSSBytes, c.TrainFLOP},
	}
	if len(measures) > 0 {
		result.Metrics = maps.Clone(c.Metrics)
		for _, m := range measures {
			result.Metrics[m.Key] = m.in(c)
		}
	}
	if c.Order != 0 {
		result.Tasks = c.Tasks
	}
	for _, row := range c.R {
		result.R = append(result.R, Numbers(row))
	}
	result.K = Numbers(c.K)
	for _, p := range c.Curve {
		own := Numbers([]float64{p.K, p.Perplexity})
		result.Curve = append(result.Curve, pointResult{p.Index, p.Task, p.Step, Numbers(p.Scores), own[0], own[1]})
	}
	for _, w := range c.Warnings {
		result.Warnings = append(result.Warnings, w.String())
	}
	return result
}

// Numbers are values as JSON has them: null for NaN, and for a list that is nil.
func Numbers(values []float64) []*float64 {
	if values == nil {
		return nil
	}
	list := make([]*float64, len(values))
	for i := range values {
		if !math.IsNaN(values[i]) {
			list[i] = &values[i]
		}
	}
	return list
}
