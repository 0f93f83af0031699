package evaluation

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"secura/experiments/record"
)

// predictionOrder is the order of groups in a file of predictions: tasks in their order of learning
// and then the battery.
func (v *Evaluator) predictionOrder(tasks []int) []int {
	order := slices.Clone(tasks)
	for g := len(v.data.Tasks); g < len(v.Groups()); g++ {
		order = append(order, g)
	}
	return order
}

// EncodePredictions makes a file of what was predicted; tasks are in the order of learning.
func (v *Evaluator) EncodePredictions(tasks []int, row *Row) ([]byte, error) {
	groups := v.Groups()
	var rows []record.Prediction
	for _, g := range v.predictionOrder(tasks) {
		for i, p := range row.Groups[g] {
			e := groups[g].Examples[i]
			hash := sha256.Sum256([]byte(e.Prompt))
			rows = append(rows, record.Prediction{Task: e.Task, ID: int32(e.ID), PromptHash: hex.EncodeToString(hash[:8]),
				Gold: strings.TrimSpace(e.Answer), Prediction: p.Answer(e), OptionScores: p.Sums, Score: p.Score, Correct: p.Score == 1})
		}
	}
	return record.EncodePredictions(rows)
}

// InOrder are the scores of the tasks that were evaluated, in the order of learning.
func (e *Row) InOrder(tasks []int) (scores []record.TaskScores) {
	for _, i := range tasks {
		if s := e.Scores[i]; s.Scores != nil {
			scores = append(scores, s)
		}
	}
	return scores
}

// ScoreAgain makes the evaluation again that rows of predictions were written of, with scores
// computed from the predictions, and the file of predictions that it would write. tasks are in the
// order of learning.
func (v *Evaluator) ScoreAgain(tasks []int, rows []record.Prediction) (row *Row, predictions []byte, err error) {
	part, row, err := v.evaluationOf(tasks, rows)
	if err == nil {
		err = part.summarise(row)
	}
	if err == nil {
		predictions, err = part.EncodePredictions(tasks, row)
	}
	return row, predictions, err
}

// evaluationOf makes the evaluation again that rows of predictions were written of, and an
// evaluator of what they cover.
func (v *Evaluator) evaluationOf(tasks []int, rows []record.Prediction) (*Evaluator, *Row, error) {
	groups := v.Groups()
	at := 0
	row := &Row{Groups: make([][]Prediction, len(groups))}
	for _, g := range v.predictionOrder(tasks) {
		t := groups[g]
		if at >= len(rows) || rows[at].Task != t.Task.Name {
			continue // was not evaluated
		}
		if len(rows)-at < len(t.Test) {
			return nil, nil, fmt.Errorf("task %s has %d predictions, expected %d", t.Task.Name, len(rows)-at, len(t.Test))
		}
		for i, r := range rows[at : at+len(t.Test)] {
			p := Prediction{Text: r.Prediction, Option: -1}
			if t.Task.Choice() {
				if len(r.OptionScores) != len(t.Test[i].Options) {
					return nil, nil, fmt.Errorf("task %s, example %d has scores of %d options, expected %d", r.Task, r.ID, len(r.OptionScores), len(t.Test[i].Options))
				}
				lengths := make([]int, len(r.OptionScores))
				for k, option := range t.Test[i].Options {
					lengths[k] = len(option)
				}
				p = Chosen(r.OptionScores, lengths)
			}
			row.Groups[g] = append(row.Groups[g], p)
		}
		at += len(t.Test)
	}
	if at != len(rows) {
		return nil, nil, fmt.Errorf("row %d is of task %q, which does not come there", at+1, rows[at].Task)
	}
	part := *v
	part.covers = func(group int) bool { return row.Groups[group] != nil }
	return &part, row, nil
}
