package methods

import (
	"fmt"
	"slices"
	"testing"

	"secura/methods/adapter"
	"secura/methods/backbone"
)

// TestGridsFollowTheAdapter holds the bounds by the kind of the adapter, and that a method's own
// come first.
func TestGridsFollowTheAdapter(t *testing.T) {
	bounds := func(m Method) [2]float64 {
		t.Helper()
		g, err := m.Grid()
		if err != nil {
			t.Fatal(err)
		}
		return [2]float64{g.Least, g.Largest}
	}
	full := Seq
	full.Adapter = func(any) (adapter.Adapter, error) { return adapter.Full{}, nil }
	own := Seq
	own.Tuning = Tuning{Least: 1e-5, Largest: 1e-4}
	for _, c := range []struct {
		method Method
		want   [2]float64
	}{{Seq, loraRates}, {EWC, loraRates}, {JointTraining, loraRates}, {DoRA, loraRates}, {SeqFull, fullRates}, {CURLoRA, curRates}, {Secura, curRates}, {full, fullRates}, {own, [2]float64{1e-5, 1e-4}}} {
		if got := bounds(c.method); got != c.want {
			t.Errorf("%s: rates from %g to %g, expected %g", c.method.Name, got[0], got[1], c.want)
		}
	}
	own.Tuning.Largest = 1e-6
	for _, m := range []Method{Frozen, own} {
		if _, err := m.Grid(); err == nil {
			t.Errorf("%s has a grid, expected an error", m.Name)
		}
	}
}

// TestLadders holds the values of each method's coefficient, rung by rung, and where the ladders
// end.
func TestLadders(t *testing.T) {
	nano := Scale{TaskSteps: 50, Width: 128, Side: 64}
	for _, c := range []struct {
		method Method
		scale  Scale
		least  int // the first rung
		want   []string
		ends   bool // above the last of them
	}{
		{EWC, nano, -1, []string{"[1]", "[10]", "[100]", "[1000]"}, false},
		{ILoRAReleased, nano, -1, []string{"[0.099]", "[0.99]", "[9.9]"}, false},
		// λ = 1 − 1/n of averages over n = 8, 20, 50, 125 and 312.5 steps
		{ILoRA, nano, -1, []string{"[0.875]", "[0.95]", "[0.98]", "[0.992]", "[0.9968]"}, false},
		{ILoRA, Scale{TaskSteps: 5}, 0, []string{"[0.5]", "[0.8]"}, false},
		{CURLoRA, nano, -4, []string{"[1]", "[2]", "[4]", "[8]", "[16]", "[32]", "[64]"}, true},
		{SecuraK, nano, -2, []string{"[2]", "[4]", "[10]", "[25]"}, true},
		// ⌊150·128/1536⌋ and ⌊200·128/1536⌋ to ⌊128/2⌋ and ⌊2·128/3⌋
		{Secura, nano, -2, []string{"[12 16]", "[21 28]", "[37 49]", "[64 85]"}, true},
		{SecuraM2, Scale{Width: 192, Side: 192}, -2, []string{"[18 25]", "[32 43]", "[55 74]", "[96 128]"}, true},
		{CABR, Scale{Width: 1536, Side: 256}, -2, []string{"[150 200]"}, true},
		{Secura, Scale{Width: 4, Side: 4}, 1, nil, true},
	} {
		rung := func(k int) (string, bool) {
			values, ok := c.method.Tuning.Coefficient.Rung(c.scale, k)
			return fmt.Sprint(values), ok
		}
		var got []string
		for k := range c.want {
			text, ok := rung(c.least + k)
			if !ok {
				t.Errorf("%s has no rung %d", c.method.Name, c.least+k)
			}
			got = append(got, text)
		}
		if !slices.Equal(c.want, got) {
			t.Errorf("%s: %v, expected %v", c.method.Name, got, c.want)
		}
		if text, ok := rung(c.least + len(c.want)); ok == c.ends {
			t.Errorf("%s after its last rung: %s, %v", c.method.Name, text, ok)
		}
		if text, ok := rung(c.least - 1); ok && c.method.Name != EWC.Name && c.method.Name != ILoRA.Name && c.method.Name != ILoRAReleased.Name {
			t.Errorf("%s before its first rung: %s", c.method.Name, text)
		}
	}
}

// TestTheScaleIsThatOfTheAdaptedWeights: v_proj of grouped queries has fewer outputs, down_proj
// more inputs.
func TestTheScaleIsThatOfTheAdaptedWeights(t *testing.T) {
	c := backbone.Config{Architecture: backbone.Qwen2Architecture, Vocabulary: 10, Width: 128, Intermediate: 448, Layers: 1, Heads: 4, KeyValueHeads: 2, HeadSize: 32}
	for _, test := range []struct {
		targets []string
		want    Scale
	}{
		{[]string{"q_proj", "v_proj"}, Scale{48, 128, 64}},
		{[]string{"q_proj", "down_proj"}, Scale{48, 128, 128}},
		{[]string{"down_proj"}, Scale{48, 448, 128}},
	} {
		if got := NewScale(c, test.targets, 48); got != test.want {
			t.Errorf("%v: %+v, expected %+v", test.targets, got, test.want)
		}
	}
}
