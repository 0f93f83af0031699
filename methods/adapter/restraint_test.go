package adapter

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
)

// drawnBy gives what restraint draws for a weight.
func drawnBy(t *testing.T, w array, draws []float32, rank int) []float32 {
	t.Helper()
	in := map[string]array{}
	for _, made := range restraintTensors(w.matrix()) {
		in[made.Name] = array{made.Shape, made.Values}
	}
	in[DrawsTensor] = array{[]int{len(draws)}, draws}
	return run(t, in, func(v map[string]*graph.Node) []*graph.Node {
		return []*graph.Node{DefaultRestraint().drawn(v, rank)}
	})[0].values
}

// Feature i has the chance of the i-th largest norm, whichever row that is of.
func TestDrawsAreWithoutReplacementByPlaceAmongTheNorms(t *testing.T) {
	const trials = 400
	w := zeros(3, 2) // norms 1, 5, 1; sorted 5, 1, 1
	copy(w.values, []float32{1, 0, 3, 4, 0, 1})
	r := rand.New(rand.NewPCG(3, 4))
	counts := [3]int{}
	for range trials {
		total := 0
		for i, x := range drawnBy(t, w, Draws(3, r), 1) { // max((3−1)/2, 3/4) = 1 of 3
			counts[i] += int(x)
			total += int(x)
		}
		if total != 1 {
			t.Fatalf("%d features were drawn, want 1", total)
		}
	}
	// Each share is 5/7, 1/7, 1/7 within four standard deviations.
	for i, want := range []float64{5. / 7, 1. / 7, 1. / 7} {
		if got := float64(counts[i]) / trials; math.Abs(got-want) > 4*math.Sqrt(want*(1-want)/trials) {
			t.Errorf("feature %d was drawn in %.3f of the trials, want %.3f", i, got, want)
		}
	}
	// Equal draws of equal norms: the earlier ones are taken, no more than wanted; a norm of 0
	// comes last.
	same := zeros(6, 1)
	copy(same.values, []float32{0, 1, 1, 1, 1, 1})
	if got := drawnBy(t, same, slices.Repeat([]float32{1}, 6), 2); !slices.Equal(got, []float32{1, 1, 0, 0, 0, 0}) {
		t.Errorf("of equal features %v are drawn", got)
	}
	for _, c := range [][3]int{{12, 3, 4}, {8, 6, 2}, {2, 1, 0}, {896, 112, 392}} {
		if got := (Restraint{}).count(c[0], c[1]); got != c[2] {
			t.Errorf("of %d outputs with rank %d %d are drawn, want %d", c[0], c[1], got, c[2])
		}
	}
}

func TestDrawsFollowTheirStream(t *testing.T) {
	a, b := Draws(50, rand.New(rand.NewPCG(1, 2))), Draws(50, rand.New(rand.NewPCG(1, 2)))
	if !slices.Equal(a, b) || slices.Equal(a, Draws(50, rand.New(rand.NewPCG(1, 3)))) || slices.Min(a) <= 0 {
		t.Error("the draws do not follow the stream")
	}
}

// Where it acts, restraint moves the drawn features of G, in both spaces, and nothing else; below
// its share nothing at all.
func TestRestraintMovesTheDrawnFeatures(t *testing.T) {
	for _, space := range []string{SpaceWeight, SpaceActivation} {
		a := secura(MergeNone)
		a.MagNorm.Space, a.MagNorm.Normalise = space, NormaliseNone
		a.MagNorm.Scale = 1e4 // every move is let through: S is nearly 1 everywhere
		a.MagNorm.Restraint = &Restraint{Edge: 1.2, Share: 0.9, Decay: 0.5}
		in, _ := moved(t, a, 3)
		in[DrawsTensor] = array{[]int{testOut}, Draws(testOut, rand.New(rand.NewPCG(5, 6)))}
		drawn := drawnBy(t, in["w"], in[DrawsTensor].values, a.Rank)
		output := func(r *Restraint) array {
			norm := *a.MagNorm
			norm.Restraint = r
			b := a
			b.MagNorm = &norm
			return run(t, in, func(v map[string]*graph.Node) []*graph.Node { return []*graph.Node{b.Apply(v["x"], v["w"], v)} })[0]
		}
		off, on := output(nil), output(&Restraint{Edge: 1.2, Share: 0.9, Decay: 0.5})
		for i := range off.values {
			if changed, want := off.values[i] != on.values[i], drawn[i%testOut] == 1; changed != want {
				t.Fatalf("%s space: output %d changes: %v, its feature is drawn: %v", space, i%testOut, changed, want)
			}
		}
		if !slices.Contains(drawn, 1) {
			t.Error("no feature is drawn")
		}
		a.MagNorm.Scale = 1e-3 // S is 1.5 nearly everywhere
		near(t, space+": S above the edge", output(&Restraint{Edge: 1.2, Share: 0.9, Decay: 0.5}), output(nil), 0)
		a.MagNorm.Scale = 1e4
		in[DrawsTensor] = array{[]int{testOut}, Draws(testOut, rand.New(rand.NewPCG(7, 8)))}
		if slices.Equal(output(&Restraint{Edge: 1.2, Share: 0.9, Decay: 0.5}).values, on.values) {
			t.Errorf("%s space: other draws give the same", space)
		}
	}
}

// It acts where more than Share of S's entries are at most Edge, not where just that share is.
func TestRestraintActsAboveItsShare(t *testing.T) {
	fused := zeros(2, 2)
	copy(fused.values, []float32{1, 2, 3, 4})
	for _, c := range []struct{ divisor, want []float32 }{
		{[]float32{1, 1.2, 1.3, 2}, []float32{1, 2, 3, 4}},
		{[]float32{1, 1.2, 1.2, 2}, []float32{0.5, 1, 3, 4}},
	} {
		in := map[string]array{"fused": fused, "divisor": {fused.shape, c.divisor}, "drawn": {[]int{2, 1}, []float32{1, 0}}}
		got := run(t, in, func(v map[string]*graph.Node) []*graph.Node {
			return []*graph.Node{Restraint{Edge: 1.2, Share: 0.5, Decay: 0.5}.apply(v["fused"], v["divisor"], v["drawn"])}
		})
		near(t, fmt.Sprintf("with S %v the result", c.divisor), got[0], array{fused.shape, c.want}, 0)
	}
}
