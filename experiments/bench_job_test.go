package experiments

import (
	"cmp"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"secura/datasets/prepared"
	"secura/experiments/evaluation"
	"secura/experiments/record"
	"secura/experiments/suite"
	"secura/methods/backbone"
)

// What the other program does not do would make two jobs of one: it is refused, all of it at once.
func TestJobIsRefusedWhereTorchWouldDoAnother(t *testing.T) {
	for key, set := range map[string]func(s *suite.Suite){
		"dtype is bf16":                                  func(s *suite.Suite) { s.DType = suite.HalfPrecision },
		"devices is 2":                                   func(s *suite.Suite) { s.Devices = 2 },
		"stream is separate":                             func(s *suite.Suite) { s.Stream = suite.Separate },
		"training.schedule is constant":                  func(s *suite.Suite) { s.Training.Schedule = suite.Constant },
		"training.carry_optimizer is true":               func(s *suite.Suite) { s.Training.CarryOptimizer = true },
		"training.empty_token is true":                   func(s *suite.Suite) { s.Training.EmptyToken = true },
		"evaluation.every is final":                      func(s *suite.Suite) { s.Evaluation.Every = suite.EveryFinal },
		"evaluation.every_steps is 2":                    func(s *suite.Suite) { s.Evaluation.EverySteps = 2 },
		"evaluation.at_steps is [1]":                     func(s *suite.Suite) { s.Evaluation.AtSteps = []int{1} },
		"evaluation.interpolate is [0.5]":                func(s *suite.Suite) { s.Evaluation.Interpolate = []float64{0.5} },
		"evaluation.recovery is [4]":                     func(s *suite.Suite) { s.Evaluation.Recovery = []int{4} },
		"evaluation.teacher_forced is true":              func(s *suite.Suite) { s.Evaluation.TeacherForced = true },
		"evaluation.kl is true":                          func(s *suite.Suite) { s.Evaluation.KL = true },
		"methods.ewc.params.online is false":             params("ewc", "online", false),
		"methods.i-lora.params.eval_with is working":     params("i-lora", "eval_with", "working"),
		"methods.cur-lora.params.fold is false":          params("cur-lora", "fold", false),
		"methods.secura.params.selection is inverse-sam": params("secura", "selection", "inverse-sample"),
		"methods.secura.params.init is principal":        params("secura", "init", "principal"),
		"methods.secura.params.bias is true":             params("secura", "bias", true),
		"methods.secura.params.magnorm is false":         params("secura", "magnorm", false),
		"methods.secura.params.merge is M2":              params("secura", "merge", "M2"),
		"methods.secura.params.merge_every is 2":         params("secura", "merge_every", 2),
		"torch_job.py has no joint; choose of cur-lora,": func(s *suite.Suite) { s.Methods = []suite.MethodSpec{{Preset: "joint", Name: "joint"}} },
	} {
		y := newToy(t)
		s := y.with(suite.MethodSpec{Preset: "seq"})
		set(&s)
		s.Training.Schedule = cmp.Or(s.Training.Schedule, suite.Linear)
		_, err := WriteJob(t.Context(), s, WorkerOptions{Store: y.store(), Backend: backbone.BackendOptions{Name: "go"}}, t.TempDir())
		if err == nil || !strings.Contains(err.Error(), key) || !strings.Contains(err.Error(), "training.schedule is ") {
			t.Errorf("error %v, expected %q beside the schedule", err, key)
		}
	}
	for _, name := range []string{"continual16", "bench/full-rows.yaml", "bench/short-sets.yaml"} {
		s, err := suite.Load(name, suite.Options{Presets: KnownPresets()})
		if err == nil {
			err = torchLacks(s)
		}
		if err != nil {
			t.Error(err)
		}
	}
}

// params is a suite with one method, of which a parameter is set.
func params(method, key string, value any) func(s *suite.Suite) {
	return func(s *suite.Suite) {
		s.Methods = []suite.MethodSpec{{Preset: method, Name: method, Params: map[string]any{key: value}}}
	}
}

// TestAJobSaysTheSizesOfItsAdapters: ranks that the parameters leave to the weight's sizes are
// those that this program takes. Fisher information is of prompts that the suite draws alone.
func TestAJobSaysTheSizesOfItsAdapters(t *testing.T) {
	y := newToy(t)
	s := y.with(suite.MethodSpec{Preset: "secura"}, suite.MethodSpec{Preset: "cur-lora", Params: map[string]any{"rank": 0}},
		suite.MethodSpec{Preset: "ewc", Params: map[string]any{"fisher_examples": 1000}})
	b := openTexts(t, s)
	train, err := y.store().Open(t.Context(), s.Tasks[0], prepared.Want{Split: "train"}, b.Encoder)
	if err != nil {
		t.Fatal(err)
	}
	for i := range train.Len() { // the first task's longest prompt is left out
		s.Training.MaxPrompt = max(s.Training.MaxPrompt, train.Lengths(i).Prompt)
	}
	out := t.TempDir()
	if _, err := WriteJob(t.Context(), s, WorkerOptions{Store: y.store(), Backend: backbone.BackendOptions{Name: "go"}}, out); err != nil {
		t.Fatal(err)
	}
	j := readJob(t, out)
	for i, want := range [][]int{{1, 2}, {1, 1}} { // of a width of 16: ⌊150·16/1536⌋, and ⌊200·16/1536⌋
		cell := j.Cells[i]
		if _, ok := cell.Sizes["layers.0.q_proj"]; !ok {
			t.Errorf("the job has the sizes %v of %s, and none of layers.0.q_proj", cell.Sizes, cell.Method)
		}
		for name, size := range cell.Sizes {
			if !slices.Equal(size, want) {
				t.Errorf("%s of %s has the sizes %v, expected %v", name, cell.Method, size, want)
			}
		}
	}
	for task, rows := range j.Cells[2].Fisher {
		for _, row := range rows {
			if n := len(j.Tasks[row[0]].Train[row[1]][0]); n >= s.Training.MaxPrompt {
				t.Errorf("task %d: Fisher information of a prompt of %d tokens", task, n)
			}
		}
		if most := len(j.Tasks[task].Train); len(rows) == 0 || task == 0 && len(rows) == most {
			t.Errorf("task %d: Fisher information of %d of %d rows", task, len(rows), most)
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
	j := readJob(t, out)
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

// readJob reads the job in a folder.
func readJob(t *testing.T, folder string) (j job) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(folder, "job.json"))
	if err == nil {
		err = json.Unmarshal(data, &j)
	}
	if err != nil {
		t.Fatal(err)
	}
	return j
}
