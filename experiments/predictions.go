package experiments

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
)

// writePredictions writes what was predicted at a boundary, and returns the file's sha256.
func (w *Worker) writePredictions(path string, cell suite.Cell, row *evaluation) (string, error) {
	data, err := w.encodePredictions(cell, row)
	if err != nil {
		return "", fmt.Errorf("write predictions: %w", err)
	}
	if err := rundir.WriteBytes(path, data); err != nil {
		return "", err
	}
	return rundir.HashBytes(path, data).SHA256, nil
}

// predictionOrder is the order of groups in a file of predictions: tasks in the cell's order and then the battery.
func (w *Worker) predictionOrder(cell suite.Cell) []int {
	order := append([]int{}, cell.Tasks...)
	for g := len(w.data.tasks); g < len(w.evaluator.groups()); g++ {
		order = append(order, g)
	}
	return order
}

// encodePredictions makes a file of what was predicted.
func (w *Worker) encodePredictions(cell suite.Cell, row *evaluation) ([]byte, error) {
	groups := w.evaluator.groups()
	var rows []record.Prediction
	for _, g := range w.predictionOrder(cell) {
		for i, p := range row.groups[g] {
			e := groups[g].examples[i]
			hash := sha256.Sum256([]byte(e.Prompt))
			rows = append(rows, record.Prediction{Task: e.Task, ID: int32(e.ID), PromptHash: hex.EncodeToString(hash[:8]),
				Gold: strings.TrimSpace(e.Answer), Prediction: p.answer(e), OptionScores: p.sums, Score: p.score, Correct: p.score == 1})
		}
	}
	return record.EncodePredictions(rows)
}

// inOrder are the scores of the tasks that were evaluated, in the cell's order.
func inOrder(cell suite.Cell, row *evaluation) (scores []record.TaskScores) {
	for _, i := range cell.Tasks {
		if s := row.scores[i]; s.Scores != nil {
			scores = append(scores, s)
		}
	}
	return scores
}
