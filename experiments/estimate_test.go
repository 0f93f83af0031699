package experiments

import (
	"context"
	"math"
	"testing"

	"secura/experiments/suite"
	"secura/methods/backbone"
)

// Two methods of two seeds on two workers: each method's cells go where its graphs are, the base
// row is each worker's.
func TestEstimateOfARun(t *testing.T) {
	s := newToy(t).with(suite.MethodSpec{Preset: "seq"}, suite.MethodSpec{Preset: "er"})
	s.Seeds = 2
	e := Estimate{Evaluation: 2, EvaluationCompile: 5, Methods: []MethodEstimate{
		{Name: "seq", Step: 1, Compile: 10}, {Name: "er", Step: 2, TaskEnd: 1, Compile: 20}}}
	// 3 tasks of 4 steps and 3 evaluations: SEQ 12 + 6, ER 24 + 3 + 6; a worker's first 5 + 2.
	for workers, want := range map[int]float64{1: 7 + 20 + 2*33 + 10 + 2*18, 2: 7 + 20 + 33 + 10 + 18} {
		got, err := e.Seconds(s, workers)
		if err != nil || math.Abs(got-want) > 1e-9 {
			t.Errorf("%d workers: %g seconds, %v, expected %g", workers, got, err, want)
		}
	}
	// A mixture is one more evaluation. Of two earlier tasks each is learned again by one batch and
	// by two, and evaluated by itself after each: SEQ 2 + 2·3 + 4·0.5, ER 2 + 2·6 + 4·0.5.
	e.Own, s.Evaluation.Interpolate, s.Evaluation.Recovery = 0.25, []float64{0.5}, []int{1, s.Training.Batch + 1}
	if got, err := e.Seconds(s, 1); err != nil || math.Abs(got-(139+2*10+2*16)) > 1e-9 {
		t.Errorf("with a mixture and recoveries: %g seconds, %v, expected %d", got, err, 139+2*10+2*16)
	}
}

func TestMeasureForAnEstimate(t *testing.T) {
	y := newToy(t)
	s := y.with(suite.MethodSpec{Preset: "ewc"}, suite.MethodSpec{Preset: "frozen"})
	e, err := Measure(context.Background(), s, WorkerOptions{Store: y.store(), Backend: backbone.BackendOptions{Name: "go"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(e.Methods) != 2 || e.Methods[0].Name != "ewc" || e.Methods[1].Step != 0 {
		t.Errorf("methods %+v, expected ewc's times and none of frozen", e.Methods)
	}
	if e.Own <= 0 || e.Own >= 1 {
		t.Errorf("one task is %g of everything", e.Own)
	}
	if _, err := e.Seconds(s, 1); err != nil {
		t.Error(err)
	}
}
