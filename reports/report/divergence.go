package report

import (
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

// KLCorrelations say how the divergence from the backbone at the end goes with what is forgotten,
// over the methods but for references (Shenfeld et al. 2025, arXiv 2509.04259, where it predicts
// forgetting; they take it on the new task's texts).
func (r *Report) KLCorrelations() (list []Correlation) {
	for _, x := range []struct {
		kl, b string
		other func(Cell) metric.Value
		text  string
	}{
		{"kl_text", "forgetting", MetricOf("forgetting"), "the divergence on held-out text and forgetting"},
		{"kl_knowledge", "knowledge_lost", KnowledgeLost, "the divergence on the battery and the knowledge lost"},
	} {
		divergence := KLMeasures[slices.IndexFunc(KLMeasures, func(m Measure) bool { return m.Key == x.kl })].Of
		var a, b []float64
		for _, m := range r.Suite.Methods {
			kl, other := r.Over(m.Name, divergence).Mean, r.Over(m.Name, x.other).Mean
			if !m.Reference() && kl.Defined() && other.Defined() {
				a, b = append(a, kl.Number), append(b, other.Number)
			}
		}
		list = append(list, Correlation{A: x.kl, B: x.b, Rank: metric.RankCorrelation(a, b), Methods: len(a), Text: x.text})
	}
	return list
}

// KnowledgeLost is the share of base knowledge that is lost, 1 − K[N]/K[0].
func KnowledgeLost(c Cell) metric.Value {
	v := c.Metrics["knowledge_retention"]
	if v.Defined() {
		v = metric.Number(1 - v.Number)
	}
	return v
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
