package suite

import (
	"fmt"
	"slices"

	"secura/datasets"
)

// validateStream checks how the tasks follow each other, and when they are evaluated.
func (s Suite) validateStream(wrong func(string, ...any)) {
	if streams := []string{Sequential, Separate}; !slices.Contains(streams, s.Stream) {
		wrong("%s", datasets.Unknown("stream", s.Stream, streams))
	}
	if s.Stream == Separate {
		for _, spec := range s.Methods {
			if spec.Preset == Joint {
				wrong("method %q learns all tasks at once, but stream: %s learns each alone; leave one of the two out", spec.Name, Separate)
			}
		}
	}
	s.validateTaskOrders(wrong)
	e := s.Evaluation
	if every := []string{EveryTask, EveryFinal}; !slices.Contains(every, e.Every) {
		wrong("%s", datasets.Unknown("evaluation.every", e.Every, every))
	}
	switch {
	case e.EverySteps < 0:
		wrong("evaluation.every_steps is %d, must not be negative; 0 evaluates at boundaries alone", e.EverySteps)
	case e.EverySteps >= s.Training.Steps && s.Training.Steps > 0:
		wrong("evaluation.every_steps is %d, must be below training.steps, %d, to fall within a task; 0 evaluates at boundaries alone", e.EverySteps, s.Training.Steps)
	case e.EverySteps > 0 && e.Every == EveryFinal:
		wrong("evaluation.every_steps evaluates everything within tasks, but evaluation.every: %s leaves boundaries out; give every: %s", EveryFinal, EveryTask)
	}
	for i, at := range e.AtSteps {
		if at < 1 || at >= s.Training.Steps || i > 0 && at <= e.AtSteps[i-1] {
			wrong("evaluation.at_steps is %v, must ascend from at least 1 and stay below training.steps, %d: the last step is a boundary", e.AtSteps, s.Training.Steps)
			break
		}
	}
	if len(e.AtSteps) > 0 && e.Every == EveryFinal {
		wrong("evaluation.at_steps evaluates everything within a task, but evaluation.every: %s leaves boundaries out; give every: %s", EveryFinal, EveryTask)
	}
}

// validateTaskOrders checks that each order names every task once.
func (s Suite) validateTaskOrders(wrong func(string, ...any)) {
	names := slices.Sorted(slices.Values(s.TaskNames()))
	for i, order := range s.TaskOrders {
		for _, name := range order {
			if !slices.Contains(names, name) {
				wrong("%s", datasets.Unknown(fmt.Sprintf("task in task_orders[%d]", i), name, names))
			}
		}
		if !slices.Equal(slices.Sorted(slices.Values(order)), names) {
			wrong("task_orders[%d] must name each of the %d tasks once; it names %d", i, len(names), len(order))
		}
	}
}
