package report

import (
	"strconv"

	"secura/experiments/record"
	"secura/experiments/suite"
	"secura/reports/metric"
)

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
