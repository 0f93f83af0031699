package adapter

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
)

func secura(mode MergeMode) CABR {
	a, norm := DefaultCABR(), DefaultMagNorm()
	a.Rank, a.Inner, a.MagNorm, a.Merging = 2, 4, &norm, mode
	return a
}

// all is every adapter in every form whose graph differs; a new one needs one line here.
func all() map[string]Adapter {
	cabr := DefaultCABR()
	cabr.Rank, cabr.Inner = 2, 4
	summed, base := cabr, secura(MergeIntoSum)
	summed.Merging, base.Former = MergeIntoSum, FormerBase
	unused, step := cabr, secura(MergeFused)
	unused.Merging, step.MagNorm.Form = MergeIntoUnusedSum, FormStep
	return map[string]Adapter{
		"full": Full{}, "ball": Ball{Radius: 0.4}, "lora": LoRA{Rank: 3, Alpha: 6}, "dora": DoRA{Rank: 3, Alpha: 6},
		"cur":  CURLoRA{Rank: 4, Rule: SizesByWidth, Alpha: 0.5, Selection: InverseTop},
		"cabr": cabr, "cabr M2": summed, "secura": secura(MergeIntoWeight), "secura M2": secura(MergeIntoSum), "secura M2 base": base,
		"cabr M2 as released": unused, "secura normed": step, "released M1": releasedCABR(MergeIntoWeight), "released M2": releasedCABR(MergeIntoUnusedSum),
		"osf": OSF{Preserved: 0.4}, "lora unscaled": UnscaledLoRA{Rank: 3, Rule: SizesByWidth},
	}
}

const testOut, testIn, testBatch, testLength = 7, 9, 3, 4

// moved is a weight, an input and an adapter's tensors, with those that start at 0 or at the weight
// moved away.
func moved(t testing.TB, a Adapter, seed uint64) (map[string]array, []Tensor) {
	r := rand.New(rand.NewPCG(seed, 3))
	in, made := start(t, a, normal(r, 1, testOut, testIn), normal(r, 1, testBatch, testLength, testIn), seed)
	for _, m := range made {
		if _, ok := a.(OSF); largest(in[m.Name]) == 0 || m.Name == "weight" || ok && m.Trained {
			in[m.Name] = normal(r, 0.3, m.Shape...)
		}
	}
	return in, made
}

func TestInitLeavesTheFunctionAndRepeats(t *testing.T) {
	for name, a := range all() {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			w := normal(r, 1, testOut, testIn)
			before := slices.Clone(w.values)
			in, made := start(t, a, w, normal(r, 1, testBatch, testLength, testIn), 5)
			_, again := start(t, a, w, w, 5)
			for i, m := range made {
				if !slices.Equal(m.Values, again[i].Values) || m.Name != again[i].Name || len(m.Values) != len(zeros(m.Shape...).values) {
					t.Errorf("tensor %d: %v, then %v", i, m, again[i])
				}
				for k := range m.Values {
					m.Values[k]++ // must not reach into the weight
				}
			}
			if !slices.Equal(w.values, before) {
				t.Error("a tensor shares the weight's memory")
			}
			for i, m := range again {
				in[again[i].Name] = array{m.Shape, m.Values}
			}
			got := run(t, in, func(v map[string]*graph.Node) []*graph.Node {
				return []*graph.Node{a.Weight(v["w"], v), a.Apply(v["x"], v["w"], v), project(v["x"], v["w"])}
			})
			rounding := 0.0
			if _, ok := a.(DoRA); ok { // m/‖W‖ is 1 to rounding
				rounding = 1e-6
			}
			near(t, "the weight", got[0], w, rounding)
			near(t, "the output", got[1], got[2], 1e-6)
		})
	}
}

func TestApplyIsTheProductWithWeight(t *testing.T) {
	for name, a := range all() {
		if strings.HasPrefix(name, "released") { // what S-MagNorm makes of outputs is no product with a weight
			continue
		}
		t.Run(name, func(t *testing.T) {
			in, _ := moved(t, a, 11)
			got := run(t, in, func(v map[string]*graph.Node) []*graph.Node {
				return []*graph.Node{a.Apply(v["x"], v["w"], v), project(v["x"], a.Weight(v["w"], v)), project(v["x"], v["w"])}
			})
			near(t, "Apply", got[0], got[1], 1e-5)
			if slices.Equal(got[1].values, got[2].values) {
				t.Error("the moved tensors change nothing")
			}
		})
	}
}

