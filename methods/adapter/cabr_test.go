package adapter

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"gonum.org/v1/gonum/mat"
)

func TestMergeIntoWeight(t *testing.T) {
	eachCase(t, func(t *testing.T, c golden) {
		norm := DefaultMagNorm()
		a := c.cabr()
		a.Merging, a.MagNorm = MergeIntoWeight, &norm
		in, made := start(t, a, c.W, c.X, 1)
		in["A"], in["B"], in["bias"] = c.Cabr["A"], c.Cabr["B"], c.Cabr["lora_bias"]
		got := run(t, in, func(v map[string]*graph.Node) []*graph.Node {
			w, merged := a.Merge(v["w"], v)
			out := []*graph.Node{w, graph.Sub(w, v["w"]), a.Weight(w, merged)}
			for _, m := range made {
				out = append(out, merged[m.Name])
			}
			return out
		})
		near(t, "the weight's change", got[1], c.Cabr["delta"], goldenTolerance)
		near(t, "the effective weight after the merge", got[2], got[0], 0)
		for i, m := range made {
			want := in[m.Name]
			if m.Name == "B" {
				want = zeros(m.Shape...)
			}
			near(t, m.Name, got[3+i], want, 0)
		}
	})
}

func TestMergeNoneChangesNothing(t *testing.T) {
	a := secura(MergeNone)
	in, _ := moved(t, a, 3)
	same := false
	run(t, in, func(v map[string]*graph.Node) []*graph.Node {
		w, merged := a.Merge(v["w"], v)
		same = w == v["w"] && maps.Equal(merged, v)
		return []*graph.Node{a.Weight(w, merged)}
	})
	if !same {
		t.Error("the merge gives other nodes")
	}
}

// After each merge both ways hold the same function, fused or not, and M2 never writes the weight.
func TestMergingIntoSumIsMergingIntoWeight(t *testing.T) {
	for _, fused := range []bool{false, true} {
		r := rand.New(rand.NewPCG(2, 2))
		intoWeight, intoSum := secura(MergeIntoWeight), secura(MergeIntoSum)
		if !fused {
			intoWeight.MagNorm, intoSum.MagNorm = nil, nil
		}
		x := normal(r, 1, testBatch, testLength, testIn)
		one, _ := start(t, intoWeight, normal(r, 1, testOut, testIn), x, 1)
		two, _ := start(t, intoSum, one["w"], x, 1)
		pretrained := one["w"]
		for step := range 4 {
			one["A"], one["B"] = normal(r, 0.5, 2, 4), normal(r, 0.5, 4, 2)
			two["A"], two["B"] = one["A"], one["B"]
			merge := func(a CABR, in map[string]array) []array {
				return run(t, in, func(v map[string]*graph.Node) []*graph.Node {
					before := a.Apply(v["x"], v["w"], v)
					w, merged := a.Merge(v["w"], v)
					out := []*graph.Node{before, a.Apply(v["x"], w, merged), w, merged["B"]}
					if long, ok := merged["AB_long"]; ok {
						out = append(out, long)
					}
					return out
				})
			}
			first, second := merge(intoWeight, one), merge(intoSum, two)
			near(t, "the output before the merge", second[0], first[0], 1e-4)
			near(t, "the output after the merge", second[1], first[1], 1e-4)
			if moved := difference(first[0], first[1]) > 1e-2*largest(first[0]); moved != fused {
				t.Errorf("step %d, with S-MagNorm %v: the merge moves the output: %v", step, fused, moved)
			}
			near(t, "the weight of M2", second[2], pretrained, 0)
			one["w"], one["B"] = first[2], first[3]
			two["w"], two["B"], two["AB_long"] = second[2], second[3], second[4]
		}
		if largest(two["AB_long"]) == 0 {
			t.Error("the sum is 0")
		}
	}
}

func TestFormerBaseIsAnotherReading(t *testing.T) {
	held, base := secura(MergeIntoSum), secura(MergeIntoSum)
	base.Former = FormerBase
	in, _ := moved(t, held, 5)
	got := run(t, in, func(v map[string]*graph.Node) []*graph.Node {
		return []*graph.Node{held.Weight(v["w"], v), base.Weight(v["w"], v)}
	})
	if slices.Equal(got[0].values, got[1].values) {
		t.Error("both readings give one weight")
	}
}

// S-MagNorm changes outputs and gradients once B is not 0; at B = 0 it halves the gradient and does
// nothing else.
func TestMagNormActs(t *testing.T) {
	with, without := secura(MergeNone), secura(MergeNone)
	without.MagNorm = nil
	in, _ := moved(t, with, 7)
	both := func() []array {
		return run(t, in, func(v map[string]*graph.Node) []*graph.Node {
			var out []*graph.Node
			for _, a := range []CABR{with, without} {
				y := a.Apply(v["x"], v["w"], v)
				out = append(append(out, y), graph.Gradient(squares(y), v["A"], v["B"])...)
			}
			return out
		})
	}
	got := both()
	for i, what := range []string{"output", "gradient of A", "gradient of B"} {
		if difference(got[i], got[3+i]) < 1e-2*largest(got[3+i]) {
			t.Errorf("S-MagNorm does not change the %s", what)
		}
	}
	in["B"] = zeros(4, 2)
	got = both()
	near(t, "the output at B = 0", got[0], got[3], 1e-6)
	for i := range got[5].values {
		got[5].values[i] /= 2
	}
	near(t, "the gradient of B at B = 0", got[2], got[5], 1e-5)
}

