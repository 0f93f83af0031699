package adapter

import (
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
)

// With different tensors for each example, each one's output is what its own tensors give alone.
func TestCopiesStayApart(t *testing.T) {
	for name, a := range all() {
		t.Run(name, func(t *testing.T) {
			in, made := moved(t, a, 23)
			r := rand.New(rand.NewPCG(9, 9))
			for _, m := range made {
				in[m.Name] = normal(r, 1, append([]int{testBatch}, m.Shape...)...)
			}
			got := run(t, in, func(v map[string]*graph.Node) []*graph.Node {
				out := []*graph.Node{a.Apply(v["x"], v["w"], v), a.Weight(v["w"], v)}
				for i := range testBatch {
					row := func(n *graph.Node) *graph.Node { return graph.SliceAxis(n, 0, graph.AxisElem(i)) }
					one := maps.Clone(v)
					for _, m := range made {
						one[m.Name] = graph.Squeeze(row(v[m.Name]), 0)
					}
					out = append(out, a.Apply(row(v["x"]), v["w"], one), graph.InsertAxes(a.Weight(v["w"], one), 0))
				}
				return out
			})
			for i := range testBatch {
				near(t, "the output", example(got[0], i), got[2+2*i], 1e-5)
				near(t, "the weight", example(got[1], i), got[3+2*i], 1e-5)
			}
		})
	}
}

// example is a[i:i+1].
func example(a array, i int) array {
	size := len(a.values) / a.shape[0]
	return array{append([]int{1}, a.shape[1:]...), a.values[i*size : (i+1)*size]}
}
