package methods

import (
	"reflect"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
)

func tensorOf(values []float32, shape []int) *tensors.Tensor {
	return tensors.FromFlatDataAndDimensions(values, shape...)
}

// The defaults are the numbers that the tables of methods give.
func TestPresetsHaveTheTablesNumbers(t *testing.T) {
	lora := LoRAParams{Rank: 8, Alpha: 16}
	replay := ReplayParams{Buffer: 0.02, ReplayRatio: 0.5}
	for _, c := range []struct {
		method Method
		rate   float64
		params any
	}{
		{Frozen, 0, nil}, {Seq, 0, lora}, {SeqFull, 0, nil}, {LoRA, 0, lora}, {DoRA, 0, lora}, {JointTraining, 6.5e-3, lora},
		{ER, 0, ERParams{lora, replay}},
		{EWC, 0, EWCParams{lora, 1e4, 1, true, 1024}},
		{EWCSeparate, 0, EWCParams{lora, 1e4, 1, false, 1024}},
		{ILoRA, 0, ILoRAParams{lora, replay, 0.99, 1, "long"}},
		{ILoRAReleased, 1e-3, ILoRAReleasedParams{0, "width", 0.99, 0.99}},
		{CURLoRA, 0, CURLoRAParams{16, "width", 1, "inverse-top", true}},
		{CURLoRAPaper, 2.5e-4, CURLoRAParams{16, "width", 1, "inverse-sample-offset", false}},
		{CURLoRAReleased, 1e-3, CURLoRAParams{0, "width", 1, "inverse-top", true}},
	} {
		if !reflect.DeepEqual(c.method.Params, c.params) || c.method.LearningRate != c.rate {
			t.Errorf("%s: rate %g, params %+v, expected %g and %+v", c.method.Name, c.method.LearningRate, c.method.Params, c.rate, c.params)
		}
		if found, ok := Find(c.method.Name); !ok || found.Name != c.method.Name {
			t.Errorf("%s is not in All", c.method.Name)
		}
	}
}

// SEQ's full form trains exactly the targeted weights.
func TestPresetSeqFull(t *testing.T) {
	s := open[any](t, SeqFull, "", toySetting(1), nil)
	var want int64
	for _, p := range s.projections {
		want += int64(toy.Model.Weights[p.WeightName()].Size())
	}
	if n := s.TrainedParameters(); n != want {
		t.Errorf("%d trained parameters, the targeted weights have %d", n, want)
	}
	learn(t, s, 1, 0, 0.005)
	for _, p := range s.projections {
		trained := value(t, s, Name(p, "", "weight"))
		if d := apart(trained, effective(t, s)[p.WeightName()]); d != 0 {
			t.Errorf("%s is evaluated %g from what is trained", p.WeightName(), d)
		}
		if d := apart(trained, pretrained(t)[p.WeightName()]); !(d > 1e-3) {
			t.Errorf("%s moved by %g", p.WeightName(), d)
		}
	}
}

// Through a stream lora is seq; dora is not.
func TestPresetsLoRAAndDoRA(t *testing.T) {
	after := map[string]map[string][]float32{}
	for _, m := range []Method{Seq, LoRA, DoRA} {
		s := open[*LoRAParams](t, m, "", toySetting(1), nil)
		for task := range 2 {
			learn(t, s, 1, task, toyRate)
		}
		after[m.Name] = effective(t, s)
		if m.Name != DoRA.Name {
			continue
		}
		for _, tensor := range s.Trained() {
			name := Name(tensor.Projection, "", tensor.Tensor)
			if tensor.Tensor == "m" && apart(value(t, s, name), s.adapterTensors[tensor.Projection][2].Values) == 0 {
				t.Errorf("%s did not move", name)
			}
		}
	}
	if names := differing(after[Seq.Name], after[LoRA.Name]); len(names) > 0 {
		t.Errorf("lora and seq differ in %v", names)
	}
	if d := distance(after[Seq.Name], after[DoRA.Name]); !(d > 1e-3) {
		t.Errorf("dora and seq differ by %g", d)
	}
}

// CUR-LoRA as published draws its columns by the seed and keeps U and W through the stream.
func TestPresetCURLoRAPaper(t *testing.T) {
	change := func(p *CURLoRAParams) { p.Rank = 4 }
	s, other := open(t, CURLoRAPaper, "", toySetting(1), change), open(t, CURLoRAPaper, "", toySetting(2), change)
	if d := distance(snapshot(t, s), snapshot(t, other)); d == 0 {
		t.Error("two seeds draw the same columns and rows")
	}
	learn(t, s, 1, 0, 0.2)
	for _, p := range s.projections {
		if largest(value(t, s, Name(p, "", "U"))) == 0 {
			t.Errorf("U of %v is 0 after a task", p)
		}
		if d := apart(value(t, s, Name(p, "", baseTensor)), pretrained(t)[p.WeightName()]); d != 0 {
			t.Errorf("the weight of %v moved by %g", p, d)
		}
	}
}

// Sessions that differ in a coefficient alone share their compiled graphs, and each computes with
// its own.
func TestCoefficientsAreInputsOfTheGraph(t *testing.T) {
	losses := map[float64]float64{}
	compiled := 0
	for _, lambda := range []float64{0, 10, 1000} {
		setting := toySetting(1)
		s := open(t, EWC, "shared", setting, func(p *EWCParams) { p.Lambda, p.FisherExamples = lambda, 4 })
		learn(t, s, 1, 0, toyRate)
		losses[lambda] = steps(t, s, 1, 1, 0, 2, toyRate)[1]
		if compiled == 0 {
			compiled = len(toy.execs)
		} else if n := len(toy.execs); n != compiled {
			t.Errorf("lambda %g compiled %d graphs of its own", lambda, n-compiled)
		}
	}
	if losses[0] == losses[10] || losses[10] == losses[1000] {
		t.Errorf("the losses do not follow lambda: %v", losses)
	}
}
