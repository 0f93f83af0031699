package methods

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"secura/methods/adapter"
)

// projectionShape is the shape of an adapted projection.
type projectionShape struct{ out, in int }

// The README's table of trained parameters is what the adapters make of each backbone's shapes.
func TestREADMEListsTrainedParameters(t *testing.T) {
	raw, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range []struct {
		name   string
		layers int
		shapes []projectionShape
	}{
		{"google/gemma-2-2b", 26, []projectionShape{{2048, 2304}, {1024, 2304}}},
		{"Qwen/Qwen2-1.5B", 28, []projectionShape{{1536, 1536}, {256, 1536}}},
		{"Qwen/Qwen2-7B", 28, []projectionShape{{3584, 3584}, {512, 3584}}},
		{"meta-llama/Meta-Llama-3-8B", 32, []projectionShape{{4096, 4096}, {1024, 4096}}},
		{"meta-llama/Llama-3.1-8B", 32, []projectionShape{{4096, 4096}, {1024, 4096}}},
		{"SmolLM2-135M", 30, []projectionShape{{576, 576}, {192, 576}}},
		{"nano", 4, []projectionShape{{128, 128}, {64, 128}}},
	} {
		cabr, bias, cur, lora := 0, 0, 0, 0
		var rank, inner int
		for _, s := range b.shapes {
			var err error
			if rank, inner, err = (adapter.CABR{Rule: adapter.SizesByWidth}).Sizes(s.out, s.in); err != nil {
				t.Fatal(err)
			}
			cabr += 2 * rank * inner * b.layers
			bias += s.out * b.layers
			cur += rank * rank * b.layers
			lora += rank * (s.out + s.in) * b.layers
		}
		want := fmt.Sprintf("| %s | %d, %d | %s | %s | %s | %s |", b.name, rank, inner, grouped(cabr), grouped(cabr+bias), grouped(cur), grouped(lora))
		if !strings.Contains(string(raw), want) {
			t.Errorf("README.md lacks the row %s", want)
		}
	}
}

// What the row of the embedded backbone says is what sessions on a backbone of its shapes train.
func TestSessionsTrainWhatTheREADMESays(t *testing.T) {
	for _, m := range []Method{Secura, SecuraReleasedM1, CURLoRAReleased, ILoRAReleased} {
		s := open[any](t, m, "counted", toySetting(1), nil)
		want := int64(0)
		for _, p := range s.projections {
			shape := toy.Model.Weights[p.WeightName()].Shape().Dimensions
			rank, inner, err := adapter.CABR{Rule: adapter.SizesByWidth}.Sizes(shape[0], shape[1])
			if err != nil {
				t.Fatal(err)
			}
			switch m.Name {
			case Secura.Name:
				want += int64(2 * rank * inner)
			case SecuraReleasedM1.Name:
				want += int64(2*rank*inner + shape[0])
			case CURLoRAReleased.Name:
				want += int64(rank * rank)
			default:
				want += int64(rank * (shape[0] + shape[1]))
			}
		}
		if got := s.TrainedParameters(); got != want {
			t.Errorf("%s trains %d values, want %d", m.Name, got, want)
		}
	}
}

// grouped writes a number with a comma between thousands.
func grouped(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
