package suite

import (
	"fmt"
	"slices"
)

// maxRecovery bounds the examples of evaluation.recovery: a few, or it is training.
const maxRecovery = 4096

// validateStream checks how the tasks follow each other, and when they are evaluated.
func (s Suite) validateStream(r *rules) {
	r.oneOf("stream", s.Stream, Sequential, Separate)
	for _, spec := range s.Methods {
		r.must(s.Stream != Separate || spec.Preset != Joint, "method %q learns all tasks at once, but stream: %s learns each alone; leave one of the two out", spec.Name, Separate)
	}
	s.validateTaskOrders(r)
	e := s.Evaluation
	r.oneOf("evaluation.every", e.Every, EveryTask, EveryFinal)
	switch {
	case e.EverySteps < 0:
		r.wrong("evaluation.every_steps is %d, must not be negative; 0 evaluates at boundaries alone", e.EverySteps)
	case e.EverySteps >= s.Training.Steps && s.Training.Steps > 0:
		r.wrong("evaluation.every_steps is %d, must be below training.steps, %d, to fall within a task; 0 evaluates at boundaries alone", e.EverySteps, s.Training.Steps)
	case e.EverySteps > 0 && e.Every == EveryFinal:
		r.wrong("evaluation.every_steps evaluates everything within tasks, but evaluation.every: %s leaves boundaries out; give every: %s", EveryFinal, EveryTask)
	}
	r.must(ascending(e.AtSteps, 1) && (len(e.AtSteps) == 0 || slices.Max(e.AtSteps) < s.Training.Steps),
		"evaluation.at_steps is %v, must ascend from at least 1 and stay below training.steps, %d: the last step is a boundary", e.AtSteps, s.Training.Steps)
	r.must(ascending(e.Recovery, 1) && (len(e.Recovery) == 0 || slices.Max(e.Recovery) <= maxRecovery),
		"evaluation.recovery is %v, must ascend from at least 1 to at most %d further examples", e.Recovery, maxRecovery)
	r.must(len(e.Recovery) == 0 || s.Stream != Separate, "evaluation.recovery learns on where a stream ends, but stream: %s has no end", Separate)
	mixes := slices.Clone(e.Interpolate)
	slices.Sort(mixes)
	r.must(slices.Equal(mixes, e.Interpolate) && len(slices.Compact(mixes)) == len(e.Interpolate) && !slices.ContainsFunc(mixes, func(x float64) bool { return !(x > 0 && x < 1) }),
		"evaluation.interpolate is %v, must ascend between 0 and 1, both left out: 0 is the base row, 1 what was learned", e.Interpolate)
	r.must(len(e.Interpolate) == 0 || s.Stream != Separate, "evaluation.interpolate evaluates where a stream ends, but stream: %s has no end", Separate)
	r.must(len(e.AtSteps) == 0 || e.Every != EveryFinal, "evaluation.at_steps evaluates everything within a task, but evaluation.every: %s leaves boundaries out; give every: %s", EveryFinal, EveryTask)
}

// validateTaskOrders checks that each order names every task once.
func (s Suite) validateTaskOrders(r *rules) {
	if r.lost {
		return
	}
	names := slices.Sorted(slices.Values(s.TaskNames()))
	for i, order := range s.TaskOrders {
		for _, name := range order {
			r.oneOf(fmt.Sprintf("task in task_orders[%d]", i), name, names...)
		}
		_, known := s.InOrder(order)
		r.must(known && len(order) == len(names), "task_orders[%d] must name each of the %d tasks once; it names %d", i, len(names), len(order))
	}
}
