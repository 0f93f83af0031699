package record

import (
	"bytes"
	"fmt"
	"os"

	"github.com/parquet-go/parquet-go"
)

// Prediction is a row of predictions/NN.parquet: what was predicted for one example at one
// boundary.
type Prediction struct {
	Task       string `parquet:"task,dict"`
	ID         int32  `parquet:"id"`
	PromptHash string `parquet:"prompt_sha256"` // the first 16 hex digits
	Gold       string `parquet:"gold"`
	Prediction string `parquet:"prediction"`
	// OptionScores are the options' log-likelihoods; empty where the answer was written.
	OptionScores []float64 `parquet:"option_scores,list"`
	// Score is the example's own, in [0, 1], by the task's first score.
	Score   float64 `parquet:"score"`
	Correct bool    `parquet:"correct"`
}

// Example is a row of examples.parquet: the texts of an example that is evaluated, once per run.
// Predictions name it by task and id.
type Example struct {
	Task    string   `parquet:"task,dict"`
	ID      int32    `parquet:"id"`
	Prompt  string   `parquet:"prompt"`
	Options []string `parquet:"options,list"`
	Gold    string   `parquet:"gold"`
}

// EncodePredictions makes a file of predictions in memory; equal rows give equal bytes.
func EncodePredictions(rows []Prediction) ([]byte, error) { return encodeRows("predictionRow", rows) }

// EncodeExamples makes the file of a run's examples in memory; equal rows give equal bytes.
func EncodeExamples(rows []Example) ([]byte, error) { return encodeRows("exampleRow", rows) }

// encodeRows writes the schema under a given name: it is part of the bytes, whose hash is in the
// records, so it stays whatever the type is called.
func encodeRows[T any](name string, rows []T) ([]byte, error) {
	var out bytes.Buffer
	writer := parquet.NewGenericWriter[T](&out, parquet.NewSchema(name, parquet.SchemaOf(new(T))),
		parquet.Compression(&parquet.Zstd), parquet.CreatedBy("secura", "1", ""))
	if _, err := writer.Write(rows); err != nil {
		return nil, fmt.Errorf("encode rows: %w", err)
	}
	if err := writer.Close(); err != nil {
		return nil, fmt.Errorf("encode rows: %w", err)
	}
	return out.Bytes(), nil
}

// ReadPredictions reads a file of predictions. A missing file gives an error that is
// os.ErrNotExist.
func ReadPredictions(path string) ([]Prediction, error) { return readRows[Prediction](path) }

// ReadExamples reads the texts of a run's examples. A missing file gives an error that is
// os.ErrNotExist.
func ReadExamples(path string) ([]Example, error) { return readRows[Example](path) }

// readRows contains what the library makes of a file that is none: a panic is an error that names
// the file.
func readRows[T any](path string) (rows []T, err error) {
	defer func() {
		if r := recover(); r != nil {
			rows, err = nil, fmt.Errorf("read rows of %s: the file is damaged: %v", path, r)
		}
	}()
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read rows: %w", err)
	}
	rows, err = parquet.Read[T](bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("read rows of %s: %w", path, err)
	}
	return rows, nil
}
