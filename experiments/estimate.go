package experiments

import (
	"context"
	"slices"

	"secura/experiments/machine"
	"secura/experiments/record"
	"secura/experiments/suite"
	"secura/methods"
)

// Estimate is what a suite's cells will take on this machine, from what was measured here, in the
// place and the environment of a worker: seconds of one core, or of the clock where the backend
// computes on another device.
type Estimate struct {
	Methods []MethodEstimate
	// Evaluation is everything evaluated once, and EvaluationCompile what each worker compiles for
	// it.
	Evaluation, EvaluationCompile float64
	// EvaluationPadding is the share of the slots of an evaluation that hold no token.
	EvaluationPadding float64
	// PeakBytes is the largest memory of the measuring process, which did what a worker does.
	PeakBytes int64
	// Own is an evaluation of one task alone as a share of everything.
	Own float64
	// Spent is what measuring took.
	Spent float64
}

// MethodEstimate is what one method takes: a step, the mean over the stream's, a task's end, and
// its graphs' compiling, once for all seeds and orders that a worker runs.
type MethodEstimate struct {
	Name                   string
	Step, TaskEnd, Compile float64
	// Padding is the share of the slots of all steps that hold no token, missing rows included.
	Padding float64
	// Like names the method that was measured in this one's place, because there was no time left;
	// a step is then taken to be as long as that one's by the number of its slots, and a task's end
	// to take none.
	Like string
}

// estimateSteps are about how many steps of a stream are measured, after some that compile.
const estimateSteps = 16

// Measure computes one batch of each shape of an evaluation, and makes a few steps of each method,
// as far as there is time (budget). What is not measured is told from what is.
func Measure(ctx context.Context, st suite.Suite, o WorkerOptions) (Estimate, error) {
	started := machine.StartClock()
	w, err := openSingle(ctx, st, o)
	if err != nil {
		return Estimate{}, err
	}
	defer w.Close()
	seconds := func(s machine.Spent) float64 { return s.Seconds }
	if w.backendInfo.OnProcessor() && machine.PeakMemory() > 0 { // the system tells both or neither
		seconds = func(s machine.Spent) float64 { return s.Processor }
	}
	m := &measuring{worker: w, cells: suite.LongestFirst(w.cells, KnownPresets()), doing: tellerOf(o.Doing), spent: func() float64 { return seconds(started()) }}
	// timed splits what a function takes into compiling and the rest.
	m.timed = func(run func() error) (rest, compile float64, err error) {
		elapsed, before := machine.StartClock(), w.compiling.Total()
		err = run()
		compiled := w.compiling.Total().Minus(before)
		return seconds(elapsed().Minus(compiled)), seconds(compiled), err
	}
	if err := m.evaluation(ctx); err != nil {
		return Estimate{}, err
	}
	own := w.evaluator.Only(0, st.Evaluation)
	m.Own = float64(own.Tokens) / float64(w.evaluator.Tokens)
	if err := m.methods(ctx, w.cells[:len(st.Methods)]); err != nil {
		return Estimate{}, err
	}
	m.PeakBytes, m.Spent = machine.PeakMemory(), m.spent()
	return m.Estimate, nil
}

// measureMethod makes some of the steps of a cell's stream, and ends the first task. Shapes of
// batches after the first one's are compiled only where that leaves time for the methods to come;
// else they are taken to compile as long as it.
func (m *measuring) measureMethod(ctx context.Context, r *rehearsal) (e MethodEstimate, err error) {
	e.Name = r.cell.Method.Name
	if err := r.session.StartTask(); err != nil {
		return e, err
	}
	steps, err := r.sampleSteps()
	if err != nil {
		return e, err
	}
	e.Padding, m.slots = steps.padding(), steps.slotsPerStep()
	begun := m.spent()
	counted, compiled := map[string]bool{}, map[string]bool{}
	var shape, slot float64 // seconds to compile a shape, and to compute a slot
	for i, b := range steps.covering {
		fresh := 0
		for _, name := range b.shapes() {
			if !counted[name] {
				counted[name] = true
				fresh++
			}
		}
		slots, _ := b.slots()
		if i > 0 && !m.fits(shape*float64(fresh)+slot*float64(slots)+float64(m.left)*(m.spent()-begun)) {
			e.Compile += shape * float64(fresh)
			continue
		}
		seconds, compile, err := m.timed(func() error { return r.step(ctx, steps.covering[i:i+1]) })
		if err != nil {
			return e, err
		}
		e.Compile += compile
		for _, name := range b.shapes() {
			compiled[name] = true
		}
		if i == 0 {
			shape, slot = compile/float64(fresh), seconds/float64(slots)
		}
	}
	sampled := slices.DeleteFunc(steps.sampled, func(b batch) bool {
		return slices.ContainsFunc(b.shapes(), func(name string) bool { return !compiled[name] })
	})
	if len(sampled) == 0 {
		sampled = steps.covering[:1]
	}
	all, _ := sampled[0].slots()
	sampled = sampled[:m.some(len(sampled), slot*float64(all))]
	seconds, _, err := m.timed(func() error { return r.step(ctx, sampled) })
	if err != nil {
		return e, err
	}
	slots := 0
	for _, b := range sampled {
		all, _ := b.slots()
		slots += all
	}
	e.Step = seconds / float64(slots) * float64(steps.slots) / float64(steps.count)
	if r.kind == methods.Sequential {
		var compile float64
		lesson := r.lessons[0]
		batches, scale := m.fewer(r.batches(lesson))
		e.TaskEnd, compile, err = m.timed(func() error { return r.session.EndTask(lesson.index, batches) })
		e.TaskEnd *= scale()
		e.Compile += compile
	}
	return e, err
}

