package report

import (
	"fmt"
	"math"
	"strconv"

	"secura/experiments/record"
	"secura/experiments/suite"
	"secura/reports/metric"
)

// Recovered is the score of a task after so many further examples of it, from what was learned in
// the whole stream.
type Recovered struct {
	Examples int
	Score    float64
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
	c.Recovered = append(c.Recovered, Recovered{e.Examples, x})
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

// RecoveryExamples are the numbers of further examples that any cell was scored after, ascending.
func (r *Report) RecoveryExamples() []int {
	return ofAnyCell(r, func(c Cell) []Recovered { return c.Recovered }, func(x Recovered) int { return x.Examples })
}

// RecoveryMeasures are the mean score of the tasks but the last after each of some numbers of
// further examples, ascending, and last the share of what was forgotten that the most of these
// bring back.
func RecoveryMeasures(examples []int) []Measure {
	names := make([]string, len(examples))
	for i, n := range examples {
		names[i] = strconv.Itoa(n)
	}
	return recoveryMeasures(names, examples)
}

func recoveryMeasures(names []string, examples []int) (list []Measure) {
	for i, n := range examples {
		list = append(list, Measure{Key: "recovered@" + names[i], Head: []string{"after", names[i]}, Better: 1,
			Meaning: "mean score of the tasks but the last after " + names[i] + " further examples of each, at the end",
			Of:      func(c Cell) metric.Value { return c.RecoveredBy(n) }})
	}
	most := examples[len(examples)-1]
	return append(list, Measure{Key: "recovery", Head: []string{"", "back"}, Better: 1,
		Meaning: "share of what was forgotten that the most further examples bring back",
		Of: func(c Cell) metric.Value {
			end, after, own := c.RecoveredBy(0), c.RecoveredBy(most), LearnedButLast(c)
			for _, v := range []metric.Value{end, after, own} {
				if !v.Defined() {
					return v
				}
			}
			if own.Number <= end.Number {
				return metric.Undefined("nothing was forgotten")
			}
			return metric.Number((after.Number - end.Number) / (own.Number - end.Number))
		}})
}

// LearnedButLast is the mean score of the tasks but the last, each right after its own training.
func LearnedButLast(c Cell) metric.Value {
	return metric.AfterOwnTraining(metric.Matrix{R: c.R}, func(j int) bool { return j < len(c.Tasks)-1 })
}
