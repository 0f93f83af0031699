package methods

import (
	"math"
	"testing"
)

// WiSE-FT learns as SEQ does; what is evaluated lies on the line from the pretrained to the learned
// weight.
func TestWiSEFTEvaluatesAMixture(t *testing.T) {
	seq := open[*LoRAParams](t, Seq, "", toySetting(1), nil)
	learn(t, seq, 1, 0, toyRate)
	end, start := effective(t, seq), pretrained(t)
	for _, mix := range []float64{0.25, 1} {
		s := open(t, WiSEFT, "", toySetting(1), func(p *WiSEFTParams) { p.Mix = mix })
		learn(t, s, 1, 0, toyRate)
		for name, got := range effective(t, s) {
			want := make([]float32, len(got))
			for i := range want {
				want[i] = start[name][i] + float32(mix)*(end[name][i]-start[name][i])
			}
			if d := apart(got, want); !(d <= 1e-6) || apart(got, start[name]) < 1e-3 {
				t.Errorf("mix %g: %s is %g from the mixture", mix, name, d)
			}
		}
		learned, err := seq.Effective()
		if err != nil {
			t.Fatal(err)
		}
		mixed, err := toy.Mixture(learned, mix)
		if err != nil {
			t.Fatal(err)
		}
		onHost(t, learned)
		if d := distance(effective(t, s), onHost(t, mixed)); !(d <= 1e-6) {
			t.Errorf("mix %g of SEQ's weights is %g from it", mix, d)
		}
		for _, tensor := range s.Trained() {
			name := Name(tensor.Projection, "", tensor.Tensor)
			if d := apart(value(t, s, name), value(t, seq, name)); d != 0 {
				t.Errorf("mix %g: %s is learned %g from SEQ's", mix, name, d)
			}
		}
	}
}

// SFA is SEQ but for the averages: after each period, and at the end of a task that is no multiple
// of it.
func TestSFAAveragesWithTheTasksStart(t *testing.T) {
	const beta, period = 0.25, 3
	setting := toySetting(1)
	setting.TaskSteps = 4 // averages after step 3 and after step 4
	s := open(t, SFA, "", setting, func(p *SFAParams) { p.Beta, p.Period = beta, period/4. })
	seq := open[*LoRAParams](t, Seq, "", setting, nil)
	for task := range 3 {
		began := map[string][]float32{}
		for _, session := range []*Session{s, seq} {
			if err := session.StartTask(); err != nil {
				t.Fatal(err)
			}
		}
		for _, tensor := range s.Trained() {
			name := Name(tensor.Projection, "", tensor.Tensor)
			began[name] = value(t, s, name)
		}
		for step := range setting.TaskSteps {
			for _, tensor := range s.Trained() { // one step of SEQ from where SFA stands
				name := Name(tensor.Projection, "", tensor.Tensor)
				v := seq.find(name)
				v.value = tensorOf(value(t, s, name), v.value.Shape().Dimensions)
			}
			steps(t, s, 1, task, step, 1, toyRate)
			steps(t, seq, 1, task, step, 1, toyRate)
			for _, tensor := range s.Trained() {
				name := Name(tensor.Projection, "", tensor.Tensor)
				want, got := value(t, seq, name), value(t, s, name)
				if step >= period-1 {
					for i := range want {
						want[i] = (1-beta)*want[i] + beta*began[name][i]
					}
				}
				if d := apart(got, want); !(d <= 1e-6*math.Max(1, largest(want))) {
					t.Errorf("task %d, step %d: %s is %g from its average", task, step+1, name, d)
				}
			}
		}
		if err := s.EndTask(task+1, examplesOf(task)); err != nil {
			t.Fatal(err)
		}
	}
}

// The evaluated copy is the moving average of what is learned, which is what SEQ learns.
func TestEMALoRAEvaluatesTheAverage(t *testing.T) {
	const lambda = 0.75
	s := open(t, EMALoRA, "", toySetting(1), func(p *EMALoRAParams) { p.Lambda = lambda })
	seq := open[*LoRAParams](t, Seq, "", toySetting(1), nil)
	slow := map[string][]float32{}
	for _, tensor := range s.Trained() {
		name := Name(tensor.Projection, "", tensor.Tensor)
		slow[name] = value(t, s, name)
	}
	for step := range 3 {
		steps(t, s, 1, 0, step, 1, toyRate)
		steps(t, seq, 1, 0, step, 1, toyRate)
		for _, tensor := range s.Trained() {
			name := Name(tensor.Projection, "", tensor.Tensor)
			fast := value(t, s, name)
			if d := apart(fast, value(t, seq, name)); d != 0 {
				t.Errorf("%s is learned %g from SEQ's", name, d)
			}
			for i := range fast {
				slow[name][i] = lambda*slow[name][i] + (1-lambda)*fast[i]
			}
			if d := apart(value(t, s, Name(tensor.Projection, longCopy, tensor.Tensor)), slow[name]); !(d <= 1e-6) {
				t.Errorf("step %d: the slow copy of %s is %g from the average", step+1, name, d)
			}
		}
	}
	working := open[*LoRAParams](t, Seq, "", toySetting(1), nil)
	for _, tensor := range working.Trained() {
		v := working.find(Name(tensor.Projection, "", tensor.Tensor))
		v.value = tensorOf(slow[v.name], v.value.Shape().Dimensions)
	}
	if d := distance(effective(t, working), effective(t, s)); !(d <= 1e-6) {
		t.Errorf("what is evaluated is %g from the slow copy's weight", d)
	}
}