func difference(a, b array) float64 {
	d := 0.0
	for i := range a.values {
		d = max(d, math.Abs(float64(a.values[i]-b.values[i])))
	}
	return d
}

func TestMagNormOfTheSmallestMove(t *testing.T) {
	former := array{[]int{2, 2}, []float32{1, 2, -3, 4}}
	fused := array{[]int{2, 2}, []float32{1, 2, -3, 4.001}}
	got := run(t, map[string]array{"f": former, "g": fused}, func(v map[string]*graph.Node) []*graph.Node {
		return []*graph.Node{DefaultMagNorm().Divisor(v["f"], v["g"]), DefaultMagNorm().Divisor(v["f"], v["f"])}
	})
	// 2 − sigmoid(∓3): an unmoved entry is scaled by 2/1.9526 and the one largest move by 2/1.0474.
	near(t, "S", got[0], array{[]int{2, 2}, []float32{1.9525741, 1.9525741, 1.9525741, 1.0474259}}, 1e-6)
	near(t, "S without a move", got[1], array{[]int{2, 2}, []float32{2, 2, 2, 2}}, 0)
}

// The paper's start is the block of the best approximation of rank r; at full rank that is the
// block itself.
func TestPrincipalStart(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	left, right := normal(r, 1, 6, 2), normal(r, 1, 2, 9)
	var exact mat.Dense
	exact.Mul(dense(left), dense(right))
	w := zeros(6, 9) // of rank 2
	for i := range w.values {
		w.values[i] = float32(exact.At(i/9, i%9))
	}
	a := DefaultCABR()
	a.Rank, a.Inner = 2, 5
	released, _ := start(t, a, w, array{}, 1)
	a.Start = StartPrincipal
	principal, _ := start(t, a, w, array{}, 1)
	near(t, "A of a matrix of rank 2", principal["A"], released["A"], 1e-5)
	for i := range w.values {
		w.values[i] += float32(0.1 * r.NormFloat64())
	}
	principal, _ = start(t, a, w, array{}, 1)
	a.Start = StartReleased
	released, _ = start(t, a, w, array{}, 1)
	if d := difference(principal["A"], released["A"]); d < 1e-3 || d > 1 {
		t.Errorf("the starts of a noisy matrix differ by %v", d)
	}
}

func dense(a array) *mat.Dense {
	values := make([]float64, len(a.values))
	for i, v := range a.values {
		values[i] = float64(v)
	}
	return mat.NewDense(a.shape[0], a.shape[1], values)
}

// The fused merge keeps the function that was trained, entry by entry, and one that did not move
// exactly.
func TestMergeFusedKeepsTheFunction(t *testing.T) {
	a := secura(MergeFused)
	a.MagNorm.Form = FormStep
	in, _ := moved(t, a, 4)
	// A column of C with a 0 leaves that row of W unmoved.
	for j := range a.Rank {
		in["C"].values[j] = 0
	}
	got := run(t, in, func(v map[string]*graph.Node) []*graph.Node {
		w, merged := a.Merge(v["w"], v)
		return []*graph.Node{a.Apply(v["x"], v["w"], v), a.Apply(v["x"], w, merged), w, merged["B"]}
	})
	near(t, "the output after the merge", got[1], got[0], 0)
	if largest(got[3]) != 0 {
		t.Error("B is not 0 after the merge")
	}
	row := func(m array) array { return array{[]int{testIn}, m.values[:testIn]} }
	near(t, "an unmoved row", row(got[2]), row(in["w"]), 0)
	if difference(got[2], in["w"]) == 0 {
		t.Error("the weight did not move")
	}
}

// The form F + (G − F)/S is (F + G)/S where S is 2.
func TestFormsAgreeWhereNothingMoves(t *testing.T) {
	sum, step := secura(MergeNone), secura(MergeNone)
	step.MagNorm.Form = FormStep
	in, _ := moved(t, sum, 6)
	weights := func() []array {
		return run(t, in, func(v map[string]*graph.Node) []*graph.Node {
			return []*graph.Node{sum.Weight(v["w"], v), step.Weight(v["w"], v)}
		})
	}
	got := weights()
	if difference(got[0], got[1]) < 1e-2*largest(got[0]) {
		t.Error("both forms give one weight")
	}
	in["B"] = zeros(4, 2)
	got = weights()
	near(t, "the form sum", got[0], in["w"], 0)
	near(t, "the form step", got[1], in["w"], 0)
}

// Outputs are fused token by token: what a token gives does not depend on the others.
func TestFusedOutputsOfATokenAreItsOwn(t *testing.T) {
	for _, normalise := range []string{NormaliseMax, NormaliseNone} {
		a := secura(MergeNone)
		a.MagNorm.Space, a.MagNorm.Normalise = SpaceActivation, normalise
		in, _ := moved(t, a, 12)
		got := run(t, in, func(v map[string]*graph.Node) []*graph.Node {
			last := func(x *graph.Node) *graph.Node { return graph.SliceAxis(x, 1, graph.AxisRangeToEnd(testLength-1)) }
			return []*graph.Node{last(a.Apply(v["x"], v["w"], v)), a.Apply(last(v["x"]), v["w"], v)}
		})
		near(t, "the last token alone, "+normalise, got[1], got[0], 1e-6)
	}
}
