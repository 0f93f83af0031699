package methods

import (
	"math"

	"github.com/gomlx/gomlx/core/graph"
)

// longCopy names the copy of the adapter that follows it slowly.
const longCopy = "long"

// slowCopy adds a copy of the adapter that follows it after each step; measure names how far apart
// the two are.
func (s *Session) slowCopy(lambda float64, measure string) Hooks {
	s.AddCoefficient("lambda", lambda)
	s.AddCopies(longCopy, false)
	return Hooks{
		AfterStep: s.follow,
		Measure: func(n StepNodes) []NamedNode {
			return []NamedNode{{measure, s.distance(n.After, "", longCopy)}}
		},
	}
}

// follow moves the long-term copy towards the adapter: θˡ ← λθˡ + (1−λ)θ.
func (s *Session) follow(v Vars) {
	for _, t := range s.Trained() {
		name := Name(t.Projection, longCopy, t.Tensor)
		v[name] = movingAverage(v[name], t.In(v, ""), v.Coefficient("lambda"))
	}
}

// memories are values of λ whose moving average goes over 0.4 tasks' steps on rung 0, and on each
// further rung over 2.5 times as many, from 2 steps to 16 tasks: one that is much longer than a
// task follows it too late, one that is much shorter keeps nothing of the tasks before.
func memories(s Scale, k int) ([]any, bool) {
	tasks := 0.4 * math.Pow(2.5, float64(k))
	steps := tasks * float64(s.TaskSteps)
	return []any{math.Round(1e4*(1-1/steps)) / 1e4}, steps >= 2 && tasks < 16
}

// movingAverage is λ·old + (1−λ)·new for a scalar λ.
func movingAverage(old, new, lambda *graph.Node) *graph.Node {
	return graph.Add(graph.Mul(old, lambda), graph.Mul(new, graph.OneMinus(lambda)))
}
