package adapter

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"

	"secura/methods/optimizer"
)

// releasedGolden is one case of testdata/released.json.gz: what SECURA's released modules did as
// their authors configured them, in six steps of AdamW on the mean squared error to a target.
type releasedGolden struct {
	Name, DType      string
	Out, R, M        int
	W, X, Target, A0 array
	XProbe           array  `json:"x_probe"`
	BaseBias         *array `json:"base_bias"`
	M1, M2           releasedRun
	CABR             releasedRun `json:"CABR-only"`
	CUR              releasedRun `json:"CUR-LoRA"`
	Restraint        releasedRestraint
}

type releasedRun struct {
	MergeAfter int `json:"merge_after_step"`
	Steps      []releasedStep
	AMoved     float64 `json:"A_moved_maxabs"`
}

type releasedStep struct {
	Loss                float64
	GradNorm            map[string]float64 `json:"grad_norm"`
	Y, A, B, Bias, U, W *array
	S                   *array `json:"S_full"`
	GradB               *array `json:"grad_B"`
	GradBias            *array `json:"grad_bias"`
	ALong               *array `json:"A_long"`
	BLong               *array `json:"B_long"`
	YProbe              *array `json:"y_probe"`
	Merge               *struct {
		Norm    float64 `json:"asked_norm"`
		Changed float64 `json:"entries_changed"`
		Error   float64 `json:"error_ratio"`
	}
}

type releasedRestraint struct {
	Bias, B, Y array
	GradA      array `json:"grad_A"`
	GradB      array `json:"grad_B"`
	GradBias   array `json:"grad_bias"`
	Features   []int `json:"features_multiplied_by_decay"`
	Norms      array `json:"draw_weights"`
	S          struct {
		Mean  float64
		Share float64 `json:"share_at_most_edge"`
	}
}

// The release's settings, which the file states too.
const releasedRate, releasedDecay = 0.01, 0.01

func eachReleased(t *testing.T, test func(*testing.T, releasedGolden)) {
	t.Helper()
	file, err := os.Open("testdata/released.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var all struct {
		Rate   float64 `json:"lr"`
		Decay  float64 `json:"weight_decay"`
		DecayS float64 `json:"decay"`
		Edge, Share,
		Scale, Epsilon float64
		Cases []releasedGolden
	}
	if err := json.NewDecoder(unpacked).Decode(&all); err != nil {
		t.Fatal(err)
	}
	norm := releasedNorm()
	if all.Rate != releasedRate || all.Decay != releasedDecay || all.Scale != norm.Scale || all.Epsilon != norm.Epsilon ||
		*norm.Restraint != (Restraint{all.Edge, all.Share, all.DecayS}) || len(all.Cases) != 4 {
		t.Fatalf("%d cases with rate %g, decay %g, S-MagNorm %g, %g and restraint %g, %g, %g", len(all.Cases), all.Rate, all.Decay,
			all.Scale, all.Epsilon, all.Edge, all.Share, all.DecayS)
	}
	for _, c := range all.Cases {
		t.Run(fmt.Sprintf("%s %s", c.Name, c.DType), func(t *testing.T) { test(t, c) })
	}
}

func (c releasedGolden) half() bool { return c.DType == "bfloat16" }

// tolerance is relative to a quantity's largest value. The bfloat16 cases are computed in single
// precision from the same bfloat16 numbers, and agree to a few roundings of the release's eight
// bits, 2⁻⁹ each. AdamW divides a gradient by its own size: where that is near 0 the rounding
// decides how far an entry of B or of the bias goes.
func (c releasedGolden) tolerance(what string) float64 {
	switch {
	case c.half() && (what == "B" || what == "bias" || what == "U" || what == "B_long"):
		return 0.12
	case c.half():
		return 6.0 / 512
	case what == "B" || what == "B_long" || what == "U":
		return 3e-5
	}
	return 1e-5
}

func (c releasedGolden) near(t *testing.T, step int, what string, got array, want *array) {
	t.Helper()
	if want != nil {
		near(t, fmt.Sprintf("step %d: %s", step+1, what), got, *want, c.tolerance(what))
	}
}

func (c releasedGolden) nearNumber(t *testing.T, step int, what string, got float32, want float64) {
	t.Helper()
	c.near(t, step, what, array{[]int{1}, []float32{got}}, &array{[]int{1}, []float32{float32(want)}})
}

// releasedCABR is CABR as the release's preset has it; CABR alone is MergeNone.
func releasedCABR(merging MergeMode) CABR {
	a := DefaultCABR()
	a.Rank, a.Inner, a.Bias, a.Merging = 3, 5, true, merging
	if merging != MergeNone {
		a.MagNorm, a.Precision = releasedNorm(), MergeBFloat16
	}
	if merging == MergeIntoUnusedSum {
		a.Former = FormerUpdated
	}
	return a
}

func (c releasedGolden) cabr(merging MergeMode) CABR {
	a := releasedCABR(merging)
	a.Rank, a.Inner = c.R, c.M
	if c.half() {
		a.Precision = MergeBFloat16Weight
	}
	return a
}

