package report

import (
	"fmt"
	"slices"
	"strconv"

	"secura/experiments/record"
	"secura/experiments/suite"
	"secura/reports/metric"
)

// HasKL says whether any cell measured its divergence from the backbone.
func (r *Report) HasKL() bool {
	return slices.ContainsFunc(r.Cells, func(c Cell) bool { return c.KL != nil })
}

// KLMeasures are KL(untouched backbone ‖ model), in nats a token, after the first task and at the
// end.
var KLMeasures = []Measure{
	{Key: "kl_text_first", Head: []string{"text,", "task 1"}, Better: -1, Nats: true,
		Meaning: "KL(backbone ‖ model) on held-out text after the first task, in nats per token",
		Of:      func(c Cell) metric.Value { return c.KLAfter(1, HeldOutKL) }},
	{Key: "kl_text", Head: []string{"text,", "end"}, Better: -1, Nats: true,
		Meaning: "the same at the end of the stream",
		Of:      func(c Cell) metric.Value { return c.LastKL(HeldOutKL) }},
	{Key: "kl_knowledge_first", Head: []string{"battery,", "task 1"}, Better: -1, Nats: true,
		Meaning: "the same on the battery's true answers, after the first task",
		Of:      func(c Cell) metric.Value { return c.KLAfter(1, KnowledgeKL) }},
	{Key: "kl_knowledge", Head: []string{"battery,", "end"}, Better: -1, Nats: true,
		Meaning: "the same on the battery's true answers, at the end of the stream",
		Of:      func(c Cell) metric.Value { return c.LastKL(KnowledgeKL) }},
}

// Correlation is a rank correlation (Spearman's) of two numbers over the methods that have both.
type Correlation struct {
	A       string       `json:"a"`
	B       string       `json:"b"`
	Rank    metric.Value `json:"rank"`
	Methods int          `json:"methods"`
	// Text names the two for a reader.
	Text string `json:"-"`
}

// Forgotten are the measures that the divergence is held against: what the tasks of the stream
// lost, the known items of the battery that were lost, where there is one, and 1 - K[N]/K[0].
// Forgetting needs evaluations within the stream; a run without them has -BWT, what the tasks lost
// since each was learned. The items are read from the predictions.
func (r *Report) Forgotten() ([]Measure, error) {
	battery, err := r.BatteryMeasures()
	if err != nil {
		return nil, fmt.Errorf("measure what was forgotten: %w", err)
	}
	tasks := Measure{Key: "forgetting", Head: []string{"forget-", "ting"}, Of: MetricOf("forgetting"), Meaning: "forgetting"}
	if !r.anyHas(tasks) {
		tasks = Measure{Key: "bwt_lost", Head: []string{"tasks", "lost"}, Of: bwtLost, Meaning: "what the tasks lost (-BWT)"}
	}
	list := []Measure{tasks}
	for _, m := range battery {
		if m.Key == KnownKept {
			list = append(list, Measure{Key: knownLost, Head: []string{"known", "lost"}, Of: func(c Cell) metric.Value { return lost(m.Of(c)) }, Meaning: "the known items lost"})
		}
	}
	return append(list, Measure{Key: knowledgeLost, Head: []string{"knowledge", "lost"}, Of: func(c Cell) metric.Value { return lost(c.Metrics["knowledge_retention"]) }, Meaning: "the knowledge lost"}), nil
}

// Keys of measures of Forgotten.
const (
	knownLost     = "known_lost"
	knowledgeLost = "knowledge_lost"
)

// lost is what a share that was kept leaves.
func lost(kept metric.Value) metric.Value {
	if kept.Defined() {
		kept = metric.Number(1 - kept.Number)
	}
	return kept
}

func bwtLost(c Cell) metric.Value {
	v := c.Metrics["bwt"]
	if v.Defined() {
		v = metric.Number(-v.Number)
	}
	return v
}

// KLCorrelations say how the divergence from the backbone at the end goes with what is forgotten,
// over the methods but for references (Shenfeld et al. 2025, arXiv 2509.04259, where it predicts
// forgetting; they take it on the new task's texts). Knowledge lost is held against the divergence
// on the battery's own answers, all else against that on held-out text.
func (r *Report) KLCorrelations() ([]Correlation, error) {
	forgotten, err := r.Forgotten()
	if err != nil {
		return nil, err
	}
	var list []Correlation
	for _, other := range forgotten {
		key, name := "kl_text", "the divergence on held-out text"
		if other.Key == knowledgeLost {
			key, name = "kl_knowledge", "the divergence on the battery"
		}
		divergence := KLMeasures[slices.IndexFunc(KLMeasures, func(m Measure) bool { return m.Key == key })]
		var a, b []float64
		for _, m := range r.Suite.Methods {
			kl, lost := r.Over(m.Name, divergence.Of).Mean, r.Over(m.Name, other.Of).Mean
			if !m.Reference() && kl.Defined() && lost.Defined() {
				a, b = append(a, kl.Number), append(b, lost.Number)
			}
		}
		list = append(list, Correlation{A: key, B: other.Key, Rank: metric.RankCorrelation(a, b), Methods: len(a), Text: name + " and " + other.Meaning})
	}
	return list, nil
}

// HeldOutKL and KnowledgeKL take a number of a measured divergence, in nats a token; nil where it
// was not measured.
func HeldOutKL(d record.Divergence) *float64   { return d.HeldOut }
func KnowledgeKL(d record.Divergence) *float64 { return d.Knowledge }

// KLAfter is a number of the divergence that a cell has after i trainings.
func (c Cell) KLAfter(i int, of func(record.Divergence) *float64) metric.Value {
	switch {
	case c.Method.Preset == suite.Frozen:
		return metric.Undefined("no training")
	case c.KL == nil:
		return metric.Undefined("its records hold no divergence from the backbone (evaluation.kl)")
	case i >= len(c.KL) || c.KL[i] == nil:
		return metric.Undefined("boundary " + strconv.Itoa(i) + " was not evaluated whole")
	}
	x := of(*c.KL[i])
	if x == nil {
		return metric.Undefined("no such texts")
	}
	return metric.Number(*x)
}

// LastKL is KLAfter the last training.
func (c Cell) LastKL(of func(record.Divergence) *float64) metric.Value {
	return c.KLAfter(len(c.Tasks), of)
}
