package experiments

import (
	"context"
	"fmt"
	"iter"
	"runtime"

	"secura/experiments/suite"
	"secura/methods"
)

// An estimate takes at most estimateShare of the run that it tells of, or leastBudget seconds if
// that is more, and never more than mostBudget.
const (
	estimateShare = 0.02
	leastBudget   = 60.0
	mostBudget    = 120.0
	// enoughSeconds of steps or batches of one shape are measured, if a single one does not take
	// longer.
	enoughSeconds = 2.0
)

// measuring is an estimate that is being made.
type measuring struct {
	Estimate
	worker *Worker
	cells  []suite.Cell // the worker's, the longest first
	doing  func(text string)
	left   int     // methods after the one that is being measured
	slots  float64 // of a step of the method that was measured last
	// spent is how long the measuring has taken, and timed how long a function takes, without what
	// it compiles.
	spent func() float64
	timed func(run func() error) (rest, compile float64, err error)
}

// fits says whether something of a length can still be measured.
func (m *measuring) fits(seconds float64) bool {
	return m.spent()+seconds <= m.budget()
}

// budget goes by the run as far as it is known.
func (m *measuring) budget() float64 {
	s := m.worker.suite
	workers := min(runtime.NumCPU(), len(m.worker.cells))
	known := m.Estimate
	for i := len(known.Methods); 0 < i && i < len(s.Methods); i++ {
		like := known.Methods[0]
		like.Name = s.Methods[i].Name
		known.Methods = append(known.Methods[:i:i], like)
	}
	return min(max(leastBudget, estimateShare*known.seconds(s, m.cells, workers)), mostBudget)
}

// some is how many of n things that take so long are measured: one, and more up to enoughSeconds.
func (m *measuring) some(n int, seconds float64) int {
	return min(n, max(1, int(enoughSeconds/max(seconds, 1e-9))))
}

// evaluation measures a batch of each shape, as far as there is time for half of the budget;
// batches of a shape that was not measured take as long by their tokens as those of their kind.
func (m *measuring) evaluation(ctx context.Context) error {
	f := m.worker.evaluator.Function()
	type rate struct{ token, compile float64 }
	known := map[string]rate{}
	for _, s := range m.worker.evaluator.Samples() {
		like, seen := known[s.Kind]
		if seen && m.spent()+like.compile+like.token*float64(s.Tokens) > m.budget()/2 {
			m.Evaluation += like.token * float64(s.All)
			m.EvaluationCompile += like.compile
			continue
		}
		m.doing(fmt.Sprintf("compiles and evaluates a batch of %d tokens", s.Tokens))
		run := func() error { return s.Run(ctx, f) }
		cold, compile, err := m.timed(run)
		if err != nil {
			return err
		}
		one := cold
		if n := m.some(estimateSteps, cold); n > 1 || cold < enoughSeconds {
			all, _, err := m.timed(func() error {
				for range n {
					if err := run(); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
			one = all / float64(n)
		}
		r := rate{one / float64(s.Tokens), compile}
		if !seen {
			known[s.Kind] = r
		}
		m.Evaluation += r.token * float64(s.All)
		m.EvaluationCompile += compile
	}
	held, slots := m.worker.evaluator.Held()
	m.EvaluationPadding = 1 - float64(held)/float64(max(slots, 1))
	return nil
}

// methods measures one cell of each method; one for which there is no time left is taken to be as
// the first that was measured, by the slots of its steps.
func (m *measuring) methods(ctx context.Context, cells []suite.Cell) error {
	var first *MethodEstimate
	firstSlots, took := 0.0, 0.0
	for i, cell := range cells {
		m.worker.shareGraphs(cell)
		r, err := m.worker.rehearse(ctx, cell)
		if err != nil {
			return err
		}
		if r == nil { // it does not train
			m.Methods = append(m.Methods, MethodEstimate{Name: cell.Method.Name})
			continue
		}
		if first != nil && !m.fits(took) {
			like := *first
			like.Name, like.Like, like.TaskEnd = cell.Method.Name, first.Name, 0
			steps, err := r.sampleSteps()
			r.session.Close()
			if err != nil {
				return err
			}
			like.Padding = steps.padding()
			like.Step *= steps.slotsPerStep() / firstSlots
			m.Methods = append(m.Methods, like)
			continue
		}
		m.doing(fmt.Sprintf("compiles and makes some steps of %s, %d of %d methods", cell.Method.Name, i+1, len(cells)))
		before := m.spent()
		m.left = len(cells) - i - 1
		e, err := m.measureMethod(ctx, r)
		r.session.Close()
		if err != nil {
			return err
		}
		m.Methods = append(m.Methods, e)
		took = max(took, m.spent()-before)
		if first == nil {
			first, firstSlots = &e, m.slots
		}
	}
	return nil
}

// fewer gives of a task's batches what can be computed in enoughSeconds, and one at least. scale is
// by how much more there would be.
func (m *measuring) fewer(batches func(examples int) iter.Seq2[methods.Batch, error]) (some func(examples int) iter.Seq2[methods.Batch, error], scale func() float64) {
	given, all := 0, 0
	some = func(examples int) iter.Seq2[methods.Batch, error] {
		return func(yield func(methods.Batch, error) bool) {
			begun, stopped := m.spent(), false
			for b, err := range batches(examples) {
				if all++; stopped {
					continue
				}
				given++
				if !yield(b, err) {
					return
				}
				stopped = m.spent()-begun > enoughSeconds && given > 1
			}
		}
	}
	return some, func() float64 {
		if given == 0 {
			return 1
		}
		return float64(all) / float64(given)
	}
}
