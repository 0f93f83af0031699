// Package optimizer turns gradients into changes: AdamW, clipping by the global norm, and schedules
// of the learning rate. In come parameters, gradients and moments as graph nodes; out come the new
// ones. It keeps nothing. Read AdamW.Update first.
package optimizer

import (
	"math"

	"github.com/gomlx/gomlx/core/graph"
)

// AdamW is Adam with decoupled weight decay (arXiv 1711.05101), in the order of torch.optim.AdamW:
//
//	p ← p − rate·WeightDecay·p                          (decayed parameters only)
//	m ← Beta1·m + (1 − Beta1)·g
//	v ← Beta2·v + (1 − Beta2)·g²
//	p ← p − rate·(m/(1 − Beta1ᵗ)) / (√(v/(1 − Beta2ᵗ)) + Epsilon)
type AdamW struct {
	Beta1, Beta2, Epsilon float64
	// WeightDecay is multiplied by the rate of the step.
	WeightDecay float64
}

// NewAdamW has torch's betas 0.9 and 0.999 and epsilon 1e-8.
func NewAdamW(weightDecay float64) AdamW {
	return AdamW{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, WeightDecay: weightDecay}
}

// Update gives a parameter and its two moments after one step. The moments have the parameter's
// shape and start at 0; step (t, from 1) and rate are scalars of the parameter's type.
func (a AdamW) Update(param, gradient, m, v, step, rate *graph.Node, decayed bool) (newParam, newM, newV *graph.Node) {
	if decayed && a.WeightDecay != 0 {
		param = graph.Sub(param, graph.Mul(graph.MulScalar(rate, a.WeightDecay), param))
	}
	newM = graph.Add(graph.MulScalar(m, a.Beta1), graph.MulScalar(gradient, 1-a.Beta1))
	newV = graph.Add(graph.MulScalar(v, a.Beta2), graph.MulScalar(graph.Square(gradient), 1-a.Beta2))
	size := graph.Div(rate, bias(a.Beta1, step))
	spread := graph.Div(graph.Sqrt(newV), graph.Sqrt(bias(a.Beta2, step)))
	newParam = graph.Sub(param, graph.Mul(size, graph.Div(newM, graph.AddScalar(spread, a.Epsilon))))
	return newParam, newM, newV
}

// bias is 1 − betaᵗ, without the cancellation that costs four digits at beta 0.999 and t 1 in
// single precision.
func bias(beta float64, step *graph.Node) *graph.Node {
	return graph.Neg(graph.Expm1(graph.MulScalar(step, math.Log(beta))))
}

// ClipByGlobalNorm scales all gradients by min(1, limit/(norm + 1e-6)), as torch's clip_grad_norm_
// does, and gives the norm of all of them together before that, a scalar. With limit 0 the
// gradients stay as they are. It wants at least one gradient.
func ClipByGlobalNorm(gradients []*graph.Node, limit float64) (clipped []*graph.Node, norm *graph.Node) {
	squares := graph.ReduceAllSum(graph.Square(gradients[0]))
	for _, g := range gradients[1:] {
		squares = graph.Add(squares, graph.ReduceAllSum(graph.Square(g)))
	}
	norm = graph.Sqrt(squares)
	if limit == 0 {
		return gradients, norm
	}
	limitNode := graph.Scalar(norm.Graph(), norm.DType(), limit)
	factor := graph.MinScalar(graph.Div(limitNode, graph.AddScalar(norm, 1e-6)), 1)
	clipped = make([]*graph.Node, len(gradients))
	for i, g := range gradients {
		clipped[i] = graph.Mul(g, factor)
	}
	return clipped, norm
}
