package experiments

import (
	"context"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"secura/experiments/evaluation"
	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/stream"
	"secura/experiments/suite"
	"secura/methods/backbone"
	"secura/methods/weights"
)

// evalToy scores the toy's backbone by Eval.
func evalToy(t *testing.T, y toy, s suite.Suite, change func(o *EvalOptions)) (record.Evaluation, []record.EvaluatedExample) {
	t.Helper()
	o := EvalOptions{Suite: s, Store: y.store(), Backend: backbone.BackendOptions{Name: "go"}}
	if change != nil {
		change(&o)
	}
	result, examples, err := Eval(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return result, examples
}

// What eval scores is what a run of the same suite has as its base row, to the last bit.
func TestEvalIsTheBaseRow(t *testing.T) {
	y := newToy(t)
	s := y.with(suite.MethodSpec{Preset: "frozen"})
	s.Evaluation.TestExamples = 7
	w := y.open(t, s, t.TempDir())
	if err := w.RunCell(context.Background(), w.cells[0], nil); err != nil {
		t.Fatal(err)
	}
	events, _, err := record.ReadEvents(w.run.Cell("frozen-s0-o0").Records())
	if err != nil {
		t.Fatal(err)
	}
	base := events[slices.IndexFunc(events, func(e record.Event) bool { return e.Kind == record.Boundary && e.Index == 0 })]
	result, examples := evalToy(t, y, s, nil)
	if result.Knowledge == nil || *result.Knowledge != *base.Knowledge {
		t.Errorf("knowledge %v, the base row has %v", result.Knowledge, *base.Knowledge)
	}
	mean := 0.0
	for i, want := range base.Scores {
		got := result.Tasks[i]
		if got.Task != want.Task || got.Scores[0].Name != want.Scores[0].Name || got.Scores[0].Value != want.Scores[0].Value || got.Examples != 7 {
			t.Errorf("%+v, the base row has %+v", got, want)
		}
		mean += want.Scores[0].Value / float64(len(base.Scores))
	}
	if result.Accuracy == nil || *result.Accuracy != mean {
		t.Errorf("accuracy %v, the base row's mean is %g", result.Accuracy, mean)
	}
	if n := 3*7 + 10; len(examples) != n {
		t.Errorf("%d examples, expected %d", len(examples), n)
	}
}

// The accuracies of a task with options follow from what is written of each example.
func TestEvalScoresOptionsByThreeLengths(t *testing.T) {
	y := newToy(t)
	result, examples := evalToy(t, y, y.with(suite.MethodSpec{Preset: "frozen"}), func(o *EvalOptions) { o.Tasks, o.Limit = []string{"choose"}, 9 })
	if len(result.Tasks) != 1 || result.Knowledge != nil || result.Accuracy != nil || len(examples) != 9 {
		t.Fatalf("%+v and %d examples", result, len(examples))
	}
	right := map[string]int{}
	for _, e := range examples {
		for name, length := range map[string]func(i int) int{
			record.Accuracy:           func(i int) int { return e.OptionTokens[i] },
			record.AccuracyRaw:        func(int) int { return 1 },
			record.AccuracyCharacters: func(i int) int { return len(strings.TrimSpace(e.Options[i])) },
		} {
			best := 0
			for i := range e.Options {
				if e.OptionScores[i]/float64(length(i)) > e.OptionScores[best]/float64(length(best)) {
					best = i
				}
			}
			if best == *e.GoldOption {
				right[name]++
			}
		}
		if !strings.HasPrefix(e.Options[0], " ") || strings.TrimSpace(e.Options[*e.GoldOption]) != e.Gold || !strings.HasSuffix(e.Prompt, ":") {
			t.Errorf("example %d is %+v", e.ID, e)
		}
	}
	for _, s := range result.Tasks[0].Scores {
		if s.Value != float64(right[s.Name])/9 || !(s.Low <= s.Value && s.Value <= s.High && s.Low < s.High) {
			t.Errorf("%+v, expected %d of 9", s, right[s.Name])
		}
		delete(right, s.Name)
	}
	if len(right) > 0 {
		t.Errorf("without score: %v", right)
	}
}

// A score that is no share has a bootstrap interval, the same each time.
func TestEvalIntervalsRepeat(t *testing.T) {
	y := newToy(t)
	st := y.with(suite.MethodSpec{Preset: "frozen"})
	st.Tasks = st.Tasks[:1]
	st.Tasks[0].Scores = []string{"bleu", "rougeL"}
	loaded, err := stream.LoadTests(t.Context(), st, y.store(), openTexts(t, st))
	if err != nil {
		t.Fatal(err)
	}
	data := loaded.Tasks[0]
	predictions := make([]evaluation.Prediction, len(data.Examples))
	for i := range predictions {
		data.Examples[i].Answer += " and some more of the same colour"
		predictions[i] = evaluation.Prediction{Text: "red and some more", Option: -1}
		if i%2 == 0 {
			predictions[i].Text = strings.TrimSpace(data.Examples[i].Answer) + " and red"
		}
	}
	first, err := evaluation.ScoredTask(data, predictions)
	if err != nil {
		t.Fatal(err)
	}
	again, err := evaluation.ScoredTask(data, predictions)
	if err != nil || !slices.Equal(first.Scores, again.Scores) {
		t.Errorf("%v and %v, %v", first.Scores, again.Scores, err)
	}
	for _, s := range first.Scores {
		if !(s.Low <= s.Value && s.Value <= s.High && s.Low < s.High) {
			t.Errorf("%+v", s)
		}
	}
}

func TestEvalRefusesTasksThatAreNotThere(t *testing.T) {
	y := newToy(t)
	o := EvalOptions{Suite: y.with(suite.MethodSpec{Preset: "frozen"}), Tasks: []string{"chose", "same", "same"}}
	err := o.CheckTasks()
	for _, want := range []string{`unknown task "chose"; did you mean "choose"`, "suite toy", "task same is named twice"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %s", err, want)
		}
	}
}

