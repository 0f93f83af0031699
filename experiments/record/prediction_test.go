package record

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestPredictionsComeBackAsTheyWere holds that nothing of a row is lost, and that equal rows give
// equal bytes.
func TestPredictionsComeBackAsTheyWere(t *testing.T) {
	rows := []Prediction{
		{Task: "sums", ID: 3, PromptHash: "0011223344556677", Gold: "7", Prediction: "</script>\x00ü", Score: 0.25},
		{Task: "sums", ID: 4, Gold: "a", Prediction: "", OptionScores: []float64{-1.5, -2}, Score: 1, Correct: true},
	}
	data, err := EncodePredictions(rows)
	if err != nil {
		t.Fatal(err)
	}
	again, err := EncodePredictions(rows)
	if err != nil {
		t.Fatal(err)
	}
	if string(data) != string(again) {
		t.Error("equal rows gave different bytes")
	}
	path := filepath.Join(t.TempDir(), "00.parquet")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	read, err := ReadPredictions(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(rows, read, cmpopts.EquateEmpty()); d != "" {
		t.Error(d)
	}
}

// TestFilesThatAreNoRows says which file is missing or malformed.
func TestFilesThatAreNoRows(t *testing.T) {
	dir := t.TempDir()
	if _, err := ReadExamples(filepath.Join(dir, "none.parquet")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file gave %v", err)
	}
	path := filepath.Join(dir, "cut.parquet")
	for _, content := range []string{"", "PAR1", strings.Repeat("no Parquet file ", 10)} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadPredictions(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("the content %q gave %v; want an error that names the file", content, err)
		}
	}
}

// TestDamagedPredictionsAreAnError, or rows: never a panic.
func TestDamagedPredictionsAreAnError(t *testing.T) {
	var rows []Prediction
	for i := range 40 {
		rows = append(rows, Prediction{Task: "t", ID: int32(i), Gold: "gold", Prediction: "text", OptionScores: []float64{1, 2}, Score: 1})
	}
	good, err := EncodePredictions(rows)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "p.parquet")
	r := rand.New(rand.NewPCG(3, 4))
	failed := 0
	for range 120 {
		data := slices.Clone(good)
		for range 1 + r.IntN(4) {
			data[r.IntN(len(data))] ^= byte(1 << r.IntN(8))
		}
		if r.IntN(4) == 0 {
			data = data[:r.IntN(len(data))]
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadPredictions(path); err != nil {
			failed++
			if !strings.Contains(err.Error(), path) {
				t.Errorf("the error does not name the file: %v", err)
			}
		}
	}
	if failed < 40 {
		t.Errorf("only %d of 120 damaged files were errors", failed)
	}
}
