package experiments

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"secura/datasets/prepared"
	"secura/experiments/pretrained"
	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/stream"
	"secura/experiments/suite"
)

// CheckCell holds a cell's files against each other and against the data, without executing
// anything: its seal, its records, the predictions that they name, and the scores, which are
// computed from the predictions again. checkpoints says whether the checkpoints must be there. It
// returns everything that is wrong.
func (w *Worker) CheckCell(ctx context.Context, cell suite.Cell, checkpoints bool) (wrong []error) {
	if err := w.use(ctx, cell.Backbone); err != nil {
		return []error{fmt.Errorf("cell %s: %w", cell.ID, err)}
	}
	folder := w.run.Cell(cell.ID)
	wrong = rundir.CheckSeal(folder, checkpoints)
	events, torn, err := record.ReadEvents(folder.Records())
	if err != nil {
		return append(wrong, err)
	}
	if torn {
		wrong = append(wrong, fmt.Errorf("%s: the last line is cut", folder.Records()))
	}
	steps, torn, err := record.Read[record.Step](folder.Steps())
	if (err != nil && !errors.Is(err, os.ErrNotExist)) || torn {
		wrong = append(wrong, errors.Join(err, fmt.Errorf("%s cannot be read whole", folder.Steps())))
	}
	other, err := OtherSettings(w.suite, cell, folder)
	if err != nil {
		wrong = append(wrong, err)
	}
	rate := otherRate(w.suite, cell)
	for i := 0; i < len(steps) && other == ""; i++ {
		other = rate(steps[i])
	}
	if other != "" {
		wrong = append(wrong, fmt.Errorf("cell %s was computed with other settings than the run's: %s", cell.ID, other))
	}
	for _, e := range events {
		path := folder.Predictions(e.Index)
		switch e.Kind {
		case record.Boundary:
		case record.Curve:
			path = folder.PredictionsAt(e.Index, e.Step)
		default:
			continue
		}
		if err := w.checkScores(cell, e, path); err != nil {
			wrong = append(wrong, fmt.Errorf("cell %s: %w", cell.ID, err))
		}
	}
	return wrong
}

// checkScores computes an event's scores from its predictions, and its file of predictions from
// what the data say.
func (w *Worker) checkScores(cell suite.Cell, e record.Event, path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if sum := rundir.HashBytes(path, data).SHA256; sum != e.Predictions {
		return fmt.Errorf("%s has sha256 %s, its record says %s", path, sum, e.Predictions)
	}
	rows, err := record.ReadPredictions(path)
	if err != nil {
		return err
	}
	row, again, err := w.evaluator.ScoreAgain(cell.Tasks, rows)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if !bytes.Equal(again, data) {
		return fmt.Errorf("%s: its rows are not those of the data, or their scores are not those of their predictions", path)
	}
	computed := record.Event{Kind: e.Kind, Index: e.Index, Step: e.Step, Knowledge: row.Knowledge, KnowledgeParts: row.Parts, Perplexity: e.Perplexity,
		Scores: row.InOrder(cell.Tasks)}
	if d := scoresApart(e, computed, 0); d != "" {
		return fmt.Errorf("%s %d: %s by its predictions", e.Kind, e.Index, d)
	}
	return nil
}

// scoresApart names the first difference between the scores of an event and what was computed
// again; empty if none.
func scoresApart(kept, again record.Event, tolerance float64) string {
	type scores struct {
		Scores         []record.TaskScores `json:"scores"`
		Knowledge      *float64            `json:"knowledge"`
		KnowledgeParts []record.Score      `json:"knowledge_parts"`
		Perplexity     *float64            `json:"perplexity"`
	}
	encode := func(e record.Event) []byte {
		data, _ := json.Marshal(scores{e.Scores, e.Knowledge, e.KnowledgeParts, e.Perplexity}) // finite numbers, as records are
		return data
	}
	d, err := record.Difference(encode(kept), encode(again), tolerance)
	if err != nil {
		return err.Error()
	}
	return d
}

// sameLines compares two files of JSON lines and names the first line that differs, and what of it.
// got may be the beginning of want unless whole.
func sameLines(got, want string, whole bool) error {
	a, err := os.ReadFile(got)
	if err != nil {
		return err
	}
	b, err := os.ReadFile(want)
	if err != nil {
		return err
	}
	if bytes.HasPrefix(b, a) && (!whole || len(a) == len(b)) {
		return nil
	}
	for number := 1; ; number++ {
		mine, restA, _ := bytes.Cut(a, []byte("\n"))
		theirs, restB, _ := bytes.Cut(b, []byte("\n"))
		switch {
		case len(a) == 0:
			return fmt.Errorf("%s:%d: the line is too many", want, number)
		case len(b) == 0:
			return fmt.Errorf("%s:%d: the line is missing: %.200s", want, number, mine)
		case !bytes.Equal(mine, theirs):
			d, err := record.Difference(theirs, mine, 0)
			if err != nil || d == "" {
				d = fmt.Sprintf("other bytes than %.200s", mine)
			}
			return fmt.Errorf("%s:%d: %s", want, number, d)
		}
		a, b = restA, restB
	}
}

// CheckFiles holds the data and the backbones' files, and the run's examples, against its manifest.
// backbone is where the backbone lies here, or the backbones in their order, separated by commas;
// empty where the suite says.
func CheckFiles(ctx context.Context, run rundir.Run, manifest rundir.Manifest, s suite.Suite, store *prepared.Store, backbone string) (wrong []error) {
	if hash, err := s.Hash(); err != nil || hash != manifest.Plan {
		wrong = append(wrong, errors.Join(err, fmt.Errorf("%s: the suite has hash %s, its plan %s", run.Manifest(), hash, manifest.Plan)))
	}
	files, err := identify(s, backbone, &prepared.Store{DataDir: store.DataDir}) // one that remembers nothing
	if err != nil {
		return append(wrong, err)
	}
	wrong = append(wrong, rundir.FileChanges(manifest.Files, files)...)
	temp, err := os.MkdirTemp("", "verify-")
	if err != nil {
		return append(wrong, err)
	}
	defer os.RemoveAll(temp)
	again := rundir.Run{Path: temp}
	places, err := s.Places(backbone)
	if err != nil {
		return append(wrong, err)
	}
	b, err := pretrained.OpenTexts(places[0], backboneOptions(s))
	if err != nil {
		return append(wrong, err)
	}
	data, err := stream.LoadTests(ctx, s, store, b)
	if err != nil {
		return append(wrong, err)
	}
	if err := WriteExamples(again, data); err != nil {
		return append(wrong, err)
	}
	if err := sameFile(again.Examples(), run.Examples()); err != nil {
		wrong = append(wrong, fmt.Errorf("the texts of the examples are not those of the data: %w", err))
	}
	return wrong
}

// checkUnchanged says whether the files that a run reads are those of its manifest.
func checkUnchanged(manifest, files []rundir.File, dataDir string) error {
	if changes := rundir.FileChanges(manifest, files); len(changes) > 0 {
		return fmt.Errorf("the files of the run in %s are not those that it began with: %w", filepath.Clean(dataDir), errors.Join(changes...))
	}
	return nil
}