// Copies of the trained tensors for each example give the same outputs, and gradients by example
// that sum up.
func TestOneCopyForEachExample(t *testing.T) {
	biased := secura(MergeIntoSum)
	biased.Bias, biased.MagNorm = true, nil
	adapters := all()
	adapters["cabr with bias"] = biased
	for name, a := range adapters {
		t.Run(name, func(t *testing.T) {
			in, made := moved(t, a, 13)
			var trained []string
			for _, m := range made {
				if m.Trained {
					trained = append(trained, m.Name)
				}
			}
			loss := func(y *graph.Node) *graph.Node { return graph.ReduceAllSum(graph.Square(y)) }
			got := run(t, in, func(v map[string]*graph.Node) []*graph.Node {
				var shared []*graph.Node
				copies := map[string]*graph.Node{}
				for key, node := range v {
					copies[key] = node
				}
				for _, key := range trained {
					shared = append(shared, v[key])
					dims := append([]int{testBatch}, v[key].Shape().Dimensions...)
					copies[key] = graph.BroadcastToDims(graph.InsertAxes(v[key], 0), dims...)
				}
				y, each := a.Apply(v["x"], v["w"], v), a.Apply(v["x"], v["w"], copies)
				want := graph.Gradient(loss(y), shared...)
				var by []*graph.Node
				for _, key := range trained {
					by = append(by, copies[key])
				}
				out := []*graph.Node{y, each, a.Weight(v["w"], v), graph.ReduceMean(a.Weight(v["w"], copies), 0)}
				if a == Adapter(biased) && len(trained) != 3 {
					panic("bias is not trained")
				}
				for i, g := range graph.Gradient(loss(each), by...) {
					out = append(out, graph.ReduceSum(g, 0), want[i])
				}
				return out
			})
			near(t, "the outputs", got[1], got[0], 1e-5)
			near(t, "the weight", got[3], got[2], 1e-5)
			for i, key := range trained {
				near(t, "the gradient of "+key, got[4+2*i], got[5+2*i], 1e-4)
			}
		})
	}
}

// gradients gives the largest gradient of mean y² by each tensor of v.
func gradients(t *testing.T, a Adapter, in map[string]array, names ...string) map[string]float64 {
	t.Helper()
	got := run(t, in, func(v map[string]*graph.Node) []*graph.Node {
		by := make([]*graph.Node, len(names))
		for i, name := range names {
			by[i] = v[name]
		}
		return graph.Gradient(squares(a.Apply(v["x"], v["w"], v)), by...)
	})
	sizes := map[string]float64{}
	for i, name := range names {
		sizes[name] = largest(got[i])
	}
	return sizes
}

func TestWhatGetsAGradient(t *testing.T) {
	for name, a := range all() {
		t.Run(name, func(t *testing.T) {
			in, made := moved(t, a, 17)
			var trained []string
			for _, m := range made {
				if m.Trained {
					trained = append(trained, m.Name)
				}
			}
			for tensor, size := range gradients(t, a, in, trained...) {
				if !(size > 1e-4) {
					t.Errorf("moved: the gradient of %s is %v", tensor, size)
				}
			}
			if !slices.Contains(trained, "B") {
				return
			}
			for _, m := range made {
				in[m.Name] = array{m.Shape, m.Values}
			}
			if size := gradients(t, a, in, "A", "B"); size["A"] != 0 || !(size["B"] > 1e-4) {
				t.Errorf("at the start: gradients %v, want exactly 0 for A and not 0 for B", size)
			}
		})
	}
}

func TestFoldKeepsTheFunction(t *testing.T) {
	for name, a := range all() {
		folder, ok := a.(Folder)
		if !ok {
			continue
		}
		t.Run(name, func(t *testing.T) {
			in, made := moved(t, a, 19)
			got := run(t, in, func(v map[string]*graph.Node) []*graph.Node {
				w, folded := folder.Fold(v["w"], v)
				out := []*graph.Node{a.Weight(v["w"], v), w, a.Weight(w, folded)}
				for _, m := range made {
					out = append(out, folded[m.Name])
				}
				return out
			})
			near(t, "the weight", got[1], got[0], 0)
			near(t, "the effective weight", got[2], got[0], 0)
			for i, m := range made {
				want := in[m.Name]
				if reset := map[string]string{"lora": "B", "lora unscaled": "B", "cur": "U"}[name]; m.Name == reset {
					want = zeros(m.Shape...)
				}
				near(t, m.Name, got[3+i], want, 0)
			}
		})
	}
}