// What is written reads back.
// TestEvalRefusesAnAdapterOfAnotherShape, although it has as many values: k_proj is [8, 16] here.
func TestEvalRefusesAnAdapterOfAnotherShape(t *testing.T) {
	y := newToy(t)
	dir := t.TempDir()
	m := weights.PEFTModule{Name: "model.layers.0.self_attn.k_proj", Rank: 1, In: 8, Out: 16, Scale: 1, A: make([]float32, 8), B: make([]float32, 16)}
	if err := (weights.PEFT{Modules: []weights.PEFTModule{m}}).Write(dir); err != nil {
		t.Fatal(err)
	}
	_, _, err := Eval(t.Context(), EvalOptions{Suite: y.suite, Store: y.store(), Adapter: dir, Backend: backbone.BackendOptions{Name: "go"}})
	if err == nil || !strings.Contains(err.Error(), "k_proj is of a weight [16, 8], and the backbone's is [8 16]") {
		t.Errorf("an adapter for a transposed weight: %v", err)
	}
}

func TestEvaluationFiles(t *testing.T) {
	y, dir := newToy(t), t.TempDir()
	result, examples := evalToy(t, y, y.with(suite.MethodSpec{Preset: "frozen"}), func(o *EvalOptions) { o.Tasks = []string{"same", "battery"} })
	if err := WriteEvaluation(dir, result, examples); err != nil {
		t.Fatal(err)
	}
	var back record.Evaluation
	if err := rundir.ReadJSON(filepath.Join(dir, "eval.json"), &back); err != nil || len(back.Tasks) != 2 || back.Tasks[1].Task != "battery" {
		t.Errorf("%+v, %v", back, err)
	}
	if back.Files["same/test/test.parquet"] == "" || back.Files["backbone/config.json"] == "" {
		t.Errorf("files %v", back.Files)
	}
	lines, torn, err := record.Read[record.EvaluatedExample](filepath.Join(dir, "examples.jsonl"))
	if err != nil || torn || len(lines) != 20 {
		t.Fatalf("%d lines, torn %v, %v", len(lines), torn, err)
	}
	raw, _ := json.Marshal(examples[3])
	if got, _ := json.Marshal(lines[3]); string(got) != string(raw) {
		t.Errorf("%s, expected %s", got, raw)
	}
}
