package methods

import (
	"math"
	"testing"
)

// Methods with a teacher or a slow copy in the loss make forward passes beside their own: i-lora
// over replayed rows alone, 2 of the toy's 6. All others make none.
func TestExtraForwards(t *testing.T) {
	want := map[string]float64{KL.Name: 1, LwF.Name: 1, ILoRAReleased.Name: 1, ILoRA.Name: 2. / 6}
	eachTrainable(t, func(t *testing.T, m Method, open func(Setting) *Session, rate float64) {
		s := open(toySetting(1))
		if _, err := s.Step(toyBatch(s.ReplayRows(), rowsOf(0, 0), nil), rate); err != nil {
			t.Fatal(err)
		}
		if got := s.ExtraForwards(); math.Abs(got-want[m.Name]) > 1e-12 {
			t.Errorf("%g forward passes beside the step's own, expected %g", got, want[m.Name])
		}
		if _, err := s.StepPacked(packedToys(s, 48, 30, rowsOf(0, 0), nil), rate); err != nil {
			t.Fatal(err)
		}
		packed := want[m.Name]
		if m.Name == ILoRA.Name { // the front of a part, which may hold replayed examples
			packed = 0.5
		}
		if got := s.ExtraForwards(); math.Abs(got-packed) > 1e-12 {
			t.Errorf("packed: %g forward passes beside the step's own, expected %g", got, packed)
		}
	})
}
