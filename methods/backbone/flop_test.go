package backbone

import (
	"math"
	"testing"
)

// paperShapes are the backbones of the paper's table, by their published config.json.
var paperShapes = []struct {
	name   string
	config Config
}{
	{"Gemma 2 2B", Config{Architecture: Gemma2Architecture, Vocabulary: 256000, Width: 2304, Intermediate: 9216, Layers: 26, Heads: 8, KeyValueHeads: 4, HeadSize: 256}},
	{"Qwen2 1.5B", Config{Architecture: Qwen2Architecture, Vocabulary: 151936, Width: 1536, Intermediate: 8960, Layers: 28, Heads: 12, KeyValueHeads: 2, HeadSize: 128}},
	{"Qwen2 7B", Config{Architecture: Qwen2Architecture, Vocabulary: 152064, Width: 3584, Intermediate: 18944, Layers: 28, Heads: 28, KeyValueHeads: 4, HeadSize: 128}},
	{"Llama 3 8B", Config{Architecture: LlamaArchitecture, Vocabulary: 128256, Width: 4096, Intermediate: 14336, Layers: 32, Heads: 32, KeyValueHeads: 8, HeadSize: 128}},
	{"Llama 3.1 8B", Config{Architecture: LlamaArchitecture, Vocabulary: 128256, Width: 4096, Intermediate: 14336, Layers: 32, Heads: 32, KeyValueHeads: 8, HeadSize: 128}},
}

// TestForwardFLOPIsTwoForEachWeightAndToken compares with the weights outside the embedding,
// counted by their shapes.
func TestForwardFLOPIsTwoForEachWeightAndToken(t *testing.T) {
	for _, s := range paperShapes {
		weights := 0.0
		for name, shape := range s.config.WeightShapes() {
			if len(shape) == 2 && name != embeddingName && name != headName {
				weights += float64(shape[0]) * float64(shape[1])
			}
		}
		const rows, length, answers = 3, 16, 2
		head := 2 * float64(s.config.Vocabulary*s.config.Width) * rows * answers
		attention := float64(s.config.Layers) * 4 * rows * length * length * float64(s.config.Heads*s.config.HeadSize)
		want := 2*weights*rows*length + attention + head
		if got := s.config.ForwardFLOP(rows, length, answers); math.Abs(got-want) > 1e-9*want {
			t.Errorf("%s: %g, expected %g", s.name, got, want)
		}
	}
}

// TestWhatThePapersTableCosts prints what the README says of it: a cell of the suite paper (four
// tasks of 2000 steps of 16 rows of 1024 tokens, 320 answer slots; 17 evaluations of 600 written
// answers in rows of 1024 tokens, 512 steps of decoding in all for each 16 of a task's 200, and of
// 400 choices) on an H100 that reaches 40% of 989 TFLOP/s in bfloat16 and whose decoding is bound
// by reading the weights at 3.35 TB/s.
func TestWhatThePapersTableCosts(t *testing.T) {
	const rate, bandwidth = 0.4 * 989e12, 3.35e12
	var total float64
	for _, s := range paperShapes {
		training := 2 * 4 * 2000 * s.config.ForwardFLOP(16, 1024, 320)
		read := 17 * (s.config.ForwardFLOP(600, 1024, 1) + s.config.ForwardFLOP(400, 1024, 64))
		bytes := 0.0
		for _, shape := range s.config.WeightShapes() {
			size := 2.0
			for _, d := range shape {
				size *= float64(d)
			}
			bytes += size
		}
		decoding := 17 * 13 * 512 * bytes / bandwidth
		hours := (training+read)/rate/3600 + decoding/3600
		// er, i-lora replay half a batch beside each; the other four do not.
		six := 4*hours + 2*(hours+training/2/rate/3600)
		total += six
		t.Logf("%-12s training %.2f EFLOP, evaluation %.2f EFLOP and %.1f h of decoding: %.1f GPU hours a cell, %.0f for six methods",
			s.name, training/1e18, read/1e18, decoding/3600, hours, six)
	}
	t.Logf("five backbones, six methods: %.0f GPU hours a seed, %.0f for eight", total, 8*total)
	if total < 10 || total > 1000 {
		t.Errorf("%.0f GPU hours a seed", total)
	}
}
