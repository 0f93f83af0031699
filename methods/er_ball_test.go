package methods

import (
	"math"
	"testing"
)

// TestPresetERBall trains far too fast: no projection leaves its ball, what is told of it is so,
// and the radius changes the result.
func TestPresetERBall(t *testing.T) {
	after := map[float64]map[string][]float32{}
	for _, radius := range []float64{0.1, 0.4} {
		setting := toySetting(1)
		setting.Diagnostics = true
		s := open(t, ERBall, "", setting, func(p *ERBallParams) { p.Buffer, p.Radius = 0.5, radius })
		start := effective(t, s)
		var last StepResult
		for i := range 12 {
			var err error
			if last, err = s.Step(toyBatch(s.ReplayRows(), rowsOf(0, i%3), rowsOf(1, i%2)[:s.ReplayRows()]), 1); err != nil {
				t.Fatal(err)
			}
		}
		after[radius] = effective(t, s)
		largest := 0.0
		for name, values := range after[radius] {
			moved, size := 0.0, 0.0
			for i, x := range values {
				d, w := float64(x-start[name][i]), float64(start[name][i])
				moved, size = moved+d*d, size+w*w
			}
			largest = max(largest, math.Sqrt(moved/size)/radius)
		}
		if !(largest > 0.9 && largest < 1+1e-5) {
			t.Errorf("radius %g: a weight has moved by %g of its bound, expected it to be near it", radius, largest)
		}
		told := -1.0
		for _, m := range last.Measures {
			if m.Name == "ball/fill" {
				told = m.Value
			}
		}
		if math.Abs(told-largest) > 1e-4 {
			t.Errorf("radius %g: ball/fill is %g, expected %g", radius, told, largest)
		}
	}
	if distance(after[0.1], after[0.4]) == 0 {
		t.Error("the radius changes nothing")
	}
}
