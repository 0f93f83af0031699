package methods

import (
	"math"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
)

// heldOut is a batch of texts of which every token but the first is predicted, as perplexity is
// measured.
func heldOut() Batch {
	b := EmptyBatch(toyRows, toyLength, toyLength)
	for r := range toyRows {
		for i := range toyLength {
			at := r*toyLength + i
			b.Tokens[at], b.Positions[at], b.Segments[at] = int32(1+(7*r+5*i*i+i)%31), int32(i), 0
			if i > 0 {
				b.Targets[at-1], b.Weights[at-1] = b.Tokens[at], 1
			}
		}
	}
	return b
}

// Before training every preset predicts held-out text as the untouched backbone does, in evaluation
// and in training: no adapter changes anything at its start. The one exception is the release's
// I-LoRA, which drops the backbone's biases; it predicts as the backbone without them. Parameters
// are the presets' own but for sizes that the toy has no room for.
func TestPerplexityBeforeTrainingIsTheBackbones(t *testing.T) {
	base, zeros := biasedToy()
	text, batch := heldOut(), toyBatch(0, rowsOf(0, 0), nil)
	losses := func(f *Function) [2]float64 {
		return [2]float64{meanLoss(scores(t, f, "perplexity", text), text), meanLoss(scores(t, f, "score", batch), batch)}
	}
	untouched, unbiased := losses(base.Function(nil)), losses(base.Function(zeros))
	if math.Abs(untouched[0]-unbiased[0]) < 1e-3 {
		t.Fatalf("the backbone's biases change held-out text by %g: the test would not see them", untouched[0]-unbiased[0])
	}
	start := func(m Method) *Session {
		params, _ := toyParams(m)
		s, err := NewSession(base, m, params, m.Name, toySetting(1))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	evaluated := func(s *Session) [2]float64 {
		f, err := s.Function()
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		return losses(f)
	}
	for _, m := range All {
		s, want := start(m), untouched
		if m.Name == ILoRAReleased.Name {
			want = unbiased
		}
		if got := evaluated(s); !(math.Abs(got[0]-want[0]) <= 1e-5) || !(math.Abs(got[1]-want[1]) <= 1e-5) {
			t.Errorf("%s: before training held-out text and a batch have %.6f nats a token, expected %.6f", m.Name, got, want)
		}
		if m.Kind == Untrained {
			continue
		}
		result, err := s.Step(toyBatch(s.ReplayRows(), rowsOf(0, 0), nil), 0)
		if err != nil {
			t.Fatal(err)
		}
		if !(math.Abs(result.Loss-want[1]) <= 1e-5) {
			t.Errorf("%s: the first step's loss is %.6f, expected %.6f", m.Name, result.Loss, want[1])
		}
	}
	// The test sees an adapter that changes something: LoRA whose B is not 0.
	s := start(Seq)
	for _, trained := range s.Trained() {
		if v := s.find(Name(trained.Projection, "", trained.Tensor)); trained.Tensor == "B" {
			shape := v.value.Shape()
			v.value.FinalizeAll()
			v.value = tensors.FromFlatDataAndDimensions(slices.Repeat([]float32{0.01}, shape.Size()), shape.Dimensions...)
		}
	}
	if got := evaluated(s); math.Abs(got[0]-untouched[0]) < 1e-4 {
		t.Errorf("with a B of 0.01 held-out text has %.6f nats a token as well", got[0])
	}
}
