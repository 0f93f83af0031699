package methods

import (
	"slices"
	"testing"

	"secura/methods/adapter"
)

// TestGridsFollowTheAdapter holds the bounds by the kind of the adapter, and that a method's own come first.
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

// TestMemoriesFollowTheTask holds λ = 1 − 1/n for averages over n = 0.4, 0.1, 1 and 2 tasks' steps.
func TestMemoriesFollowTheTask(t *testing.T) {
	if got, want := memories(50), []any{0.95, 0.8, 0.98, 0.99}; !slices.Equal(got, want) {
		t.Errorf("of 50 steps %v, expected %v", got, want)
	}
	if got, want := memories(2), []any{0.5, 0.75}; !slices.Equal(got, want) {
		t.Errorf("of 2 steps %v, expected %v", got, want)
	}
}
