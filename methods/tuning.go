package methods

import (
	"fmt"

	"secura/methods/adapter"
)

// Tuning says what a tuning tries for a method: learning rates, evenly spaced in their logarithms from Least to
// Largest, and then values of the method's own coefficient at the best of them.
type Tuning struct {
	// Least and Largest bound the learning rates; 0 both leaves them to the kind of the adapter.
	Least, Largest float64
	// Coefficient is the method's own; the zero value is none.
	Coefficient Coefficient
}

// Coefficient is the parameter of a method that decides how strongly it holds on to what was learned.
type Coefficient struct {
	// Key is the parameter's, as in a suite's params.
	Key string
	// Values gives what is tried where a task has so many steps. The first one is what the learning rates are tried
	// with; the others follow in the order in which they are worth a trial, for a small budget does not reach the last.
	Values func(taskSteps int) []any
}

// Bounds of the learning rates by the kind of the adapter. Adapters that multiply two trained factors (LoRA's kind)
// want ten times the rate of a full matrix; those that train a small matrix between frozen columns and rows of small
// norm (CUR's kind) move the weight by so little per unit that they want up to 1. Each grid holds the published rate.
var (
	fullRates  = [2]float64{1e-4, 3e-3}
	loraRates  = [2]float64{3e-4, 3e-2}
	curRates   = [2]float64{1e-3, 1}
	otherRates = [2]float64{3e-4, 3e-1} // of an adapter of none of these kinds
)

// Grid is the method's tuning, bounds of the learning rates filled in. A method that trains nothing has none.
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

// values are a coefficient's that do not depend on the length of a task.
func values(list ...any) func(int) []any { return func(int) []any { return list } }
