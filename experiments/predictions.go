package experiments

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"secura/experiments/record"
	"secura/experiments/rundir"
)

// writePredictions writes what was predicted at a boundary, tasks in the cell's order and then the battery, and returns
// the file's sha256.
func (w *Worker) writePredictions(path string, cell Cell, row *evaluation) (string, error) {
	groups := w.evaluator.groups()
	order := append([]int{}, cell.Tasks...)
	for g := len(w.data.tasks); g < len(groups); g++ {
		order = append(order, g)
	}
	var rows []record.Prediction
	for _, g := range order {
		for i, p := range row.groups[g] {
			e := groups[g].examples[i]
			text := p.text
			if p.option >= 0 {
				text = strings.TrimSpace(e.Options[p.option])
			}
			hash := sha256.Sum256([]byte(e.Prompt))
			rows = append(rows, record.Prediction{Task: e.Task, ID: int32(e.ID), PromptHash: hex.EncodeToString(hash[:8]),
				Gold: strings.TrimSpace(e.Answer), Prediction: text, OptionScores: p.sums, Score: p.score, Correct: p.score == 1})
		}
	}
	data, err := record.EncodePredictions(rows)
	if err != nil {
		return "", fmt.Errorf("write predictions: %w", err)
	}
	if err := rundir.WriteBytes(path, data); err != nil {
		return "", err
	}
	return rundir.HashBytes(path, data).SHA256, nil
}
