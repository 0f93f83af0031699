package adapter

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

var testBackend = sync.OnceValue(func() compute.Backend {
	b, err := gobackend.New("ops_sequential")
	if err != nil {
		panic(err)
	}
	return b
})

// array is a tensor of the tests: in golden files a nested list.
type array struct {
	shape  []int
	values []float32
}

func (a *array) UnmarshalJSON(raw []byte) error {
	var nested any
	if err := json.Unmarshal(raw, &nested); err != nil {
		return err
	}
	for at := nested; ; {
		list, ok := at.([]any)
		if !ok {
			break
		}
		a.shape = append(a.shape, len(list))
		at = list[0]
	}
	var walk func(any) error
	walk = func(x any) error {
		switch x := x.(type) {
		case float64:
			a.values = append(a.values, float32(x))
		case []any:
			for _, y := range x {
				if err := walk(y); err != nil {
					return err
				}
			}
		default:
			return fmt.Errorf("%T in a list of numbers", x)
		}
		return nil
	}
	return walk(nested)
}

func (a array) matrix() Matrix { return Matrix{a.shape[0], a.shape[1], a.values} }

func zeros(shape ...int) array {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return array{shape, make([]float32, n)}
}

// normal has independent values of the given spread.
func normal(r *rand.Rand, spread float64, shape ...int) array {
	a := zeros(shape...)
	for i := range a.values {
		a.values[i] = float32(spread * r.NormFloat64())
	}
	return a
}

// run runs a graph function over named inputs.
func run(t testing.TB, in map[string]array, fn func(map[string]*graph.Node) []*graph.Node) []array {
	t.Helper()
	names := slices.Sorted(maps.Keys(in))
	arguments := make([]any, len(names))
	for i, name := range names {
		arguments[i] = tensors.FromFlatDataAndDimensions(in[name].values, in[name].shape...)
	}
	out, err := graph.CallOnceN(testBackend(), func(nodes []*graph.Node) []*graph.Node {
		byName := map[string]*graph.Node{}
		for i, name := range names {
			byName[name] = nodes[i]
		}
		return fn(byName)
	}, arguments...)
	if err != nil {
		t.Fatal(err)
	}
	arrays := make([]array, len(out))
	for i, o := range out {
		values, err := tensors.CopyFlatData[float32](o)
		if err != nil {
			t.Fatal(err)
		}
		arrays[i] = array{o.Shape().Dimensions, values}
	}
	return arrays
}

func largest(a array) float64 {
	m := 0.0
	for _, v := range a.values {
		if math.IsNaN(float64(v)) {
			return math.NaN()
		}
		m = max(m, math.Abs(float64(v)))
	}
	return m
}

// near compares within tolerance of the largest wanted value.
func near(t testing.TB, what string, got, want array, tolerance float64) {
	t.Helper()
	if !slices.Equal(got.shape, want.shape) {
		t.Errorf("%s has shape %v, want %v", what, got.shape, want.shape)
		return
	}
	scale := largest(want)
	for i := range want.values {
		if d := math.Abs(float64(got.values[i]) - float64(want.values[i])); !(d <= tolerance*scale) {
			t.Errorf("%s[%d] is %v, want %v (largest %v)", what, i, got.values[i], want.values[i], scale)
			return
		}
	}
}

// start gives an adapter's tensors as arrays, beside w and x.
func start(t testing.TB, a Adapter, w, x array, seed uint64) (map[string]array, []Tensor) {
	t.Helper()
	made, err := a.Init(w.matrix(), rand.New(rand.NewPCG(seed, 1)))
	if err != nil {
		t.Fatal(err)
	}
	in := map[string]array{"w": w, "x": x}
	for _, m := range made {
		in[m.Name] = array{m.Shape, m.Values}
	}
	return in, made
}

// squares is the mean of y², the loss of the golden gradients.
func squares(y *graph.Node) *graph.Node { return graph.ReduceAllMean(graph.Square(y)) }
