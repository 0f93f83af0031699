package experiments

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"secura/experiments/record"
	"secura/experiments/rundir"
)

// The files of an evaluation's folder.
const (
	evaluationFile = "eval.json"
	evaluatedFile  = "examples.jsonl"
)

// ReserveEvaluation makes the folder for an evaluation before it is computed. One that holds an
// evaluation or a run already, or that cannot be written to, is an error.
func ReserveEvaluation(dir string) error {
	for _, name := range []string{evaluationFile, evaluatedFile, rundir.ManifestName} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return fmt.Errorf("write the evaluation: %s has %s already; give another folder, or remove this one", dir, name)
		}
	}
	err := os.MkdirAll(dir, 0o755)
	if err == nil {
		var probe string
		if probe, err = os.MkdirTemp(dir, ".probe-"); err == nil {
			err = os.Remove(probe)
		}
	}
	if err != nil {
		return fmt.Errorf("write the evaluation: %w", err)
	}
	return nil
}

// WriteEvaluation writes eval.json and examples.jsonl into a folder.
func WriteEvaluation(dir string, e record.Evaluation, examples []record.EvaluatedExample) error {
	err := rundir.WriteFile(filepath.Join(dir, evaluatedFile), func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		for _, example := range examples {
			if err := encoder.Encode(example); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return rundir.WriteJSON(filepath.Join(dir, evaluationFile), e)
}
