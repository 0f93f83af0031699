package experiments

import (
	"errors"

	"secura/experiments/machine"
	"secura/experiments/record"
)

// cellLog appends what happens in a cell: records and steps, which hold no clock, and timings.
type cellLog struct {
	records, steps, timing *record.Writer
	// mine is nil while the cell's files are this process's to write.
	mine func() error
	// compiled tells what was spent on compiling so far.
	compiled func() machine.Spent
	// timed and timedCompiled are what all phases that have ended took, and what was spent on
	// compiling in them.
	timed, timedCompiled machine.Spent
	// flop are the operations of the task whose training ends next.
	flop float64
}

func (l *cellLog) event(e record.Event) error {
	if err := l.mine(); err != nil {
		return err
	}
	return l.records.Append(e)
}

func (l *cellLog) step(s record.Step) error {
	if err := l.mine(); err != nil {
		return err
	}
	return l.steps.Append(s)
}

// sync puts everything appended on the disk. A checkpoint may follow.
func (l *cellLog) sync() error {
	return errors.Join(l.mine(), l.records.Sync(), l.steps.Sync(), l.timing.Sync())
}

func (l *cellLog) close() error {
	var errs []error
	for _, w := range []*record.Writer{l.records, l.steps, l.timing} {
		if w != nil {
			errs = append(errs, w.Close())
		}
	}
	return errors.Join(errs...)
}

// time starts a clock for a phase of a task; the function it returns stops it. What was spent on
// compiling meanwhile is a phase of its own, and so is a phase that began and ended meanwhile. A
// timing that cannot be written stops nothing: the numbers do not depend on it. A phase that ended
// early took its time too, and has no tokens: these come with the phase that ends whole.
func (l *cellLog) time(phase record.Phase, index int) (stop func(tokens int64)) {
	elapsed, before, timed, timedCompiled := machine.StartClock(), l.compiled(), l.timed, l.timedCompiled
	return func(tokens int64) {
		compiled := l.compiled().Minus(before).Minus(l.timedCompiled.Minus(timedCompiled))
		spent := elapsed().Minus(l.timed.Minus(timed))
		l.timed, l.timedCompiled = l.timed.Plus(spent), l.timedCompiled.Plus(compiled)
		spent = spent.Minus(compiled)
		if l.mine() != nil {
			return
		}
		peak := machine.PeakMemory()
		if compiled.Seconds > 0 {
			l.timing.Append(record.Timing{Phase: record.Compile, Index: index, Seconds: compiled.Seconds, ProcessorSeconds: compiled.Processor, PeakRSSBytes: peak})
		}
		timing := record.Timing{Phase: phase, Index: index, Seconds: spent.Seconds, ProcessorSeconds: spent.Processor, Tokens: tokens, PeakRSSBytes: peak}
		if phase == record.Train {
			timing.FLOP, l.flop = l.flop, 0
		}
		l.timing.Append(timing)
	}
}

// total appends what one session of the cell took, however it ended, and what of it was spent in
// compiled graphs: a cell that went on after an interruption has several. A session that ended
// before it opened the log has nothing to append to.
func (l *cellLog) total(spent machine.Spent, executeSeconds float64) error {
	if l.timing == nil || l.mine() != nil {
		return nil
	}
	return l.timing.Append(record.Timing{Phase: record.Total, Seconds: spent.Seconds, ProcessorSeconds: spent.Processor,
		ExecuteSeconds: executeSeconds, PeakRSSBytes: machine.PeakMemory()})
}
