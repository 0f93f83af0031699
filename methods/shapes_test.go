package methods

import (
	"strings"
	"testing"
)

// TestEveryMethodStartsOnShapes starts each method without a backend, as on the backbone itself,
// and with a rank or a number of devices that does not fit.
func TestEveryMethodStartsOnShapes(t *testing.T) {
	for _, m := range All {
		for devices, want := range map[int]string{0: "", 2: "", 5: "cannot be shared out evenly to 5 devices"} {
			base := NewShapes(toy.Model.Config, toySetting(1).Targets, devices)
			params, _ := toyParams(m)
			s, err := NewSession(base, m, params, m.Name, toySetting(1))
			if err == nil {
				err = s.Close()
			}
			base.Close()
			switch {
			case want == "" && err != nil:
				t.Errorf("%s on %d devices: %v", m.Name, devices, err)
			case want != "" && m.Kind != Untrained && (err == nil || !strings.Contains(err.Error(), want)):
				t.Errorf("%s on %d devices: got %v, want %q", m.Name, devices, err, want)
			}
		}
	}
	base := NewShapes(toy.Model.Config, []string{"q_proj", "v_proj"}, 0)
	defer base.Close()
	for _, m := range []Method{Seq, EWC, ER, DoRA, CURLoRA} {
		for _, rank := range []int{0, -1, 17, 1e9} {
			params := m.NewParams()
			switch p := params.(type) {
			case *LoRAParams:
				p.Rank = rank
			case *EWCParams:
				p.Rank = rank
			case *ERParams:
				p.Rank, p.Buffer = rank, 0.5
			case *CURLoRAParams:
				if p.Rank = rank; rank == 0 {
					continue // follows from the width
				}
			default:
				t.Fatalf("%s has %T", m.Name, params)
			}
			if _, err := NewSession(base, m, params, m.Name, toySetting(1)); err == nil || !strings.Contains(err.Error(), "rank is") {
				t.Errorf("%s with rank %d of a weight [8, 16]: %v", m.Name, rank, err)
			}
		}
	}
}
