package methods

import (
	"fmt"
	"math"
	"slices"

	"secura/methods/adapter"
	"secura/methods/backbone"
)

// Tuning says what a tuning tries for a method: learning rates, from Least to Largest in equal
// steps of their logarithms, and values of the method's own coefficient. A tuning goes beyond both
// where their ends win.
type Tuning struct {
	// Least and Largest bound the learning rates that are tried first; 0 both leaves them to the
	// kind of the adapter.
	Least, Largest float64
	// Coefficient is the method's own; the zero value is none.
	Coefficient Coefficient
}

// Coefficient is the setting of a method that decides, beside the learning rate, how much it can
// learn and how strongly it holds on to what was learned: the weight of a penalty, the length of a
// memory, the size of an adapter.
type Coefficient struct {
	// Keys are its parameters, as in a suite's params: one, or several that go together.
	Keys []string
	// Rung gives their values on rung k of a ladder, in the order of Keys. Rung 0 is where a tuning
	// begins, and k ascends with the first of them. It is false where the ladder has no such rung.
	Rung func(s Scale, k int) ([]any, bool)
}

// Scale is what the ladder of a coefficient may depend on.
type Scale struct {
	// TaskSteps is how many steps a task has.
	TaskSteps int
	// Width is the number of inputs of the adapted weights, and Side the smallest side [out or in]
	// of any of them.
	Width, Side int
}

// NewScale is that of a backbone whose projections of these names are adapted.
func NewScale(c backbone.Config, targets []string, taskSteps int) Scale {
	s := Scale{TaskSteps: taskSteps}
	shapes := c.WeightShapes()
	for _, p := range c.Projections(0) {
		if !slices.Contains(targets, p.Name) {
			continue
		}
		out, in := shapes[p.WeightName()][0], shapes[p.WeightName()][1]
		if s.Side == 0 {
			s.Width, s.Side = in, in
		}
		s.Width, s.Side = min(s.Width, in), min(s.Side, out, in)
	}
	return s
}

// Bounds of the learning rates that are tried first, by the kind of the adapter. Adapters that
// multiply two trained factors (LoRA's kind) want ten times the rate of a full matrix; those that
// train a small matrix between frozen columns and rows of small norm (CUR's kind) move the weight
// by so little per unit that they want up to 1. Each grid holds the published rate.
var (
	fullRates  = [2]float64{1e-4, 3e-3}
	loraRates  = [2]float64{3e-4, 3e-2}
	curRates   = [2]float64{1e-3, 1}
	otherRates = [2]float64{3e-4, 3e-1} // of an adapter of none of these kinds
)

// Grid is the method's tuning, bounds of the learning rates filled in. A method that trains nothing
// has none.
func (m Method) Grid() (Tuning, error) {
	t := m.Tuning
	if m.Kind == Untrained {
		return Tuning{}, fmt.Errorf("tune method %s: it trains nothing", m.Name)
	}
	if t.Least == 0 && t.Largest == 0 {
		a, err := m.Adapter(m.NewParams())
		if err != nil {
			return Tuning{}, fmt.Errorf("tune method %s: %w", m.Name, err)
		}
		bounds := otherRates
		switch a.(type) {
		case adapter.Full:
			bounds = fullRates
		case adapter.LoRA, adapter.UnscaledLoRA, adapter.DoRA:
			bounds = loraRates
		case adapter.CURLoRA, adapter.CABR:
			bounds = curRates
		}
		t.Least, t.Largest = bounds[0], bounds[1]
	}
	if !(t.Least > 0 && t.Largest > t.Least) {
		return Tuning{}, fmt.Errorf("tune method %s: learning rates from %g to %g; they must ascend from above 0", m.Name, t.Least, t.Largest)
	}
	return t, nil
}

// decades is a coefficient that a factor of ten moves, from start on in both directions without an
// end: its scale depends on the backbone.
func decades(key string, start float64) Coefficient {
	return Coefficient{[]string{key}, func(_ Scale, k int) ([]any, bool) {
		return []any{fourDigits(start * math.Pow(10, float64(k)))}, true
	}}
}

// shares is a coefficient between 0 and 1 that takes these values, which ascend; the tuning begins
// with the one numbered start.
func shares(key string, start int, values ...float64) Coefficient {
	return Coefficient{[]string{key}, func(_ Scale, k int) ([]any, bool) {
		if k += start; k < 0 || k >= len(values) {
			return nil, false
		}
		return []any{values[k]}, true
	}}
}

// doublings is a whole number that a factor of two moves, from start on, up to the smallest side of
// an adapted weight.
func doublings(key string, start int) Coefficient {
	return Coefficient{[]string{key}, func(s Scale, k int) ([]any, bool) {
		x := math.Ldexp(float64(start), k)
		return []any{int(x)}, x >= 1 && x <= float64(s.Side)
	}}
}

// fourDigits leaves out those that are rounding errors of a product.
func fourDigits(x float64) float64 {
	scale := math.Pow(10, 3-math.Floor(math.Log10(math.Abs(x))))
	return math.Round(x*scale) / scale
}
