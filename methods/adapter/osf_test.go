package adapter

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
)

// Three steps of gradient descent end where peft's OSF ends: there its projected gradient and the
// projected weight agree. With Adam they do not: peft's update leaves the subspace, as recorded.
func TestOSFIsPeftsUnderGradientDescent(t *testing.T) {
	raw, err := os.ReadFile("testdata/osf.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Kept              int
		Rate              float64
		Weight, X, Y, End array
		Losses            []float64
		SGD               float64 `json:"outside_sgd"`
		Adam              float64 `json:"outside_adam"`
	}
	if err := json.Unmarshal(raw, &golden); err != nil {
		t.Fatal(err)
	}
	o := OSF{Preserved: float64(golden.Kept) / float64(golden.Weight.shape[0])}
	x := array{append([]int{1}, golden.X.shape...), golden.X.values}
	in, _ := start(t, o, golden.Weight, x, 1)
	in["y"] = array{append([]int{1}, golden.Y.shape...), golden.Y.values}
	out := run(t, in, func(v map[string]*graph.Node) []*graph.Node {
		var list []*graph.Node
		for range golden.Losses {
			loss := graph.ReduceAllSum(graph.Square(graph.Sub(o.Apply(v["x"], v["w"], v), v["y"])))
			list = append(list, loss)
			names := []string{"U", "S", "V"}
			for i, g := range graph.Gradient(loss, v["U"], v["S"], v["V"]) {
				v[names[i]] = graph.Sub(v[names[i]], graph.MulScalar(g, golden.Rate))
			}
		}
		return append(list, o.Weight(v["w"], v))
	})
	for i, want := range golden.Losses {
		near(t, "the loss", out[i], array{nil, []float32{float32(want)}}, 1e-5)
	}
	near(t, "the weight", out[len(golden.Losses)], golden.End, 1e-5)
	t.Logf("of peft's update lies outside the subspace: by gradient descent %.2g, by Adam %.2g", golden.SGD, golden.Adam)
	if golden.SGD > 1e-5 || golden.Adam < 0.01 {
		t.Errorf("outside of the subspace lie %g and %g of peft's updates", golden.SGD, golden.Adam)
	}
}

// Whatever U, S and V become, the kept directions of the weight stay: the update maps into their
// complement on both sides.
func TestOSFKeepsTheLargeDirections(t *testing.T) {
	o := OSF{Preserved: 0.5}
	in, _ := moved(t, o, 31)
	r := rand.New(rand.NewPCG(2, 2))
	in["U"] = normal(r, 1, in["U"].shape...)
	out := run(t, in, func(v map[string]*graph.Node) []*graph.Node {
		kept := graph.OneMinus(v["low"])
		update := graph.Sub(o.Weight(v["w"], v), v["w"])
		return []*graph.Node{
			graph.ReduceAllMax(graph.Abs(product(transposed(scaled(v["U0"], kept)), update))),
			graph.ReduceAllMax(graph.Abs(product(update, scaled(transposed(v["V0"]), kept)))),
			graph.ReduceAllMax(graph.Abs(update)), graph.ReduceAllSum(kept),
		}
	})
	if n := out[3].values[0]; int(n) != o.Kept(min(testOut, testIn)) || n == 0 {
		t.Errorf("%v directions are kept", n)
	}
	if size := out[2].values[0]; size < 0.1 || out[0].values[0] > 1e-5*size || out[1].values[0] > 1e-5*size {
		t.Errorf("an update of at most %v reaches %v and %v into the kept directions", size, out[0].values[0], out[1].values[0])
	}
}

func TestOSFRefusesShares(t *testing.T) {
	for _, share := range []float64{-0.1, 1} {
		if _, err := (OSF{Preserved: share}).Init(zeros(2, 2).matrix(), nil); err == nil {
			t.Errorf("a preserved share of %g was accepted", share)
		}
	}
}
