package methods

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// measured is the toy's setting with diagnostics.
func measured(seed uint64) Setting {
	s := toySetting(seed)
	s.Diagnostics = true
	return s
}

// measure finds a measure by its name; it must be there once.
func measure(t testing.TB, list []Measure, name string) float64 {
	t.Helper()
	found := slices.DeleteFunc(slices.Clone(list), func(m Measure) bool { return m.Name != name })
	if len(found) != 1 {
		t.Fatalf("measure %s is there %d times in %+v", name, len(found), list)
	}
	return found[0].Value
}

// stepOn makes one step on a task's rows and gives what it tells, with the batch.
func stepOn(t testing.TB, s *Session, task, from int, rate float64) (StepResult, Batch) {
	t.Helper()
	current := rowsOf(task, from)
	batch := toyBatch(s.ReplayRows(), current, s.MixBatch(current, stream(1, "measure")))
	result, err := s.Step(batch, rate)
	if err != nil {
		t.Fatal(err)
	}
	return result, batch
}

// The norms by group are parts of the global norm, and diagnostics change nothing that is learned.
func TestGradientNormsByGroupMakeTheGlobalNorm(t *testing.T) {
	clipped := false
	eachTrainable(t, func(t *testing.T, m Method, open func(Setting) *Session, rate float64) {
		s := open(measured(1))
		var groups []string
		for _, tensor := range s.Trained() {
			if name := "gradient/" + tensor.Projection.Name + "/" + tensor.Tensor; !slices.Contains(groups, name) {
				groups = append(groups, name)
			}
		}
		for i := range 3 {
			result, _ := stepOn(t, s, 0, i*toyRows, rate)
			var names, seen []string
			squares := 0.0
			for _, n := range result.Measures {
				if n.Name == "" || slices.Contains(seen, n.Name) {
					t.Errorf("measure %q has no name of its own", n.Name)
				}
				seen = append(seen, n.Name)
				if strings.HasPrefix(n.Name, "gradient/") {
					names = append(names, n.Name)
					squares += n.Value * n.Value
				}
			}
			if !slices.Equal(names, groups) {
				t.Fatalf("the groups are %v, want %v", names, groups)
			}
			if norm := math.Sqrt(squares); !(math.Abs(norm-result.GradientNorm) <= 1e-6*norm) || norm == 0 {
				t.Errorf("step %d: the groups' norms make %g, the global norm is %g", i+1, norm, result.GradientNorm)
			}
			clipped = clipped || result.GradientNorm > s.Clip
		}
	})
	if !clipped {
		t.Error("no step was clipped, so that the norms before clipping were not told from those behind it")
	}
}

func TestStepsWithoutDiagnosticsMeasureNothingAndLearnAlike(t *testing.T) {
	eachTrainable(t, func(t *testing.T, m Method, open func(Setting) *Session, rate float64) {
		with, without := open(measured(1)), open(toySetting(1))
		a, _ := stepOn(t, with, 0, 0, rate)
		b, _ := stepOn(t, without, 0, 0, rate)
		if len(a.Measures) == 0 || b.Measures != nil {
			t.Errorf("%d measures with diagnostics, %d without", len(a.Measures), len(b.Measures))
		}
		if a.Loss != b.Loss || !(distance(effective(t, with), effective(t, without)) <= 1e-6) {
			t.Errorf("diagnostics change the step: losses %g and %g", a.Loss, b.Loss)
		}
	})
}

// The share counts rows that carry a loss only.
func TestReplayShareIsExact(t *testing.T) {
	for _, m := range []Method{ER, ILoRA} {
		params, rate := toyParams(m)
		s, err := NewSession(toy, m, params, m.Name, measured(1))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		for i, want := range []float64{0, 2. / 6, 2. / 5} {
			current, replayed := rowsOf(0, 0), []Row{{Task: 0, Index: 5}, {Task: 0, Index: 6}}[:min(2, 2*i)]
			batch := toyBatch(s.ReplayRows(), current, replayed)
			if i == 2 {
				clear(batch.Weights[:toyAnswers])
			}
			result, err := s.Step(batch, rate)
			if err != nil {
				t.Fatal(err)
			}
			if got := measure(t, result.Measures, "replay/share"); got != want {
				t.Errorf("%s: the replayed share is %g, want %g", m.Name, got, want)
			}
		}
	}
}

func TestMeasuredEWCPenaltyIsTheFormulas(t *testing.T) {
	params, rate := toyParams(EWC)
	s, err := NewSession(toy, EWC, params, EWC.Name, measured(1))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	learn(t, s, 1, 0, rate)
	for i := range 3 {
		want := 0.0
		for _, tensor := range s.Trained() {
			p := tensor.Projection
			value, anchor, fisher := value(t, s, Name(p, "", tensor.Tensor)), value(t, s, Name(p, anchorCopy, tensor.Tensor)), value(t, s, Name(p, fisherCopy, tensor.Tensor))
			for j := range value {
				d := float64(value[j]) - float64(anchor[j])
				want += params.(*EWCParams).Lambda / 2 * float64(fisher[j]) * d * d
			}
		}
		result, _ := stepOn(t, s, 1, i*toyRows, rate)
		got := measure(t, result.Measures, "ewc/penalty")
		if !(math.Abs(got-want) <= 1e-5*want) || (want > 0) != (i > 0) {
			t.Errorf("step %d: the penalty is %g, want %g", i+1, got, want)
		}
		if i > 0 && !(got < result.Loss) {
			t.Errorf("step %d: the penalty %g is no part of the loss %g", i+1, got, result.Loss)
		}
	}
}

func TestILoRADistanceIsTheMemories(t *testing.T) {
	params, rate := toyParams(ILoRA)
	s, err := NewSession(toy, ILoRA, params, ILoRA.Name, measured(1))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i := range 3 {
		result, _ := stepOn(t, s, 0, i*toyRows, rate)
		squares, n := 0.0, 0
		for _, tensor := range s.Trained() {
			working, long := value(t, s, Name(tensor.Projection, "", tensor.Tensor)), value(t, s, Name(tensor.Projection, longCopy, tensor.Tensor))
			for j := range working {
				d := float64(working[j]) - float64(long[j])
				squares += d * d
				n++
			}
		}
		want := math.Sqrt(squares / float64(n))
		if got := measure(t, result.Measures, "i-lora/distance"); !(math.Abs(got-want) <= 1e-5*want) || want == 0 {
			t.Errorf("step %d: the memories are %g apart, want %g", i+1, got, want)
		}
	}
}
