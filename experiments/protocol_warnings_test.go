package experiments

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"secura/datasets"
	"secura/datasets/prepared"
	"secura/experiments/record"
	"secura/experiments/stream"
	"secura/experiments/suite"
	"secura/experiments/toyrun"
	"secura/methods"
)

// warningsOf runs a method's cell and lists the warnings on record.
func warningsOf(t *testing.T, y toy, m suite.MethodSpec, change func(*suite.Suite)) (texts []string) {
	t.Helper()
	s := y.with(m)
	if change != nil {
		change(&s)
	}
	w := y.open(t, s, t.TempDir())
	for _, e := range eventsOf(t, mustRun(t, w, w.cells[0]), record.Warning) {
		texts = append(texts, e.Text)
	}
	return texts
}

// TestMethodsThatLearnHaveNoWarnings, and those do that are known not to: the release's M1 gives A
// no gradient, and its M2 does not use what it accumulates: without its bias nothing learns.
func TestMethodsThatDoNotLearnAreWarnedOf(t *testing.T) {
	y := newToy(t)
	noGradient := "the gradient of q_proj/A, v_proj/A was 0 in every step of 3 of 3 tasks"
	for _, c := range []struct {
		method suite.MethodSpec
		want   []string
	}{
		{suite.MethodSpec{Preset: "seq"}, nil},
		{suite.MethodSpec{Preset: "er", Params: map[string]any{"buffer": 0.2}}, nil},
		{suite.MethodSpec{Preset: "cur-lora", Params: map[string]any{"rank": 4}}, nil},
		{suite.MethodSpec{Preset: "i-lora", Params: map[string]any{"buffer": 0.2, "lambda": 0.9}}, nil},
		{suite.MethodSpec{Preset: "secura-released-m1"}, []string{noGradient}},
		{suite.MethodSpec{Preset: "secura-released-m2"}, []string{noGradient}},
		{suite.MethodSpec{Preset: "secura-released-m2", Name: "m2-no-bias", Params: map[string]any{"bias": false}}, []string{noGradient,
			"the effective weights did not change over 3 of 3 tasks: nothing was learned there"}},
		{suite.MethodSpec{Preset: "frozen"}, nil},
		{suite.MethodSpec{Preset: "joint"}, nil},
		// So small a rate changes no weight of float32.
		{suite.MethodSpec{Preset: "seq", LearningRate: 1e-30, Reason: "test"}, []string{
			"the gradient of q_proj/A, v_proj/A was 0 in every step of 3 of 3 tasks"}},
	} {
		name := fmt.Sprint(c.method.Preset, c.method.Name, c.method.LearningRate)
		t.Run(name, func(t *testing.T) {
			// The toy has so few texts that test and training share some, which is warned of too.
			got := slices.DeleteFunc(warningsOf(t, y, c.method, nil), func(w string) bool { return strings.Contains(w, "stand in training too") })
			for _, want := range c.want {
				if !slices.Contains(got, want) {
					t.Errorf("warnings %q, expected %q", got, want)
				}
			}
			if c.want == nil && len(got) > 0 {
				t.Errorf("warnings %q, expected none", got)
			}
			if nothing := slices.ContainsFunc(got, func(text string) bool { return strings.Contains(text, "nothing was learned") }); nothing && c.method.Preset == "secura-released-m2" && c.method.Params == nil {
				t.Errorf("warnings %q, though it learned", got)
			}
		})
	}
}

// TestSilentErrors are those of made-up records.
func TestSilentErrors(t *testing.T) {
	step := func(index int, loss, norm, a, b float64) record.Step {
		return record.Step{Index: index, Step: 1, Loss: loss, GradientNorm: norm,
			Measures: []record.Measure{{Name: "gradient/q_proj/A", Value: a}, {Name: "gradient/q_proj/B", Value: b}, {Name: "own", Value: 0}}}
	}
	boundary := func(unchanged ...string) record.Event {
		return record.Event{Kind: record.Boundary, Unchanged: unchanged}
	}
	for name, c := range map[string]struct {
		steps  []record.Step
		events []record.Event
		want   []string
	}{
		"good":       {[]record.Step{step(1, 2, 1, 0, 1), step(1, 1, 1, 1, 0)}, []record.Event{boundary()}, nil},
		"constant":   {[]record.Step{step(1, 2, 1, 1, 1), step(1, 2, 1, 1, 1), step(2, 2, 1, 1, 1), step(2, 1, 1, 1, 1)}, nil, []string{"the loss was the same in every step of 1 of 2 tasks"}},
		"one step":   {[]record.Step{step(1, 2, 1, 1, 1)}, nil, nil},
		"no A":       {[]record.Step{step(1, 2, 1, 0, 1), step(1, 1, 1, 0, 1)}, nil, []string{"the gradient of q_proj/A was 0 in every step of 1 of 1 tasks"}},
		"none":       {[]record.Step{step(1, 2, 0, 0, 0), step(1, 1, 0, 0, 0)}, nil, []string{"the gradient of everything that is trained, q_proj/A, q_proj/B was 0 in every step of 1 of 1 tasks"}},
		"unmeasured": {[]record.Step{{Index: 1, Step: 1, Loss: 2, GradientNorm: 1}, {Index: 1, Step: 2, Loss: 1, GradientNorm: 1}}, nil, nil},
		"two counts": {[]record.Step{step(1, 2, 1, 0, 0), step(1, 1, 1, 0, 0), step(2, 2, 1, 0, 1), step(2, 1, 1, 0, 1)}, nil, []string{
			"the gradient of q_proj/A was 0 in every step of 2 of 2 tasks", "the gradient of q_proj/B was 0 in every step of 1 of 2 tasks"}},
		"unchanged": {[]record.Step{step(1, 2, 1, 1, 1), step(1, 1, 1, 1, 1)}, []record.Event{boundary(trainedParameters, effectiveWeights)}, []string{
			"the trained parameters did not change over 1 of 1 tasks: nothing was learned there", "the effective weights did not change over 1 of 1 tasks: nothing was learned there"}},
	} {
		if got := silentErrors(c.steps, c.events); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, expected %q", name, got, c.want)
		}
	}
	merged := fingerprint{Trained: "a", Effective: "x"}
	if got := merged.unchanged(fingerprint{Trained: "a", Effective: "y"}); got != nil {
		t.Errorf("what was merged counts as unchanged: %q", got)
	}
	if got := merged.unchanged(merged); len(got) != 2 {
		t.Errorf("unchanged are %q", got)
	}
}