func TestLoRAStartsAsTorchDoes(t *testing.T) {
	in, _ := start(t, LoRA{Rank: 64, Alpha: 16}, zeros(5, 100), array{}, 1)
	sum, square := 0.0, 0.0
	for _, v := range in["A"].values {
		sum += float64(v)
		square += float64(v) * float64(v)
	}
	n := float64(len(in["A"].values))
	// Uniform on ±0.1: mean 0 ± 0.0007, mean square 0.01/3 within 3%, largest just below 0.1.
	if m := largest(in["A"]); m > 0.1 || m < 0.0999 || math.Abs(sum/n) > 0.003 || math.Abs(square/n*300-1) > 0.05 {
		t.Errorf("largest %v, mean %v, mean square %v", m, sum/n, square/n)
	}
	if largest(in["B"]) != 0 {
		t.Error("B does not start at 0")
	}
}

func TestInitNamesWhatDoesNotFit(t *testing.T) {
	cabr := func(change func(*CABR)) CABR {
		a := secura(MergeNone)
		norm := *a.MagNorm
		a.MagNorm = &norm
		change(&a)
		return a
	}
	weight := func(out, in int) Matrix { return Matrix{out, in, slices.Repeat([]float32{1}, out*in)} }
	withZeroRow := weight(4, 4)
	clear(withZeroRow.Values[8:12])
	for i, c := range []struct {
		a    Adapter
		w    Matrix
		want []string
	}{
		{Full{}, Matrix{2, 3, nil}, []string{"[2, 3] has 0 values", "6 values"}},
		{LoRA{Rank: 0, Alpha: 1}, weight(4, 4), []string{"rank is 0"}},
		{LoRA{Rank: 2, Alpha: math.NaN()}, weight(4, 4), []string{"alpha is NaN"}},
		{CURLoRA{5, SizesByWidth, 1, InverseTop}, weight(4, 8), []string{"rank is 5", "1 to 4", "[4, 8]"}},
		{CURLoRA{2, SizesByWidth, 0, InverseTop}, weight(4, 8), []string{"alpha is 0"}},
		{CURLoRA{2, SizesByWidth, 1, "top"}, weight(4, 8), []string{`"top"`, "inverse-sample-offset"}},
		{CURLoRA{2, SizesByWidth, 1, InverseSample}, withZeroRow, []string{"choose rows", "number 2", "inverse-sample-offset"}},
		{CURLoRA{2, SizesByWidth, 1, InverseSampleOffset}, Matrix{4, 4, make([]float32, 16)}, []string{"squared norm is 0"}},
		{cabr(func(a *CABR) { a.Rank, a.Inner = 4, 4 }), weight(8, 8), []string{"inner rank is 4", "the rank 4"}},
		{cabr(func(a *CABR) { a.Rank, a.Inner = 4, 3 }), weight(8, 8), []string{"inner rank is 3", "the rank 4"}},
		{cabr(func(a *CABR) { a.Inner = 9 }), weight(12, 8), []string{"inner rank is 9", "at most 8"}},
		{cabr(func(a *CABR) { a.Rank = -1 }), weight(8, 8), []string{"rank is -1"}},
		{cabr(func(a *CABR) { a.Start = "svd" }), weight(8, 8), []string{`"svd"`, "released"}},
		{cabr(func(a *CABR) { a.Rule = "height" }), weight(8, 8), []string{`"height"`, "width", "absolute"}},
		{cabr(func(a *CABR) { a.Rank, a.Rule = 0, SizesAbsolute }), weight(128, 128), []string{"rank is 150", "1 to 128", "sizes width"}},
		{cabr(func(a *CABR) { a.Rank, a.Inner, a.Rule = 0, 0, SizesAbsolute }), weight(160, 160), []string{"inner rank is 200", "at most 160", "sizes width"}},
		{cabr(func(a *CABR) { a.Precision = "half" }), weight(8, 8), []string{`"half"`, "bf16"}},
		{UnscaledLoRA{Rank: 2}, weight(4, 4), []string{`""`, "width"}},
		{UnscaledLoRA{Rank: -1, Rule: SizesByWidth}, weight(4, 4), []string{"rank is -1"}},
		{CURLoRA{0, "", 1, InverseTop}, weight(4, 4), []string{`""`, "width"}},
		{CURLoRA{0, SizesAbsolute, 1, InverseTop}, weight(256, 128), []string{"rank is 150", "1 to 128"}},
		{cabr(func(a *CABR) { a.Merging = "M3" }), weight(8, 8), []string{`"M3"`, "M2"}},
		{cabr(func(a *CABR) { a.Former = "" }), weight(8, 8), []string{`""`, "held"}},
		{cabr(func(a *CABR) { a.MagNorm.Scale = 0 }), weight(8, 8), []string{"scale is 0"}},
		{cabr(func(a *CABR) { a.MagNorm.Epsilon = -1 }), weight(8, 8), []string{"epsilon is -1"}},
		{cabr(func(a *CABR) { a.MagNorm.Normalise = "min" }), weight(8, 8), []string{`"min"`}},
	} {
		_, err := c.a.Init(c.w, rand.New(rand.NewPCG(1, 1)))
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("case %d, %T: error %v, want it to contain %q", i, c.a, err, want)
			}
		}
	}
}

