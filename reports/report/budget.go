package report

import (
	"cmp"
	"slices"

	"secura/reports/metric"
)

// adapterBytes are those of one trained value.
const adapterBytes = 4

// single is the method that does nothing but learn, whose work is the unit.
const single = "seq"

// MethodBudget is what a method costs: the bytes that it keeps beside the backbone and the
// operations of its training, each the mean over its done cells.
type MethodBudget struct {
	Method string
	// Adapter are the bytes of the adapter's trained values, Beside those of all else that is kept,
	// All both.
	Adapter, Beside, All metric.Value
	// FLOP are the operations of a cell's training, Ratio theirs to SEQ's.
	FLOP, Ratio metric.Value
	// Best says that no method that keeps as little has a higher accuracy; nil where that is not
	// known.
	Best *bool
}

// Budgets are those of the methods but for references, ordered by all bytes.
func (r *Report) Budgets() (list []MethodBudget) {
	flop := func(m string) metric.Value {
		v := r.MeanDone(m, func(c Cell) float64 { return c.TrainFLOP })
		if v.Defined() && v.Number == 0 {
			return metric.Undefined("the run did not count operations")
		}
		return v
	}
	one := metric.Undefined("no " + single)
	if r.Has(single) {
		one = flop(single)
	}
	adapter := func(c Cell) float64 { return adapterBytes * float64(c.TrainedParameters) }
	all := func(c Cell) float64 { return float64(c.StateBytes) }
	for _, m := range r.Suite.Methods {
		if m.Reference() {
			continue
		}
		b := MethodBudget{Method: m.Name, Adapter: r.MeanDone(m.Name, adapter), All: r.MeanDone(m.Name, all),
			Beside: r.MeanDone(m.Name, func(c Cell) float64 { return all(c) - adapter(c) }), FLOP: flop(m.Name), Ratio: one}
		switch {
		case !b.FLOP.Defined():
			b.Ratio = b.FLOP
		case one.Defined():
			b.Ratio = metric.Number(b.FLOP.Number / one.Number)
		}
		list = append(list, b)
	}
	slices.SortStableFunc(list, func(a, b MethodBudget) int { return cmp.Compare(a.All.Number, b.All.Number) })
	accuracy := func(b MethodBudget) metric.Value { return r.Summarise(b.Method, "acc").Mean }
	for i, b := range list {
		if !accuracy(b).Defined() || !b.All.Defined() {
			continue
		}
		better := slices.ContainsFunc(list, func(o MethodBudget) bool {
			return o.All.Defined() && accuracy(o).Defined() && o.All.Number <= b.All.Number && accuracy(o).Number > accuracy(b).Number
		})
		best := !better
		list[i].Best = &best
	}
	return list
}
