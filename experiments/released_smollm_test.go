package experiments

import (
	"math"
	"os"
	"testing"

	"secura/experiments/record"
	"secura/experiments/rundir"
)

// TestReleasedM1OnSmolLM holds a run of experiments/bench/released-smollm.yaml to what the released
// code itself did to the same backbone (float32, one seed, other rows): in direction, and in size
// within the spread of the rows. `just released-smollm` makes the run and checks it.
func TestReleasedM1OnSmolLM(t *testing.T) {
	path := os.Getenv("SECURA_RELEASED_RUN")
	if path == "" {
		t.Skip("SECURA_RELEASED_RUN names no run; `just released-smollm DATA` makes one and runs this test")
	}
	within := func(what string, got, least, most float64) {
		t.Helper()
		if !(got >= least && got <= most) {
			t.Errorf("%s is %.3f, expected %g to %g", what, got, least, most)
		}
	}
	for _, c := range []struct {
		method    string
		bias      bool
		first     [2]float64 // nats a token on GSM8K after the first step; the released code: see the comment
		last      [2]float64 // after 50 steps
		update    float64    // the first update's share of ‖W‖
		kept      float64    // the share of entries that a bfloat16 weight would keep of it
		tolerance float64
	}{
		{"m1-absolute", true, [2]float64{5.5, 9}, [2]float64{9, 25}, 0.145, 0.97, 0.03},            // 7.12, then 14.3 after 200
		{"m1-absolute-no-bias", false, [2]float64{3.5, 7}, [2]float64{8, 25}, 0.145, 0.97, 0.03},   // 4.94, then 12.1
		{"m1-width", true, [2]float64{2, 3.6}, [2]float64{3, 10}, 0.018, 0.82, 0.02},               // 2.69, then 4.90
		{"m1-width-no-bias", false, [2]float64{1.3, 1.9}, [2]float64{1.5, 4.5}, 0.018, 0.82, 0.02}, // 1.45, then 3.50
	} {
		folder := rundir.Run{Path: path}.Cell(record.CellID(c.method, "", 0, 0))
		events, _, err := record.ReadEvents(folder.Records())
		if err != nil {
			t.Fatal(err)
		}
		nats := map[[2]int]record.TeacherForced{} // of GSM8K, by boundary and step
		for _, e := range events {
			for _, f := range e.TeacherForced {
				if f.Task == "gsm8k" {
					nats[[2]int{e.Index, e.Step}] = f
				}
				if e.Kind == record.Boundary && e.Index == 0 && f.Task == "boolq" {
					within("the perfect predictor's BLEU on BoolQ", f.Perfect[2].Value, 0.16, 0.20) // .181
				}
			}
		}
		before := nats[[2]int{0, 0}]
		within("nats on GSM8K before", before.Nats, 1.2, 1.9)                 // 1.51
		within("the share of its tokens that is right", before.Right, .6, .7) // .65
		within("the echo's selfrouge on GSM8K", before.Echo[0].Value, .98, 1) // .990
		within(c.method+": nats on GSM8K after a step", nats[[2]int{1, 1}].Nats, c.first[0], c.first[1])
		within(c.method+": nats on GSM8K after 50", nats[[2]int{1, 0}].Nats, c.last[0], c.last[1])
		steps, _, err := record.Read[record.Step](folder.Steps())
		if err != nil {
			t.Fatal(err)
		}
		at := func(step int, name string) float64 {
			for _, m := range steps[step-1].Measures {
				if m.Name == name {
					return m.Value
				}
			}
			return math.NaN()
		}
		within(c.method+": the first update / ‖W‖", at(1, "step/relative"), c.update-c.tolerance, c.update+c.tolerance)
		within(c.method+": the entries that bf16 keeps", at(1, "merge/kept_entries"), c.kept-0.03, c.kept+0.03)
		if within(c.method+": S at step 1", at(1, "magnorm/mean"), 2, 2); c.bias {
			within(c.method+": S at step 2", at(2, "magnorm/mean"), 1.47, 1.5)
			within(c.method+": the gain at step 2", at(2, "magnorm/gain"), 1.32, 1.35)
		} else {
			within(c.method+": S at step 2", at(2, "magnorm/mean"), 2, 2)
		}
		for i := range steps {
			if a := at(i+1, "gradient/q_proj/A") + at(i+1, "gradient/v_proj/A"); a != 0 {
				t.Errorf("%s, step %d: A's gradient is %g", c.method, i+1, a)
			}
		}
	}
}