// streamSteps are the steps of a stream, and some of their batches.
type streamSteps struct {
	count int
	// slots are those of all batches, held those that hold a token.
	slots, held int
	// covering are batches that need all graphs, sampled ones come from all over the stream.
	covering, sampled []batch
}

// padding is the share of the slots that hold no token.
func (s streamSteps) padding() float64 { return 1 - float64(s.held)/float64(max(s.slots, 1)) }

func (s streamSteps) slotsPerStep() float64 { return float64(s.slots) / float64(max(s.count, 1)) }

// sampleSteps goes through the batches of the whole stream.
func (r *rehearsal) sampleSteps() (s streamSteps, err error) {
	total, known := 0, map[string]bool{}
	for _, lesson := range r.lessons {
		total += lesson.steps
	}
	every := max(1, total/estimateSteps)
	for _, lesson := range r.lessons {
		for current, replayed := range r.draws(lesson) {
			b, err := r.batch(current, replayed)
			if err != nil {
				return s, err
			}
			for _, shape := range b.shapes() {
				if !known[shape] {
					s.covering = append(s.covering, b)
				}
				known[shape] = true
			}
			if s.count%every == every/2 {
				s.sampled = append(s.sampled, b)
			}
			slots, held := b.slots()
			s.count, s.slots, s.held = s.count+1, s.slots+slots, s.held+held
		}
	}
	return s, nil
}

// step makes a step of each batch, at the rate 0.
func (r *rehearsal) step(ctx context.Context, batches []batch) error {
	for _, b := range batches {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := b.step(r.session, 0); err != nil {
			return err
		}
	}
	return nil
}

// rehearsal makes steps of a cell that are not recorded.
type rehearsal struct {
	*trainer
	kind    methods.Kind
	lessons []lesson
}

// rehearse starts a cell's session, which the caller closes; nil for a method that does not train.
func (w *Worker) rehearse(ctx context.Context, cell suite.Cell) (*rehearsal, error) {
	p, err := w.unrecorded(ctx, cell)
	if err != nil || p.method.Kind == methods.Untrained {
		return nil, err
	}
	session, err := p.start()
	if err != nil {
		return nil, err
	}
	return &rehearsal{w.trainer(cell, session, func(record.Step) error { return nil }), p.method.Kind, p.plan()}, nil
}

// train makes the first steps of the first task.
func (r *rehearsal) train(ctx context.Context, steps int) error {
	l := r.lessons[0]
	l.steps = steps
	_, _, err := r.trainer.train(ctx, l, position{})
	return err
}

// Seconds is how long all cells of the suite take on so many workers of one core each, the longest
// cells first, each to the worker that is free first.
func (e Estimate) Seconds(s suite.Suite, workers int) (longest float64, err error) {
	cells, err := suite.Plan(s)
	if err != nil {
		return 0, err
	}
	return e.seconds(s, suite.LongestFirst(cells, KnownPresets()), workers), nil
}

// seconds is Seconds of planned cells, the longest first.
func (e Estimate) seconds(s suite.Suite, cells []suite.Cell, workers int) (longest float64) {
	graphs := map[string]string{}
	for _, m := range s.Methods {
		graphs[m.Name] = KnownPresets().GraphKey(m)
	}
	byName := map[string]MethodEstimate{}
	for _, m := range e.Methods {
		byName[m.Name] = m
	}
	whole, own := s.Evaluations() // mixtures of all methods: the few that have none take less
	again := 0                    // steps of the recovery of one task
	for _, examples := range s.Evaluation.Recovery {
		again += (examples + s.Training.Batch - 1) / s.Training.Batch
	}
	busy, compiled := make([]float64, workers), make([]map[string]bool, workers)
	for _, c := range cells {
		free := 0
		for i := range busy {
			if busy[i] < busy[free] {
				free = i
			}
		}
		m, tasks := byName[c.Method.Name], float64(len(c.Tasks))
		if compiled[free] == nil { // the worker's first cell computes the base row too
			compiled[free] = map[string]bool{}
			busy[free] += e.EvaluationCompile + e.Evaluation
		}
		if key := graphs[c.Method.Name]; !compiled[free][key] {
			compiled[free][key] = true
			busy[free] += m.Compile
		}
		if m.Step > 0 {
			busy[free] += tasks*(float64(s.Training.Steps)*m.Step+m.TaskEnd) + (tasks-1)*float64(again)*m.Step + e.Evaluation*(float64(whole)+float64(own)*e.Own)
		}
		longest = max(longest, busy[free])
	}
	return longest
}
