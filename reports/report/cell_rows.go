package report

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"secura/experiments/record"
	"secura/experiments/suite"
)

// Point is what a cell measured at a step within a task.
type Point struct {
	// Index is the 1-based position of the task, Step the step within it; a cell of joint training
	// counts all its steps in one task, after the last.
	Index int
	Task  string
	Step  int
	// Scores are as a row of R; K and Perplexity are NaN where not measured.
	Scores        []float64
	K, Perplexity float64
	// Forced is as a row of Cell.Forced.
	Forced []record.TeacherForced
}

// Scores is a row of R: NaN where a task was not evaluated.
func (c *Cell) Scores(e record.Event) []float64 {
	row := make([]float64, len(c.Tasks))
	for j, name := range c.Tasks {
		row[j] = math.NaN()
		if i := slices.IndexFunc(e.Scores, func(s record.TaskScores) bool { return s.Task == name }); i >= 0 {
			row[j] = e.Scores[i].Scores[0].Value
		}
	}
	return row
}

// within takes what was evaluated within a task.
func (c *Cell) within(e record.Event) error {
	if e.Index > len(c.Tasks) {
		return fmt.Errorf("an evaluation within task %d in a stream of %d tasks", e.Index, len(c.Tasks))
	}
	p := Point{Index: e.Index, Task: e.Task, Step: e.Step, Scores: c.Scores(e), K: math.NaN(), Perplexity: math.NaN(), Forced: e.TeacherForced}
	for j, x := range p.Scores {
		if math.IsNaN(x) {
			return fmt.Errorf("the evaluation at step %d of task %s has no score of task %s", e.Step, e.Task, c.Tasks[j])
		}
	}
	if n := len(c.Curve); n > 0 && (c.Curve[n-1].Index > p.Index || c.Curve[n-1].Index == p.Index && c.Curve[n-1].Step >= p.Step) {
		return fmt.Errorf("the evaluation at step %d of task %s is not after the one before it", e.Step, e.Task)
	}
	if e.Knowledge != nil {
		p.K = *e.Knowledge
	}
	if e.Perplexity != nil {
		p.Perplexity = *e.Perplexity
	}
	c.EvalTokens += e.EvalTokens
	c.Curve = append(c.Curve, p)
	return nil
}

// whole says which boundary, or which of its scores, a cell lacks that claims to be done.
func (c *Cell) whole(s suite.Suite) error {
	if len(c.R) == 0 {
		return errors.New("the cell ended without any boundary")
	}
	for i, row := range c.R {
		between := i > 0 && i < len(c.R)-1
		if row == nil {
			if c.Method.Preset == suite.Joint && between {
				continue
			}
			return fmt.Errorf("the cell ended without boundary %d", i)
		}
		ownAlone := s.Evaluation.Every == suite.EveryFinal && i > 0 && (between || s.Separate())
		for j, name := range c.Tasks {
			if math.IsNaN(row[j]) && (j == i-1 || !ownAlone) {
				return fmt.Errorf("boundary %d has no score of task %s", i, name)
			}
		}
	}
	return nil
}
