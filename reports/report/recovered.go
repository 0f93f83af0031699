package report

import (
	"fmt"
	"math"

	"secura/experiments/record"
	"secura/experiments/suite"
	"secura/reports/metric"
)

// Recovered is the score of a task, from 1, after so many further examples of it, from what was
// learned in the whole stream.
type Recovered struct {
	Index, Examples int
	Score           float64
}

// recovered takes an event of one.
func (c *Cell) recovered(e record.Event) error {
	if e.Index >= len(c.Tasks) {
		return fmt.Errorf("a recovery of task %d in a stream of %d tasks: only earlier ones than the last can recover", e.Index, len(c.Tasks))
	}
	x := c.Scores(e)[e.Index-1]
	if math.IsNaN(x) {
		return fmt.Errorf("the recovery of task %s has no score of it", e.Task)
	}
	c.EvalTokens += e.EvalTokens
	c.Recovered = append(c.Recovered, Recovered{e.Index, e.Examples, x})
	return nil
}

// RecoveredBy is the mean over the tasks but the last of their scores: of R[N][j] after 0 further
// examples, and else after so many.
func (c Cell) RecoveredBy(examples int) metric.Value {
	n := len(c.Tasks)
	switch {
	case c.Method.Preset == suite.Frozen:
		return metric.Undefined("no training")
	case c.Method.Preset == suite.Joint:
		return metric.Undefined("all tasks are learned at once")
	case n < 2:
		return metric.Undefined("a single task")
	case examples == 0:
		return metric.Number(FirstOf(c.R[n], n-1))
	}
	sum, found := 0.0, 0
	for _, r := range c.Recovered {
		if r.Examples == examples {
			sum += r.Score
			found++
		}
	}
	if found != n-1 {
		return metric.Undefined(fmt.Sprintf("after %d further examples %d of %d tasks were scored", examples, found, n-1))
	}
	return metric.Number(sum / float64(n-1))
}
