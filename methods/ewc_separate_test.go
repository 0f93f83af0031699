package methods

import (
	"math"
	"testing"
)

// pastTask is one task's Fisher information and anchor, by the names of the trained tensors.
type pastTask struct{ fisher, anchor map[string][]float32 }

// penalties is (λ/2)·Σ_k Σ_i F_ki (θ_i − θ*_ki)² and its gradient, from one F and θ* per task.
func penalties(t *testing.T, s *Session, past []pastTask, lambda float64) (total float64, gradient map[string][]float32) {
	gradient = map[string][]float32{}
	for _, tensor := range s.Trained() {
		name := Name(tensor.Projection, "", tensor.Tensor)
		theta := value(t, s, name)
		g := make([]float64, len(theta))
		for _, task := range past {
			for i := range theta {
				f, d := float64(task.fisher[name][i]), float64(theta[i])-float64(task.anchor[name][i])
				total += lambda / 2 * f * d * d
				g[i] += lambda * f * d
			}
		}
		for _, x := range g {
			gradient[name] = append(gradient[name], float32(x))
		}
	}
	return total, gradient
}

// The sum that EWC keeps has the value and the gradient of one penalty for each task, kept apart;
// its size does not depend on the number of tasks.
func TestPresetEWCSeparate(t *testing.T) {
	const lambda = 1e4
	setting := toySetting(1)
	setting.Clip = 0
	s := open(t, EWCSeparate, "sum", setting, func(p *EWCParams) { p.Lambda, p.FisherExamples = lambda, toyExamples })
	bytes := s.StateBytes()
	var past []pastTask
	for task := range 3 {
		if err := s.StartTask(); err != nil {
			t.Fatal(err)
		}
		steps(t, s, 1, task, 0, toySteps, toyRate)
		end := &TaskEnd{Index: task + 1, session: s, batches: examplesOf(task)}
		fisher, err := end.SquaredGradients(toyExamples)
		if err != nil {
			t.Fatal(err)
		}
		k := pastTask{map[string][]float32{}, map[string][]float32{}}
		for i, tensor := range s.Trained() {
			name := Name(tensor.Projection, "", tensor.Tensor)
			k.fisher[name], k.anchor[name] = floats(t, fisher[i]), value(t, s, name)
		}
		release(fisher)
		past = append(past, k)
		if err := s.EndTask(task+1, examplesOf(task)); err != nil {
			t.Fatal(err)
		}

		// A batch that predicts nothing leaves the penalties alone.
		if err := s.StartTask(); err != nil {
			t.Fatal(err)
		}
		want, wantGradient := penalties(t, s, past, lambda)
		r, err := s.Step(emptyBatch(toyRows), 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("after task %d the penalty is %g, kept apart %g", task+1, r.Loss, want)
		if !(math.Abs(r.Loss-want) <= 1e-5*want+1e-9) || task > 0 && want == 0 {
			t.Errorf("after task %d the penalty is %g, want %g", task+1, r.Loss, want)
		}
		for name, g := range gradients(t, s) {
			if d := apart(g, wantGradient[name]); !(d <= 1e-4*largest(wantGradient[name])+1e-6) {
				t.Errorf("after task %d the gradient by %s is %g from at most %g", task+1, name, d, largest(wantGradient[name]))
			}
		}
	}
	if n := s.StateBytes(); n != bytes {
		t.Errorf("the state grew from %d to %d bytes", bytes, n)
	}

	// Away from the minimum of the sum as well, where each task pulls to its own anchor.
	steps(t, s, 1, 3, 0, 3, toyRate)
	if err := s.resetOptimizer(); err != nil {
		t.Fatal(err)
	}
	want, wantGradient := penalties(t, s, past, lambda)
	r, err := s.Step(emptyBatch(toyRows), 0)
	if err != nil {
		t.Fatal(err)
	}
	if !(math.Abs(r.Loss-want) <= 1e-5*want) {
		t.Errorf("the penalty is %g, want %g", r.Loss, want)
	}
	for name, g := range gradients(t, s) {
		if d := apart(g, wantGradient[name]); !(d <= 1e-5*largest(wantGradient[name])) || largest(g) == 0 {
			t.Errorf("the gradient by %s is at most %g and %g from %g", name, largest(g), d, largest(wantGradient[name]))
		}
	}
	online, _ := penalties(t, s, []pastTask{{past[2].fisher, past[2].anchor}}, lambda)
	if !(math.Abs(online-want) > 0.01*want) {
		t.Errorf("the tasks before the last one add nothing: %g against %g", online, want)
	}
}

// From the third task on the two forms of EWC pull to other places.
func TestEWCFormsPartWithTheThirdTask(t *testing.T) {
	after := map[string]map[string][]float32{}
	for _, m := range []Method{EWC, EWCSeparate} {
		s := open(t, m, "forms", toySetting(1), func(p *EWCParams) { p.Lambda, p.FisherExamples = 1e3, toyExamples })
		for task := range 3 {
			learn(t, s, 1, task, toyRate)
		}
		after[m.Name] = effective(t, s)
	}
	if d := distance(after[EWC.Name], after[EWCSeparate.Name]); !(d > 1e-3) {
		t.Errorf("the forms differ by %g", d)
	}
}
