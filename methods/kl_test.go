package methods

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// The divergence and its gradient are torch's, in both directions and at raised temperature.
func TestDivergenceIsTorchs(t *testing.T) {
	raw, err := os.ReadFile("testdata/distillation/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var reference struct {
		Teacher, Model matrix
		Cases          []struct {
			Direction   string
			Temperature float64
			Each        matrix
			Gradient    matrix
		}
	}
	if err := json.Unmarshal(raw, &reference); err != nil {
		t.Fatal(err)
	}
	inputs := []*tensors.Tensor{
		tensorOf(reference.Teacher.values, []int{1, reference.Teacher.rows, reference.Teacher.columns}),
		tensorOf(reference.Model.values, []int{1, reference.Model.rows, reference.Model.columns}),
	}
	for _, c := range reference.Cases {
		p := DistillationParams{Temperature: c.Temperature, Direction: c.Direction}
		out, err := toy.Run(fmt.Sprint("divergence ", c.Direction, c.Temperature), inputs, func(in []*graph.Node) []*graph.Node {
			each := p.divergence(in[0], in[1])
			return []*graph.Node{each, graph.Gradient(graph.ReduceAllSum(each), in[1])[0]}
		})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []matrix{c.Each, c.Gradient} {
			if d := apart(floats(t, out[i]), want.values); !(d <= 1e-5*largest(want.values)) {
				t.Errorf("%s at %g: %g from torch's, of at most %g", c.Direction, c.Temperature, d, largest(want.values))
			}
		}
	}
}

// kl's teacher is the untouched backbone for ever, lwf's the model before the task: the term is 0
// when that task begins, and holds the predictions later.
func TestTeachers(t *testing.T) {
	const tasks = 3
	terms := map[string][]float64{}
	for _, m := range []Method{KL, LwF} {
		setting := toySetting(1)
		setting.Diagnostics, setting.Tasks = true, tasks
		s := open(t, m, "measured", setting, func(p *DistillationParams) { p.Beta = 1 })
		term := func(task int) float64 {
			t.Helper()
			r, err := s.Step(toyBatch(0, rowsOf(task, 0), nil), 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, measure := range r.Measures {
				if measure.Name == "teacher/term" {
					return measure.Value
				}
			}
			t.Fatalf("%s: no term among %v", m.Name, r.Measures)
			return 0
		}
		for task := range tasks {
			terms[m.Name] = append(terms[m.Name], term(task))
			learn(t, s, 1, task, toyRate)
		}
	}
	t.Logf("the terms when each task begins: %v", terms)
	for name, at := range terms {
		if math.Abs(at[0]) > 1e-6 {
			t.Errorf("%s: the term is %g before anything was learned", name, at[0])
		}
	}
	for task := 1; task < tasks; task++ {
		if terms[KL.Name][task] < 1e-3 || math.Abs(terms[LwF.Name][task]) > 1e-6 {
			t.Errorf("when task %d begins the terms are %v, expected a large one of kl and 0 of lwf", task+1, terms)
		}
	}
}

// The term has a gradient: with it the model moves less from the teacher's predictions.
func TestDistillationHoldsTheWeights(t *testing.T) {
	moved := map[float64]float64{}
	for _, beta := range []float64{0, 30} {
		s := open(t, KL, "", toySetting(1), func(p *DistillationParams) { p.Beta = beta })
		start := effective(t, s)
		learn(t, s, 1, 0, toyRate)
		moved[beta] = distance(start, effective(t, s))
	}
	t.Logf("the weights moved by %v", moved)
	if !(moved[30] < 0.9*moved[0]) {
		t.Errorf("with the term the weights moved by %g, without by %g", moved[30], moved[0])
	}
}
