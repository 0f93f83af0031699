package methods

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// TestABatchInPartsIsTheWholeBatch makes steps, a task's end between them, with the batch computed
// at once, in two and in four parts: losses, gradient norms and weights are the same but for the
// order of sums, own terms and replayed rows included.
func TestABatchInPartsIsTheWholeBatch(t *testing.T) {
	for _, m := range All {
		if m.Kind == Untrained {
			continue
		}
		t.Run(m.Name, func(t *testing.T) {
			var results [2][]StepResult
			var learned [2]map[string][]float32
			results[0], learned[0] = twoTasks(t, m, func(s *Setting) { s.Accumulate = 0 })
			// The toy replays two rows: in four parts they do not divide, and two parts have an
			// empty one.
			for _, parts := range []int{2, 4} {
				results[1], learned[1] = twoTasks(t, m, func(s *Setting) { s.Accumulate = parts })
				sameTwoTasks(t, fmt.Sprint(parts, " parts"), results, learned, closeness{
					loss: func(n int) float64 {
						if n == 0 {
							return 1e-6
						}
						return 1e-5 // from the second step on the weights differ by the order of sums too
					},
					norm: func(n int) float64 {
						if n == 0 {
							return 2e-6
						}
						return 1e-4
					},
					measure: 1e-3, smallMeasure: 1e-5, weights: 1e-5,
				})
			}
		})
	}
}

// closeness is how near two sessions' results must be: losses and gradient norms relative, by
// steps, measures relative with what small ones may differ by, and weights relative to the largest
// of their tensor.
type closeness struct {
	loss, norm                     func(step int) float64
	measure, smallMeasure, weights float64
	// otherOutputs: measures are taken of other outputs, or of none.
	otherOutputs bool
}

// sameTwoTasks holds the second of two results of twoTasks to the first.
func sameTwoTasks(t *testing.T, what string, results [2][]StepResult, learned [2]map[string][]float32, within closeness) {
	t.Helper()
	for n, want := range results[0] {
		got := results[1][n]
		if d := math.Abs(got.Loss-want.Loss) / want.Loss; !(d <= within.loss(n)) {
			t.Errorf("%s, step %d: loss %.8g, expected %.8g", what, n, got.Loss, want.Loss)
		}
		if d := math.Abs(got.GradientNorm-want.GradientNorm) / want.GradientNorm; !(d <= within.norm(n)) {
			t.Errorf("%s, step %d: gradient norm %.8g, expected %.8g", what, n, got.GradientNorm, want.GradientNorm)
		}
		if has := func(m Measure) bool { return m.Name == "magnorm/gain" }; within.otherOutputs && slices.ContainsFunc(want.Measures, has) {
			ofOutputs := func(m Measure) bool { return strings.HasPrefix(m.Name, "magnorm/") }
			got.Measures, want.Measures = slices.DeleteFunc(slices.Clone(got.Measures), ofOutputs), slices.DeleteFunc(slices.Clone(want.Measures), ofOutputs)
		}
		if len(got.Measures) != len(want.Measures) {
			t.Fatalf("%s, step %d: %d measures, expected %d", what, n, len(got.Measures), len(want.Measures))
		}
		for k, measure := range want.Measures {
			if d := math.Abs(got.Measures[k].Value - measure.Value); d > within.measure*math.Abs(measure.Value)+within.smallMeasure {
				t.Errorf("%s, step %d: %s is %.6g, expected %.6g", what, n, measure.Name, got.Measures[k].Value, measure.Value)
			}
		}
	}
	for name, want := range learned[0] {
		if d := apart(want, learned[1][name]); d > within.weights*largest(want) {
			t.Errorf("%s: %s differs by %.2g, its largest value is %.2g", what, name, d, largest(want))
		}
	}
}

// twoTasks makes three steps on each of two tasks with a changed setting: what each step told, and
// the effective weights.
func twoTasks(t *testing.T, m Method, change func(s *Setting)) (results []StepResult, learned map[string][]float32) {
	t.Helper()
	return twoTasksBy(t, m, change, func(s *Session, current, replayed []Row, rate float64) (StepResult, error) {
		return s.Step(toyBatch(s.ReplayRows(), current, replayed), rate)
	})
}

// twoTasksBy is twoTasks with steps made by step.
func twoTasksBy(t *testing.T, m Method, change func(s *Setting), step func(s *Session, current, replayed []Row, rate float64) (StepResult, error)) (results []StepResult, learned map[string][]float32) {
	t.Helper()
	params, rate := toyParams(m)
	setting := toySetting(5)
	setting.Diagnostics = true
	change(&setting)
	s, err := NewSession(toy, m, params, fmt.Sprintf("%s in %d parts", m.Name, setting.Accumulate), setting)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.StartTask(); err != nil {
		t.Fatal(err)
	}
	for task := range 2 {
		r := stream(5, "replay")
		for n := range 3 {
			current := rowsOf(task, n*toyRows)
			result, err := step(s, current, s.MixBatch(current, r), rate/10)
			if err != nil {
				t.Fatal(err)
			}
			results = append(results, result)
		}
		if err := s.EndTask(task+1, examplesOf(task)); err != nil {
			t.Fatal(err)
		}
	}
	return results, effective(t, s)
}

func TestBatchesWithoutEqualPartsAreRefused(t *testing.T) {
	setting := toySetting(1)
	setting.Accumulate = 3
	if _, err := NewSession(toy, Seq, Seq.NewParams(), "thirds", setting); err == nil || !strings.Contains(err.Error(), "no 3 equal parts") {
		t.Error(err)
	}
}