// TestDataThatSpoilTheNumbersAreWarnedOf: cut and empty examples, and evaluation on a part.
func TestDataThatSpoilTheNumbersAreWarnedOf(t *testing.T) {
	y := newToy(t)
	long := strings.Repeat("red blue ", 6)
	rows := make([]toyrun.Written, 24)
	for i := range rows {
		rows[i] = toyrun.Written{Question: "red one", Answer: "blue"}
	}
	rows[3].Question, rows[5].Question = long, long
	if err := parquet.WriteFile(y.dir+"/next/train.parquet", rows); err != nil {
		t.Fatal(err)
	}
	got := strings.Join(warningsOf(t, y, suite.MethodSpec{Preset: "frozen"}, func(s *suite.Suite) { s.Evaluation.TestExamples, s.Evaluation.KnowledgeExamples = 4, 6 }), "\n")
	for _, want := range []string{
		"task next: 2 of 24 training examples are longer than 16 tokens",
		"evaluation.test_examples: 3 of 3 tasks are evaluated on a part of their examples alone, 12 of 30",
		"evaluation.knowledge_examples: 1 of 1 tasks are evaluated on a part of their examples alone, 6 of 10",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("warnings %q, expected %q", got, want)
		}
	}
	data := &stream.Data{Tasks: []stream.Task{{Task: y.suite.Tasks[0], Available: 2}}}
	var err error
	if data.Tasks[0].Train, err = prepared.Temporary([]datasets.Encoded{{Prompt: []int32{1}}, {Prompt: []int32{1}, Answer: []int32{1}}}); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(data.Warnings(y.suite, 64)); !strings.Contains(got, "1 of 2 training examples have no answer tokens") {
		t.Error(got)
	}
	if got := data.PositionWarnings(64, y.suite.Training); len(got) > 0 {
		t.Error(got)
	}
	data.Tasks[0].Task.MaxNewTokens = 4
	data.Tasks[0].Test = []datasets.Encoded{{Prompt: make([]int32, 61)}, {Prompt: make([]int32, 62)}, {Prompt: []int32{1}, Options: [][]int32{{1}, make([]int32, 65)}}}
	if got := fmt.Sprint(data.PositionWarnings(64, y.suite.Training)); !strings.Contains(got, "0 of 2 training examples and 2 of 3 test examples") {
		t.Error(got)
	}
	if got := fmt.Sprint(data.PositionWarnings(1, y.suite.Training)); !strings.Contains(got, "1 of 2 training examples and 3 of 3 test examples") {
		t.Error(got)
	}
}

// TestDivergenceNamesTheParameters whose gradient is not finite, also where no diagnostics are
// taken.
func TestDivergenceNamesTheParameters(t *testing.T) {
	y := newToy(t)
	for _, diagnostics := range []bool{true, false} {
		s := y.with(suite.MethodSpec{Preset: "seq", LearningRate: 1e30, Reason: "test"})
		s.Evaluation.Diagnostics = diagnostics
		w := y.open(t, s, t.TempDir())
		err := w.RunCell(context.Background(), w.cells[0], nil)
		var diverged *DivergedError
		if !errors.As(err, &diverged) || diverged.Step == 0 || diverged.Task != "next" || !strings.Contains(err.Error(), "not finite is ") || !strings.Contains(err.Error(), "_proj/") {
			t.Errorf("diagnostics %v: %v", diagnostics, err)
		}
	}
	if got := notFiniteGroups(nil, []methods.Measure{{Name: "gradient/q_proj/A", Value: 1}, {Name: "gradient/q_proj/B", Value: math.Inf(1)}}); got != ", not finite is the gradient of q_proj/B" {
		t.Error(got)
	}
}
