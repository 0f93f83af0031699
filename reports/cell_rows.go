package reports

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"secura/experiments/record"
)

// Point is what a cell measured at a step within a task.
type Point struct {
	// Index is the 1-based position of the task, Step the step within it; a cell
	// of joint training counts all its steps in one task, behind the last.
	Index int
	Task  string
	Step  int
	// Scores are as a row of R; K and Perplexity are NaN where not measured.
	Scores        []float64
	K, Perplexity float64
	// Forced is as a row of Cell.Forced.
	Forced []record.TeacherForced
}

// scores is a row of R: NaN where a task was not evaluated.
func (c *Cell) scores(e record.Event) []float64 {
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
	p := Point{Index: e.Index, Task: e.Task, Step: e.Step, Scores: c.scores(e), K: math.NaN(), Perplexity: math.NaN(), Forced: e.TeacherForced}
	for j, x := range p.Scores {
		if math.IsNaN(x) {
			return fmt.Errorf("the evaluation at step %d of task %s has no score of task %s", e.Step, e.Task, c.Tasks[j])
		}
	}
	if n := len(c.Curve); n > 0 && (c.Curve[n-1].Index > p.Index || c.Curve[n-1].Index == p.Index && c.Curve[n-1].Step >= p.Step) {
		return fmt.Errorf("the evaluation at step %d of task %s is not behind the one before", e.Step, e.Task)
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

// whole says which boundary, or which of its scores, a cell lacks that claims
// to be done.
func (c *Cell) whole(suite Suite) error {
	if len(c.R) == 0 {
		return errors.New("the cell ended without any boundary")
	}
	for i, row := range c.R {
		between := i > 0 && i < len(c.R)-1
		if row == nil {
			if c.Method.Preset == "joint" && between {
				continue
			}
			return fmt.Errorf("the cell ended without boundary %d", i)
		}
		ownAlone := suite.Evaluation.Every == "final" && i > 0 && (between || suite.Separate())
		for j, name := range c.Tasks {
			if math.IsNaN(row[j]) && (j == i-1 || !ownAlone) {
				return fmt.Errorf("boundary %d has no score of task %s", i, name)
			}
		}
	}
	return nil
}