// start gives the tensors, inputs and the backbone's bias.
func (c releasedGolden) start(t *testing.T, a Adapter) map[string]array {
	in, _ := start(t, a, c.W, c.X, 1)
	in["target"], in["probe"] = c.Target, c.XProbe
	if c.BaseBias != nil {
		in[ProjectionBias] = *c.BaseBias
	}
	return in
}

// output is a layer's, the backbone's bias included.
func output(a Adapter, x *graph.Node, w *graph.Node, v map[string]*graph.Node) *graph.Node {
	y := a.Apply(x, w, v)
	if bias := v[ProjectionBias]; bias != nil {
		y = graph.Add(y, graph.InsertAxes(bias, 0, 0))
	}
	return y
}

// divisors is S of a forward pass, 1 without S-MagNorm.
func (c CABR) divisors(x, w *graph.Node, v map[string]*graph.Node) *graph.Node {
	former, adapted := c.outputs(x, w, v)
	if c.MagNorm == nil {
		return graph.OnesLike(former)
	}
	_, divisor := c.fuseOutputs(former, adapted, v)
	return divisor
}

// updated makes AdamW's step of trained tensors.
func updated(v map[string]*graph.Node, names []string, gradients []*graph.Node, step int) (map[string]*graph.Node, []*graph.Node) {
	v = maps.Clone(v)
	var moments []*graph.Node
	for i, name := range names {
		g := v[name].Graph()
		var m, s *graph.Node
		v[name], m, s = optimizer.NewAdamW(releasedDecay).Update(v[name], gradients[i], v["m "+name], v["v "+name],
			graph.Scalar(g, dtypes.Float32, step+1), graph.Scalar(g, dtypes.Float32, releasedRate), true)
		moments = append(moments, m, s)
	}
	return v, moments
}

// train takes the recorded steps of CABR and checks all that was recorded of each.
func (c releasedGolden) train(t *testing.T, a CABR, recorded releasedRun) {
	trained := []string{"A", "B", "bias"}
	in := c.start(t, a)
	near(t, "A at the start", in["A"], c.A0, c.tolerance("A"))
	startA := in["A"]
	for _, name := range trained {
		in["m "+name], in["v "+name] = zeros(in[name].shape...), zeros(in[name].shape...)
	}
	kept := slices.Clone(trained)
	if a.Merging == MergeIntoUnusedSum {
		kept = append(kept, "B_long")
	}
	for step, want := range recorded.Steps {
		got := run(t, in, func(v map[string]*graph.Node) []*graph.Node {
			y := output(a, v["x"], v["w"], v)
			loss := squares(graph.Sub(y, v["target"]))
			gradients := graph.Gradient(loss, v["A"], v["B"], v["bias"])
			out := append([]*graph.Node{loss, y, a.divisors(v["x"], v["w"], v), frobenius(gradients[0]), frobenius(gradients[1]), frobenius(gradients[2])}, gradients[1:]...)
			after, moments := updated(v, trained, gradients, step)
			w, merged := a.Merge(v["w"], after)
			out = append(out, after["A"], after["B"], after["bias"], graph.Identity(w), output(a, v["probe"], w, merged), a.Change(after))
			for _, name := range kept {
				out = append(out, graph.Identity(merged[name]))
			}
			return append(out, moments...)
		})
		c.nearNumber(t, step, "the loss", got[0].values[0], want.Loss)
		if a.MagNorm != nil {
			c.near(t, step, "S", got[2], want.S)
		}
		for i, name := range trained {
			c.nearNumber(t, step, "the norm of the gradient by "+name, got[3+i].values[0], want.GradNorm[name])
		}
		for i, field := range []struct {
			what string
			want *array
		}{{"the gradient by B", want.GradB}, {"the gradient by the bias", want.GradBias}, {"A", want.A}, {"B", want.B}, {"bias", want.Bias},
			{"W", want.W}, {"the probe's output", want.YProbe}} {
			c.near(t, step, field.what, got[6+i], field.want)
		}
		c.near(t, step, "y", got[1], want.Y)
		c.near(t, step, "A_long", got[8], want.ALong)
		if want.Merge != nil {
			c.checkMerge(t, step, in["w"], got[11], got[13], want)
		}
		in["w"] = got[11]
		for i, name := range kept {
			in[name] = got[14+i]
		}
		if a.Merging == MergeIntoUnusedSum {
			c.near(t, step, "B_long", in["B_long"], want.BLong)
		}
		for i, name := range trained {
			in["m "+name], in["v "+name] = got[14+len(kept)+2*i], got[15+len(kept)+2*i]
		}
	}
	if d := difference(in["A"], startA); !c.half() && !(math.Abs(d-recorded.AMoved) <= 1e-6) {
		t.Errorf("A moved by %v, want %v", d, recorded.AMoved)
	}
	if a.Merging != MergeIntoWeight && a.Merging != MergeFused {
		near(t, "W", in["w"], c.W, 0)
	}
}

