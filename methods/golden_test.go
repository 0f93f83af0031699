package methods

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
)

// readReleased decodes what was recorded of the release's modules.
func readReleased(t *testing.T, into any) {
	t.Helper()
	file, err := os.Open("adapter/testdata/released.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.NewDecoder(unpacked).Decode(into); err != nil {
		t.Fatal(err)
	}
}

// goldenTolerance is relative to the largest wanted value.
const goldenTolerance = 1e-4

// matrix is a golden [rows, columns] list, or a deeper one with all but the last two axes made one.
type matrix struct {
	rows, columns int
	values        []float32
}

func (m *matrix) UnmarshalJSON(raw []byte) error {
	var rows [][]float32
	if err := json.Unmarshal(raw, &rows); err != nil {
		var blocks [][][]float32
		if err := json.Unmarshal(raw, &blocks); err != nil {
			return err
		}
		rows = nil // what the first try left
		for _, b := range blocks {
			rows = append(rows, b...)
		}
	}
	for _, row := range rows {
		m.values = append(m.values, row...)
	}
	m.rows, m.columns = len(rows), len(rows[0])
	return nil
}

// golden is one case of testdata/continual.json.
type golden struct {
	Seed int
	EWC  struct {
		Star    matrix `json:"W_star"`
		X       matrix
		Y       []int32
		Fisher  matrix
		Drift   matrix
		Lambda  float64 `json:"lam"`
		Penalty float64
	}
	ILoRA struct {
		Lambda      float64 `json:"ema"`
		AWork       matrix  `json:"A_work"`
		BWork       matrix  `json:"B_work"`
		ALong       matrix  `json:"A_long"`
		BLong       matrix  `json:"B_long"`
		YWork       matrix  `json:"y_work"`
		YLong       matrix  `json:"y_long"`
		Consistency float64 `json:"consistency_mse"`
		ALongAfter  matrix  `json:"A_long_after"`
		BLongAfter  matrix  `json:"B_long_after"`
	}
}

func eachGolden(t *testing.T, test func(t *testing.T, g golden)) {
	raw, err := os.ReadFile("testdata/continual.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []golden }
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) != 2 {
		t.Fatalf("%d cases", len(file.Cases))
	}
	for _, g := range file.Cases {
		t.Run(fmt.Sprintf("seed%d", g.Seed), func(t *testing.T) { test(t, g) })
	}
}

// evaluate runs a graph once over matrices, and returns its outputs.
func evaluate(t *testing.T, build func(in []*graph.Node) []*graph.Node, in ...matrix) [][]float32 {
	t.Helper()
	arguments := make([]any, len(in))
	for i, m := range in {
		rows := make([][]float32, m.rows)
		for r := range rows {
			rows[r] = m.values[r*m.columns : (r+1)*m.columns]
		}
		arguments[i] = rows
	}
	out, err := graph.CallOnceN(toy.Backend, build, arguments...)
	if err != nil {
		t.Fatal(err)
	}
	values := make([][]float32, len(out))
	for i, o := range out {
		values[i] = floats(t, o)
	}
	return values
}

func near(t *testing.T, what string, got, want []float32) {
	t.Helper()
	d := apart(got, want) / largest(want)
	t.Logf("%s: largest relative difference %.2g", what, d)
	if !(d <= goldenTolerance) {
		t.Errorf("%s is %g of its largest value away", what, d)
	}
}

func TestGoldenEWCPenalty(t *testing.T) {
	eachGolden(t, func(t *testing.T, g golden) {
		e := g.EWC
		out := evaluate(t, func(in []*graph.Node) []*graph.Node {
			value := graph.Add(in[0], in[1])
			penalty := graph.MulScalar(ewcPenalty(value, in[0], in[2]), e.Lambda/2)
			return []*graph.Node{penalty, graph.Gradient(penalty, value)[0]}
		}, e.Star, e.Drift, e.Fisher)
		near(t, "the penalty", out[0], []float32{float32(e.Penalty)})
		want := make([]float32, len(e.Drift.values)) // d/dθ of (λ/2) F d² is λ F d
		for i := range want {
			want[i] = float32(e.Lambda) * e.Fisher.values[i] * e.Drift.values[i]
		}
		near(t, "the penalty's gradient", out[1], want)
	})
}

func TestGoldenFisherInformation(t *testing.T) {
	eachGolden(t, func(t *testing.T, g golden) {
		e := g.EWC
		out := evaluate(t, func(in []*graph.Node) []*graph.Node {
			own := perExample(in[0], e.X.rows)
			logits := graph.InsertAxes(graph.Einsum("bi,boi->bo", in[1], own), 1)
			targets := graph.InsertAxes(graph.Const(in[0].Graph(), e.Y), -1)
			each := graph.Squeeze(negativeLogLikelihood(logits, targets), -1)
			return []*graph.Node{graph.DivScalar(sumsOfSquaredGradients(each, []*graph.Node{own})[0], float64(e.X.rows))}
		}, e.Star, e.X)
		near(t, "the Fisher information", out[0], e.Fisher.values)
	})
}

func TestGoldenILoRA(t *testing.T) {
	eachGolden(t, func(t *testing.T, g golden) {
		i := g.ILoRA
		out := evaluate(t, func(in []*graph.Node) []*graph.Node {
			hidden := func(x *graph.Node) *graph.Node { return graph.InsertAxes(x, 0) }
			counted := graph.OnesLike(graph.Squeeze(graph.SliceAxis(hidden(in[4]), 2, graph.AxisRange(0, 1)), -1))
			lambda := graph.Scalar(in[0].Graph(), in[0].DType(), i.Lambda)
			return []*graph.Node{movingAverage(in[0], in[1], lambda), movingAverage(in[2], in[3], lambda),
				meanSquaredError(hidden(in[4]), hidden(in[5]), counted, graph.ReduceAllSum(counted))}
		}, i.ALong, i.AWork, i.BLong, i.BWork, i.YWork, i.YLong)
		near(t, "A of the long memory", out[0], i.ALongAfter.values)
		near(t, "B of the long memory", out[1], i.BLongAfter.values)
		near(t, "the consistency term", out[2], []float32{float32(i.Consistency)})
	})
}
