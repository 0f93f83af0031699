package experiments

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"secura/experiments/evaluation"
	"secura/experiments/record"
	"secura/experiments/suite"
	"secura/methods/backbone"
)

// What the other program does not do would make two jobs of one.
func TestJobIsRefusedWhereTorchWouldDoAnother(t *testing.T) {
	y := newToy(t)
	constant, forced := y.with(suite.MethodSpec{Preset: "seq"}), y.with(suite.MethodSpec{Preset: "seq"})
	constant.Training.Schedule, forced.Evaluation.TeacherForced = suite.Constant, true
	for key, s := range map[string]suite.Suite{"training.schedule": constant, "evaluation.teacher_forced": forced} {
		if _, err := WriteJob(t.Context(), s, WorkerOptions{Store: y.store(), Backend: backbone.BackendOptions{Name: "go"}}, t.TempDir()); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: error %v", key, err)
		}
	}
}

// The rows of a job are those that a cell learns, replayed ones included; what is measured of the
// cell can be read.
func TestJobHasTheRowsOfACell(t *testing.T) {
	y := newToy(t)
	st := y.with(suite.MethodSpec{Preset: "er", Params: map[string]any{"buffer": 0.2}})
	w := y.open(t, st, t.TempDir())
	w.until = 2
	cell := w.cells[0]
	if err := w.RunCell(context.Background(), cell, nil); err != nil {
		t.Fatal(err)
	}
	folder := w.run.Cell(cell.ID)
	if ended, _ := Ended(folder); ended {
		t.Error("a cell that stops at boundary 2 of 3 counts as finished")
	}
	steps, _, err := record.Read[record.Step](folder.Steps())
	if err != nil {
		t.Fatal(err)
	}
	if last := steps[len(steps)-1]; last.Index != 2 || last.Step != st.Training.Steps {
		t.Errorf("the cell ended at step %d of task %d, expected the end of task 2", last.Step, last.Index)
	}
	times, err := ReadCellTimes(folder)
	if err != nil || times.Train.Seconds <= 0 || times.Evaluate.Seconds <= 0 || times.Execute <= 0 || times.Harness() >= 1 {
		t.Errorf("times %+v, error %v: expected training, evaluation and compiled graphs to take time", times, err)
	}

	out := t.TempDir()
	told, err := WriteJob(context.Background(), st, WorkerOptions{Store: y.store(), Backend: backbone.BackendOptions{Name: "go"}}, out)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(out, "job.json"))
	if err != nil {
		t.Fatal(err)
	}
	var j job
	if err := json.Unmarshal(data, &j); err != nil {
		t.Fatal(err)
	}
	c := j.Cells[0]
	if c.Params["rank"] != 8.0 || len(c.Start) == 0 || len(c.Steps) != len(st.Tasks) || len(told.TrainTokens["er"]) != len(st.Tasks) {
		t.Fatalf("cell of the job: params %v, %d starting tensors, %d tasks", c.Params, len(c.Start), len(c.Steps))
	}
	var losses []float64
	replayed := 0
	for _, s := range steps {
		rows, tokens := c.Steps[s.Index-1][s.Step-1], int64(0)
		for _, row := range rows {
			tokens += int64(len(j.Tasks[row[0]].Train[row[1]][1]) + 1) // the end is learned too
		}
		replayed += len(rows) - st.Training.Batch
		if tokens != s.Tokens {
			t.Errorf("step %d of task %d: %d tokens carry a loss in the job, %d in the cell", s.Step, s.Index, tokens, s.Tokens)
		}
		if s.Index == 1 {
			losses = append(losses, s.Loss)
		}
	}
	if replayed == 0 {
		t.Error("no row was replayed; the comparison shows little")
	}
	losses[2] *= 1.5
	if d, err := LossDifference(folder, losses); err != nil || d < 0.49 || d > 0.51 {
		t.Errorf("losses differ by %g, %v, expected a half", d, err)
	}

	predictions, err := record.ReadPredictions(folder.Predictions(0))
	if err != nil {
		t.Fatal(err)
	}
	var others [][]JobPrediction
	n := 0
	for _, group := range told.groups {
		var list []JobPrediction
		for _, e := range group.Examples {
			var other JobPrediction
			if group.Task.Choice() {
				for k := range e.Options {
					if (evaluation.Prediction{Option: k}).Answer(e) == predictions[n].Prediction {
						other.Option = &k
					}
				}
			} else if other.IDs, err = told.tokenizer.Encode(predictions[n].Prediction); err != nil {
				t.Fatal(err)
			}
			list = append(list, other)
			n++
		}
		others = append(others, list)
	}
	if share, err := told.Agreement(folder.Predictions(0), others); err != nil || share != 1 {
		t.Errorf("predictions agree with themselves by %g, %v", share, err)
	}
}
