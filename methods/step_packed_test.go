package methods

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// packedToys lays rows into packed parts of so many slots and answers, in order, replayed ones at
// the front where the method computes them once more. A part has room for a few toy examples only,
// so that steps have several.
func packedToys(s *Session, length, answers int, current, replayed []Row) (parts []Packed) {
	devices, front, frontAnswers := s.base.Devices(), 0, 0
	if s.hooks.ReplayForward {
		front, frontAnswers = length/2, answers/2
	}
	type row struct{ slots, answers, texts int }
	var rows []row // of the last part
	put := func(example int, name Row, slots, room int) {
		one := toyBatch(0, []Row{name}, nil)
		pad := slices.Index(one.Segments[:toyLength], 0)
		first := slices.IndexFunc(one.Weights[:toyAnswers], func(w float32) bool { return w != 0 })
		at := slices.IndexFunc(rows, func(r row) bool { return r.slots+toyLength-pad <= slots && r.answers+toyAnswers-first <= room })
		if at < 0 {
			parts, rows, at = append(parts, NewPacked(devices, length, answers, front, frontAnswers)), make([]row, devices), 0
		}
		p, r := parts[len(parts)-1], &rows[at]
		r.texts++
		for i := pad; i < toyLength; i++ {
			to := at*length + r.slots + i - pad
			p.Tokens[to], p.Positions[to], p.Segments[to] = one.Tokens[i], int32(i-pad), int32(r.texts)
		}
		for i := first; i < toyAnswers; i++ {
			to := at*answers + r.answers + i - first
			p.Slots[to] = int32(r.slots + toyLength - toyAnswers + i - pad)
			p.Targets[to], p.Weights[to], p.Examples[to] = one.Targets[i], 1, int32(example)
		}
		r.slots, r.answers = r.slots+toyLength-pad, r.answers+toyAnswers-first
	}
	for i, name := range replayed {
		if front > 0 {
			put(s.Rows+i, name, front, frontAnswers)
		}
	}
	for i, name := range current {
		put(i, name, length, answers)
	}
	for i, name := range replayed {
		if front == 0 {
			put(s.Rows+i, name, length, answers)
		}
	}
	return parts
}

// TestAPackedBatchIsTheSame makes steps, a task's end between them, with batches laid into parts of
// several texts a row, kept or computed again: losses, gradients, weights and measures are those of
// a text a row but for the order of sums.
func TestAPackedBatchIsTheSame(t *testing.T) {
	for _, m := range All {
		if m.Kind == Untrained {
			continue
		}
		t.Run(m.Name, func(t *testing.T) {
			var results [2][]StepResult
			var learned [2]map[string][]float32
			results[0], learned[0] = twoTasks(t, m, func(s *Setting) {})
			for _, shape := range [][2]int{{48, 30}, {24, 9}} { // in blocks of 16, and in one
				for _, checkpoint := range []bool{false, true} {
					if checkpoint && (shape[0] == 24 || !slices.Contains([]string{Seq.Name, ILoRA.Name, Secura.Name}, m.Name)) {
						continue
					}
					several := false
					results[1], learned[1] = twoTasksBy(t, m, func(s *Setting) { s.Checkpoint = checkpoint }, func(s *Session, current, replayed []Row, rate float64) (StepResult, error) {
						parts := packedToys(s, shape[0], shape[1], current, replayed)
						several = several || len(parts) > 1
						return s.StepPacked(parts, rate)
					})
					if shape[0] == 24 && !several {
						t.Error("all batches are of one part")
					}
					sameTwoTasks(t, fmt.Sprintf("packed into %v, checkpoint %v", shape, checkpoint), results, learned, closeness{
						loss: func(int) float64 { return 1e-5 }, norm: func(int) float64 { return 1e-4 },
						measure: 1e-3, smallMeasure: 1e-5, weights: 1e-5, otherOutputs: true,
					})
				}
			}
		})
	}
}

func TestPackedPartsAreRefused(t *testing.T) {
	s := open[*ERParams](t, ER, "packed", toySetting(1), func(p *ERParams) { p.Buffer = 0.5 })
	for want, change := range map[string]func(p *Packed){
		"other sizes inside": func(p *Packed) { p.Slots = p.Slots[1:] },
		"expected one for":   func(p *Packed) { *p = NewPacked(2, 24, 9, 0, 0) },
		"slot 24 of example": func(p *Packed) { p.Slots[0] = 24 },
		"of example 6":       func(p *Packed) { p.Examples[0] = int32(s.Rows + s.ReplayRows()) },
		"at the front":       func(p *Packed) { p.Front, p.FrontAnswers, p.Examples[8], p.Weights[8] = 3, 3, int32(s.Rows), 1 },
	} {
		p := packedToys(s, 24, 9, rowsOf(0, 0)[:1], nil)[0]
		change(&p)
		if _, err := s.StepPacked([]Packed{p}, toyRate); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
	if s.steps != 0 {
		t.Errorf("%d steps were counted", s.steps)
	}
}