func TestSampledSelection(t *testing.T) {
	const draws = 60000
	sq := []float64{1, 2, 0, 5, 0.5}
	for _, s := range []Selection{InverseSample, InverseSampleOffset} {
		t.Run(string(s), func(t *testing.T) {
			squares, offset := slices.Clone(sq), 0.001
			if s == InverseSample {
				squares[2], offset = 0.25, 0
			}
			total, sum := 0.0, 0.0
			for _, v := range squares {
				total += v
			}
			weight := make([]float64, len(squares))
			for i, v := range squares {
				weight[i] = 1 / (v/total + offset)
				sum += weight[i]
			}
			chosen, err := unimportant(squares, draws, s, rand.New(rand.NewPCG(4, 4)))
			if err != nil {
				t.Fatal(err)
			}
			times := make([]float64, len(squares))
			for _, i := range chosen {
				times[i]++
			}
			for i := range times {
				p := weight[i] / sum
				if z := (times[i] - draws*p) / math.Sqrt(draws*p*(1-p)); math.Abs(z) > 4.5 {
					t.Errorf("index %d was drawn %v times, expected %v", i, times[i], draws*p)
				}
			}
		})
	}
}

// Columns and rows are drawn from the stream that Init is given, which is the cell's.
func TestSampledSelectionFollowsItsStream(t *testing.T) {
	w := normal(rand.New(rand.NewPCG(1, 2)), 1, 40, 50)
	for _, s := range []Selection{InverseSample, InverseSampleOffset} {
		a := CURLoRA{Rank: 8, Rule: SizesByWidth, Alpha: 1, Selection: s}
		one, _ := start(t, a, w, array{}, 5)
		other, _ := start(t, a, w, array{}, 6)
		for _, name := range []string{"C", "R"} {
			if slices.Equal(one[name].values, other[name].values) {
				t.Errorf("%s: %s is the same of two seeds", s, name)
			}
		}
	}
}

// Of columns and of rows with equal norms the lower index comes first.
func TestEqualNormsAreTakenInOrder(t *testing.T) {
	w := array{[]int{3, 3}, []float32{ // symmetric; the norms are 3, 3, √14
		1, 2, 2,
		2, 2, -1,
		2, -1, 3,
	}}
	in, _ := start(t, CURLoRA{Rank: 2, Rule: SizesByWidth, Alpha: 1, Selection: InverseTop}, w, array{}, 1)
	near(t, "C", in["C"], array{[]int{3, 2}, []float32{1, 2, 2, 2, 2, -1}}, 0)
	near(t, "R", in["R"], array{[]int{2, 3}, []float32{1, 2, 2, 2, 2, -1}}, 0)
}

func ExampleCABR_Sizes() {
	fmt.Println(DefaultCABR().Sizes(1536, 1536)) // Qwen2-1.5B's q_proj
	fmt.Println(DefaultCABR().Sizes(256, 1536))  // its v_proj
	fmt.Println(DefaultCABR().Sizes(576, 576))
	fmt.Println(DefaultCABR().Sizes(64, 128))
	fmt.Println(DefaultCABR().Sizes(4, 9))
	fmt.Println(CABR{Rule: SizesAbsolute}.Sizes(192, 576))
	// Output:
	// 150 200 <nil>
	// 150 200 <nil>
	// 56 75 <nil>
	// 12 16 <nil>
	// 1 2 <nil>
	// 150 200 <nil>
}
