package adapter

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
)

const goldenTolerance = 1e-4

// golden is one case of testdata/methods.json; its gradients are those of the mean of y².
type golden struct {
	Seed                         int
	Out, In, R, M                int
	W, BaseBias, X               array
	ColNorms, RowNorms           array
	Cols, Rows                   []int
	C, RMatrix, A0               array
	Curlora, Cabr                map[string]array
	SecuraReleased, SecuraWeight map[string]array
	Lora, Dora                   map[string]array
	ReleasedM1, ReleasedM2       trainedGolden
}

// trainedGolden is what the release's modules did in a few steps of AdamW on the mean squared error
// to a target.
type trainedGolden struct {
	Target      array
	Rate        float64 `json:"lr"`
	WeightDecay float64 `json:"weight_decay"`
	Losses      []float64
	WAfter      array   `json:"W_after"`
	AMoved      float64 `json:"A_moved"`
}

func readGolden(t *testing.T) []golden {
	t.Helper()
	raw, err := os.ReadFile("testdata/methods.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []map[string]json.RawMessage }
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) != 2 {
		t.Fatalf("%d cases", len(file.Cases))
	}
	cases := make([]golden, len(file.Cases))
	for i, fields := range file.Cases {
		c := &cases[i]
		for key, into := range map[string]any{"seed": &c.Seed, "out": &c.Out, "in": &c.In, "r": &c.R, "m": &c.M, "W": &c.W,
			"base_bias": &c.BaseBias, "x": &c.X, "cols": &c.Cols, "rows": &c.Rows, "C": &c.C, "R": &c.RMatrix,
			"col_norms": &c.ColNorms, "row_norms": &c.RowNorms,
			"cabr_A0": &c.A0, "curlora": &c.Curlora, "cabr": &c.Cabr, "secura_released": &c.SecuraReleased,
			"secura_weight": &c.SecuraWeight, "lora": &c.Lora, "dora": &c.Dora, "released_M1": &c.ReleasedM1, "released_M2": &c.ReleasedM2} {
			if err := json.Unmarshal(fields[key], into); err != nil {
				t.Fatalf("case %d, %s: %v", i, key, err)
			}
		}
	}
	return cases
}

// eachCase runs a subtest for each golden case.
func eachCase(t *testing.T, test func(*testing.T, golden)) {
	for _, c := range readGolden(t) {
		t.Run(fmt.Sprintf("seed%d", c.Seed), func(t *testing.T) { test(t, c) })
	}
}

// check runs y = Apply + base bias and the gradients of mean y² by some tensors, and compares with
// the golden values.
func (c golden) check(t *testing.T, a Adapter, want map[string]array, set map[string]string, gradients map[string]string) {
	t.Helper()
	in, _ := start(t, a, c.W, c.X, 1)
	in["base bias"] = c.BaseBias
	for name, key := range set {
		if !slices.Equal(in[name].shape, want[key].shape) {
			t.Fatalf("%s has shape %v, the golden one %v", name, in[name].shape, want[key].shape)
		}
		in[name] = want[key]
	}
	var names []string
	for name := range gradients {
		names = append(names, name)
	}
	got := run(t, in, func(v map[string]*graph.Node) []*graph.Node {
		y := graph.Add(a.Apply(v["x"], v["w"], v), graph.InsertAxes(v["base bias"], 0, 0))
		out := []*graph.Node{y, a.Weight(v["w"], v)}
		if len(names) == 0 {
			return out
		}
		by := make([]*graph.Node, len(names))
		for i, name := range names {
			by[i] = v[name]
		}
		return append(out, graph.Gradient(squares(y), by...)...)
	})
	near(t, "y", got[0], want["y"], goldenTolerance)
	for i, name := range names {
		near(t, "the gradient of "+name, got[2+i], want[gradients[name]], goldenTolerance)
	}
	if final, ok := want["W_final"]; ok {
		near(t, "the weight", got[1], final, goldenTolerance)
	}
	if delta, ok := want["delta"]; ok {
		change := zeros(c.Out, c.In)
		for i := range change.values {
			change.values[i] = got[1].values[i] - c.W.values[i]
		}
		near(t, "the weight's change", change, delta, goldenTolerance)
	}
}

func TestGoldenSelection(t *testing.T) {
	eachCase(t, func(t *testing.T, c golden) {
		a := DefaultCABR()
		a.Rank, a.Inner = c.R, c.M
		in, made := start(t, a, c.W, c.X, 1)
		near(t, "C", in["C"], c.C, 0)
		near(t, "R", in["R"], c.RMatrix, 0)
		near(t, "A", in["A"], c.A0, goldenTolerance)
		for _, m := range made {
			if want := m.Name == "A" || m.Name == "B"; m.Trained != want || m.Decayed != want {
				t.Errorf("%s: trained %v, decayed %v", m.Name, m.Trained, m.Decayed)
			}
		}
		for norms, want := range map[*array][]int{&c.ColNorms: c.Cols, &c.RowNorms: c.Rows} {
			sq := make([]float64, len(norms.values))
			for i, n := range norms.values {
				sq[i] = float64(n) * float64(n)
			}
			if got, err := unimportant(sq, c.R, InverseTop, nil); err != nil || !slices.Equal(got, want) {
				t.Errorf("chosen %v, want %v; %v", got, want, err)
			}
		}
	})
}

