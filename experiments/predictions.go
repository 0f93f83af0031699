package experiments

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/parquet-go/parquet-go"

	"secura/experiments/rundir"
)

// predictionRow is a row of predictions/NN.parquet.
type predictionRow struct {
	Task       string `parquet:"task,dict"`
	ID         int32  `parquet:"id"`
	PromptHash string `parquet:"prompt_sha256"` // the first 16 hex digits
	Gold       string `parquet:"gold"`
	Prediction string `parquet:"prediction"`
	// OptionScores are the options' log-likelihoods; empty where the answer was written.
	OptionScores []float64 `parquet:"option_scores,list"`
	// Score is the example's own, by the task's first score.
	Score   float64 `parquet:"score"`
	Correct bool    `parquet:"correct"`
}

// exampleRow is a row of examples.parquet: the texts, once per run.
type exampleRow struct {
	Task    string   `parquet:"task,dict"`
	ID      int32    `parquet:"id"`
	Prompt  string   `parquet:"prompt"`
	Options []string `parquet:"options,list"`
	Gold    string   `parquet:"gold"`
}

// writePredictions writes what was predicted at a boundary, tasks in the cell's order and then the battery, and returns
// the file's sha256.
func (w *Worker) writePredictions(path string, cell Cell, row *evaluation) (string, error) {
	groups := w.evaluator.groups()
	order := append([]int{}, cell.Tasks...)
	for g := len(w.data.tasks); g < len(groups); g++ {
		order = append(order, g)
	}
	var rows []predictionRow
	for _, g := range order {
		for i, p := range row.groups[g] {
			e := groups[g].examples[i]
			text := p.text
			if p.option >= 0 {
				text = strings.TrimSpace(e.Options[p.option])
			}
			hash := sha256.Sum256([]byte(e.Prompt))
			rows = append(rows, predictionRow{e.Task, int32(e.ID), hex.EncodeToString(hash[:8]), strings.TrimSpace(e.Answer), text,
				p.sums, p.score, p.score == 1})
		}
	}
	data, err := parquetBytes(rows)
	if err != nil {
		return "", fmt.Errorf("write predictions: %w", err)
	}
	if err := rundir.WriteBytes(path, data); err != nil {
		return "", err
	}
	return rundir.HashBytes(path, data).SHA256, nil
}

// parquetBytes makes a Parquet file in memory; equal rows give equal bytes.
func parquetBytes[T any](rows []T) ([]byte, error) {
	var out bytes.Buffer
	writer := parquet.NewGenericWriter[T](&out, parquet.Compression(&parquet.Zstd), parquet.CreatedBy("secura", "1", ""))
	if _, err := writer.Write(rows); err != nil {
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
