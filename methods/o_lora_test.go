package methods

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"
)

func openOLoRA(t *testing.T, key string, change func(p *OLoRAParams)) *Session {
	setting := toySetting(1)
	setting.Clip, setting.WeightDecay = 0, 0
	return open(t, OLoRA, key, setting, change)
}

// The term alone, in both norms, and its gradient are what torch makes of the same numbers in each
// projection.
func TestOLoRATermIsTorchs(t *testing.T) {
	raw, err := os.ReadFile("testdata/o_lora/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var reference struct {
		Past, New matrix
		Cases     map[string]struct {
			Term     float64
			Gradient matrix
		}
	}
	if err := json.Unmarshal(raw, &reference); err != nil {
		t.Fatal(err)
	}
	for norm, want := range reference.Cases {
		s := openOLoRA(t, norm, func(p *OLoRAParams) { p.Norm, p.Rank = norm, reference.New.rows })
		for _, p := range s.projections {
			if err := s.Set(Name(p, "", pastA), reference.Past.values); err != nil {
				t.Fatal(err)
			}
			v := s.find(Name(p, "", "A"))
			v.value = tensorOf(reference.New.values, v.value.Shape().Dimensions)
		}
		r, err := s.Step(emptyBatch(toyRows), 0)
		if err != nil {
			t.Fatal(err)
		}
		if n := float64(len(s.projections)); math.Abs(r.Loss-n*want.Term) > 1e-5*r.Loss {
			t.Errorf("%s: the term is %g in %g projections, torch has %g in each", norm, r.Loss, n, want.Term)
		}
		all := gradients(t, s)
		for _, p := range s.projections {
			g := all[Name(p, "", "A")]
			if d := apart(g, want.Gradient.values); !(d <= 1e-5*largest(g)) || largest(g) == 0 {
				t.Errorf("%s: the gradient by %v's A is at most %g and %g from torch's", norm, p, largest(g), d)
			}
		}
	}
}

// Each task starts with a LoRA of its own that changes nothing; what the tasks before learned stays
// in the weight, and the A of each is remembered, the newest first.
func TestOLoRAKeepsEachTasksLoRA(t *testing.T) {
	setting := toySetting(1)
	setting.Tasks = 3
	s := open[*OLoRAParams](t, OLoRA, "three tasks", setting, nil)
	past := map[string][]float32{}
	var seen [][]float32 // the A of all projections when a task began and when it was learned
	for _, p := range s.projections {
		seen = append(seen, value(t, s, Name(p, "", "A")))
	}
	for task := range setting.Tasks {
		if err := s.StartTask(); err != nil {
			t.Fatal(err)
		}
		steps(t, s, 1, task, 0, toySteps, toyRate)
		weights := effective(t, s)
		for _, p := range s.projections {
			name := Name(p, "", "A")
			learned := value(t, s, name)
			past[name], seen = slices.Concat(learned, past[name]), append(seen, learned)
		}
		if err := s.EndTask(task+1, examplesOf(task)); err != nil {
			t.Fatal(err)
		}
		if d := distance(weights, effective(t, s)); !(d <= 1e-6) {
			t.Errorf("the end of task %d moved the weights by %g", task+1, d)
		}
		for _, p := range s.projections {
			now := value(t, s, Name(p, "", "A"))
			want := make([]float32, s.Tasks*len(now))
			copy(want, past[Name(p, "", "A")])
			if !slices.Equal(value(t, s, Name(p, "", pastA)), want) {
				t.Errorf("%v: what %d tasks learned is not remembered", p, task+1)
			}
			if slices.ContainsFunc(seen, func(was []float32) bool { return apart(now, was) < 0.1*largest(was) }) {
				t.Errorf("%v does not start anew after task %d", p, task+1)
			}
			seen = append(seen, now)
			if largest(value(t, s, Name(p, "", "B"))) != 0 {
				t.Errorf("%v starts with a B that is not 0 after task %d", p, task+1)
			}
		}
	}
}

// The term makes the rows of the new A turn away from those of the task before.
func TestOLoRATurnsAwayFromEarlierTasks(t *testing.T) {
	overlap := map[float64]float64{}
	for lambda, key := range map[float64]string{0: "free", 0.5: "held"} {
		s := openOLoRA(t, key, func(p *OLoRAParams) { p.Lambda = lambda })
		learn(t, s, 1, 0, toyRate)
		if err := s.StartTask(); err != nil {
			t.Fatal(err)
		}
		steps(t, s, 1, 1, 0, toySteps, toyRate)
		for _, p := range s.projections {
			a, past := value(t, s, Name(p, "", "A")), value(t, s, Name(p, "", pastA))
			in := s.find(Name(p, "", "A")).value.Shape().Dimensions[1]
			for i := range len(a) / in {
				for j := range len(past) / in {
					dot := 0.0
					for k := range in {
						dot += float64(a[i*in+k]) * float64(past[j*in+k])
					}
					overlap[lambda] += math.Abs(dot)
				}
			}
		}
	}
	t.Logf("overlap %v", overlap)
	if !(overlap[0.5] < 0.7*overlap[0]) {
		t.Errorf("the overlap is %g with the term, %g without", overlap[0.5], overlap[0])
	}
}