func TestGoldenLoRA(t *testing.T) {
	eachCase(t, func(t *testing.T, c golden) {
		c.check(t, LoRA{Rank: c.R, Alpha: float64(c.Lora["alpha"].values[0])}, c.Lora, map[string]string{"A": "A", "B": "B"}, nil)
	})
}

func TestGoldenDoRA(t *testing.T) {
	eachCase(t, func(t *testing.T, c golden) {
		a := DoRA{Rank: c.R, Alpha: float64(c.Dora["alpha"].values[0])}
		c.check(t, a, c.Dora, map[string]string{"A": "A", "B": "B", "m": "magnitude"}, nil)
	})
}

func TestGoldenCURLoRA(t *testing.T) {
	eachCase(t, func(t *testing.T, c golden) {
		c.check(t, CURLoRA{Rank: c.R, Rule: SizesByWidth, Alpha: 1, Selection: InverseTop}, c.Curlora,
			map[string]string{"U": "U"}, map[string]string{"U": "grad_U"})
	})
}

func (c golden) cabr() CABR {
	a := DefaultCABR()
	a.Rank, a.Inner, a.Bias = c.R, c.M, true
	return a
}

var cabrGradients = map[string]string{"A": "grad_A", "B": "grad_B", "bias": "grad_bias"}

func TestGoldenCABR(t *testing.T) {
	eachCase(t, func(t *testing.T, c golden) {
		c.check(t, c.cabr(), c.Cabr, map[string]string{"A": "A", "B": "B", "bias": "lora_bias"}, cabrGradients)
	})
}

func TestGoldenSECURAInWeightSpace(t *testing.T) {
	eachCase(t, func(t *testing.T, c golden) {
		a, norm := c.cabr(), DefaultMagNorm()
		a.MagNorm = &norm
		want := c.SecuraWeight
		for _, name := range []string{"A", "B", "lora_bias"} {
			want[name] = c.Cabr[name]
		}
		c.check(t, a, want, map[string]string{"A": "A", "B": "B", "bias": "lora_bias"}, cabrGradients)
		in := map[string]array{"w": c.W, "delta": c.Cabr["delta"]}
		got := run(t, in, func(v map[string]*graph.Node) []*graph.Node {
			return []*graph.Node{norm.Divisor(v["w"], graph.Add(v["w"], v["delta"]))}
		})
		near(t, "S", got[0], want["S"], goldenTolerance)
	})
}

// releasedNorm is S-MagNorm as the release has it: of outputs, without normalisation, with
// restraint.
func releasedNorm() *MagNorm {
	restraint := DefaultRestraint()
	return &MagNorm{Scale: 6, Epsilon: 1e-10, Normalise: NormaliseNone, Space: SpaceActivation, Form: FormSum, Restraint: &restraint}
}

// The release fuses outputs instead of weights and does not normalise. The backbone's bias is in
// what it fuses.
func TestGoldenMagNormOnOutputs(t *testing.T) {
	eachCase(t, func(t *testing.T, c golden) {
		a := c.cabr()
		a.MagNorm = releasedNorm()
		in, _ := start(t, a, c.W, c.X, 1)
		in["A"], in["B"], in["bias"], in[ProjectionBias] = c.Cabr["A"], c.Cabr["B"], c.Cabr["lora_bias"], c.BaseBias
		got := run(t, in, func(v map[string]*graph.Node) []*graph.Node {
			base := graph.InsertAxes(v[ProjectionBias], 0, 0)
			y := graph.Add(a.Apply(v["x"], v["w"], v), base)
			former := graph.Add(project(v["x"], v["w"]), base)
			plain := a
			plain.MagNorm = nil
			adapted := graph.Add(plain.Apply(v["x"], v["w"], v), base)
			return append([]*graph.Node{a.MagNorm.divisor(former, adapted, -1), y}, graph.Gradient(squares(y), v["A"], v["B"], v["bias"])...)
		})
		for i, key := range []string{"S", "y", "grad_A", "grad_B", "grad_bias"} {
			near(t, key, got[i], c.SecuraReleased[key], goldenTolerance)
		}
		delete(in, ProjectionBias)
		without := run(t, in, func(v map[string]*graph.Node) []*graph.Node { return []*graph.Node{a.Apply(v["x"], v["w"], v)} })
		y := zeros(got[1].shape...)
		for i := range y.values {
			y.values[i] = without[0].values[i] + c.BaseBias.values[i%c.Out]
		}
		if difference(y, c.SecuraReleased["y"]) < 1e-3*largest(y) {
			t.Error("leaving the backbone's bias out of what is fused changes nothing")
		}
	})
}