// checkMerge compares what a merge kept of the update.
func (c releasedGolden) checkMerge(t *testing.T, step int, before, after, update array, want releasedStep) {
	t.Helper()
	changed, square, missed := 0.0, 0.0, 0.0
	for i := range before.values {
		b, a, u := float64(before.values[i]), float64(after.values[i]), float64(update.values[i])
		if a != b {
			changed++
		}
		square += u * u
		missed += (a - b - u) * (a - b - u)
	}
	for _, x := range []struct {
		what                 string
		got, want, tolerance float64
	}{
		{"norm of the update", math.Sqrt(square), want.Merge.Norm, 2e-2},
		{"share of changed entries", changed / float64(len(before.values)), want.Merge.Changed, 5e-2},
		{"error of the merge", math.Sqrt(missed / square), want.Merge.Error, 5e-2},
	} {
		if !(math.Abs(x.got-x.want) <= x.tolerance*x.want) {
			t.Errorf("step %d: the %s is %g, want %g", step+1, x.what, x.got, x.want)
		}
	}
}

func TestReleasedM1AsConfigured(t *testing.T) {
	eachReleased(t, func(t *testing.T, c releasedGolden) { c.train(t, c.cabr(MergeIntoWeight), c.M1) })
}

func TestReleasedM2AsConfigured(t *testing.T) {
	eachReleased(t, func(t *testing.T, c releasedGolden) { c.train(t, c.cabr(MergeIntoUnusedSum), c.M2) })
}

func TestReleasedCABRAlone(t *testing.T) {
	eachReleased(t, func(t *testing.T, c releasedGolden) { c.train(t, c.cabr(MergeNone), c.CABR) })
}

// The moments go on over the fold.
func TestReleasedCURLoRA(t *testing.T) {
	eachReleased(t, func(t *testing.T, c releasedGolden) {
		a := CURLoRA{Rank: c.R, Rule: SizesByWidth, Alpha: 1, Selection: InverseTop}
		in := c.start(t, a)
		in["m U"], in["v U"] = zeros(c.R, c.R), zeros(c.R, c.R)
		for step, want := range c.CUR.Steps {
			got := run(t, in, func(v map[string]*graph.Node) []*graph.Node {
				loss := squares(graph.Sub(output(a, v["x"], v["w"], v), v["target"]))
				gradients := graph.Gradient(loss, v["U"])
				after, moments := updated(v, []string{"U"}, gradients, step)
				trained, w := after["U"], v["w"]
				if step+1 == c.CUR.MergeAfter {
					w, after = a.Fold(w, after)
				}
				return append([]*graph.Node{loss, frobenius(gradients[0]), trained, output(a, v["probe"], w, after), graph.Identity(w), graph.Identity(after["U"])}, moments...)
			})
			c.nearNumber(t, step, "the loss", got[0].values[0], want.Loss)
			c.nearNumber(t, step, "the norm of the gradient", got[1].values[0], want.GradNorm["U"])
			c.near(t, step, "U", got[2], want.U)
			c.near(t, step, "the probe's output", got[3], want.YProbe)
			in["w"], in["U"], in["m U"], in["v U"] = got[4], got[5], got[6], got[7]
		}
	})
}

// With a bias that is large beside the outputs S is 1 and restraint acts, on the recorded features.
// The gradients are those of the mean of y².
func TestReleasedRestraint(t *testing.T) {
	eachReleased(t, func(t *testing.T, c releasedGolden) {
		a, want := c.cabr(MergeIntoWeight), c.Restraint
		in := c.start(t, a)
		near(t, "the sorted norms", in[NormsTensor], want.Norms, c.tolerance("norms"))
		in["B"], in["bias"] = want.B, want.Bias
		for i := range c.Out {
			in[DrawsTensor].values[i] = 1e6 // not drawn
		}
		for _, i := range want.Features {
			in[DrawsTensor].values[i] = 1e-6
		}
		if n := a.MagNorm.Restraint.count(c.Out, c.R); n != len(want.Features) {
			t.Fatalf("%d features are drawn, recorded are %d", n, len(want.Features))
		}
		got := run(t, in, func(v map[string]*graph.Node) []*graph.Node {
			y := output(a, v["x"], v["w"], v)
			s := a.divisors(v["x"], v["w"], v)
			through := graph.ConvertDType(graph.LessOrEqual(s, scalar(s.Graph(), a.MagNorm.Restraint.Edge)), dtypes.Float32)
			out := []*graph.Node{y, graph.ReduceAllMean(s), graph.ReduceAllMean(through)}
			return append(out, graph.Gradient(squares(y), v["A"], v["B"], v["bias"])...)
		})
		for i, field := range []array{want.Y, {nil, []float32{float32(want.S.Mean)}}, {nil, []float32{float32(want.S.Share)}}, want.GradA, want.GradB, want.GradBias} {
			what := []string{"y", "the mean of S", "the share at most the edge", "the gradient by A", "the gradient by B", "the gradient by the bias"}[i]
			got[i].shape = append([]int(nil), got[i].shape...)
			if len(field.shape) == 0 {
				got[i].shape = nil
			}
			near(t, what, got[i], field, c.tolerance(what))
		}
	})
}

func frobenius(g *graph.Node) *graph.Node { return graph.Sqrt(graph.ReduceAllSum(graph.Square(g))) }
