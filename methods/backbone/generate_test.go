package backbone

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"pgregory.net/rapid"
)

// leftPadded makes a batch of prompts of different lengths; segment -1 and position 0 are padding.
func leftPadded(prompts [][]int32) [3][][]int32 {
	longest := 0
	for _, p := range prompts {
		longest = max(longest, len(p))
	}
	var batch [3][][]int32
	for _, p := range prompts {
		tokens, positions, segments := make([]int32, longest), make([]int32, longest), make([]int32, longest)
		for i := range longest {
			if at := i - (longest - len(p)); at < 0 {
				segments[i] = -1
			} else {
				tokens[i], positions[i] = p[at], int32(at)
			}
		}
		batch[0], batch[1], batch[2] = append(batch[0], tokens), append(batch[1], positions), append(batch[2], segments)
	}
	return batch
}

// generate is Generate on the test's backend.
func generate(t *testing.T, m *Model, prompts [][]int32, maxNew, limit int, endTokens []int32) [][]int32 {
	t.Helper()
	flat := run[int32](t, m, leftPadded(prompts), func(w map[string]*Node, rows Rows) []*Node {
		return []*Node{m.Config.Generate(w, rows, maxNew, Const(rows.Tokens.Graph(), int32(limit)), endTokens, nil, nil)}
	})[0]
	return slices.Collect(slices.Chunk(flat, maxNew))
}

func TestGreedyTextEqualsTransformers(t *testing.T) {
	forGoldens(t, func(t *testing.T, m *Model, want reference) {
		var prompts, texts [][]int32
		for _, g := range want.GreedyMore {
			prompts, texts = append(prompts, g.Prompt), append(texts, g.New)
		}
		if got := generate(t, m, [][]int32{want.GreedyPrompt}, 12, 12, nil)[0]; !slices.Equal(got, want.Greedy12) {
			t.Errorf("%v, want %v", got, want.Greedy12)
		}
		for i, got := range generate(t, m, prompts, 20, 20, nil) { // one batch, padded
			if !slices.Equal(got, texts[i]) {
				t.Errorf("prompt %d: %v, want %v", i, got, texts[i])
			}
		}
	})
}

// TestAnyEndTokenEnds has the end tokens of generation_config.json; config.json has but one.
func TestAnyEndTokenEnds(t *testing.T) {
	m, want := golden(t, "tiny-qwen2-sharded")
	var prompt, text []int32
	if err := json.Unmarshal(want.UntilEnd["prompt"], &prompt); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(want.UntilEnd["new"], &text); err != nil {
		t.Fatal(err)
	}
	ends := m.Config.EndTokens
	if !slices.Equal(ends, []int32{2, 80, 37}) {
		t.Fatalf("end tokens %v", ends)
	}
	for len(text) < 9 {
		text = append(text, ends[0])
	}
	if got := generate(t, m, [][]int32{prompt}, 9, 9, ends)[0]; !slices.Equal(got, text) {
		t.Errorf("%v, want %v", got, text)
	}
}

// TestGenerationEqualsWholePasses compares the cached loop with one whole pass for each token.
func TestGenerationEqualsWholePasses(t *testing.T) {
	models := map[string]*Model{}
	for _, name := range []string{"tiny-qwen2", "tiny-llama31", "tiny-gemma2-f16"} {
		models[name], _ = golden(t, name)
	}
	token := rapid.Int32Range(0, 79) // the smallest vocabulary
	rapid.Check(t, func(r *rapid.T) {
		m := models[rapid.SampledFrom([]string{"tiny-qwen2", "tiny-llama31", "tiny-gemma2-f16"}).Draw(r, "model")]
		prompts := rapid.SliceOfN(rapid.SliceOfN(token, 1, 7), 1, 3).Draw(r, "prompts")
		ends := rapid.SliceOfN(token, 0, 12).Draw(r, "end tokens")
		maxNew := rapid.IntRange(1, 6).Draw(r, "maxNew")
		limit := rapid.IntRange(0, maxNew+1).Draw(r, "limit")
		fill := int32(0)
		if len(ends) > 0 {
			fill = ends[0]
		}
		got := generate(t, m, prompts, maxNew, limit, ends)
		for i, prompt := range prompts {
			row, ended := slices.Clone(prompt), false
			for n := range maxNew {
				want := fill
				if !ended && n < limit {
					logits := logitsOf(t, m, unpadded([][]int32{row}))
					last := logits[len(logits)-m.Config.Vocabulary:]
					want = int32(slices.Index(last, slices.Max(last)))
					row, ended = append(row, want), slices.Contains(ends, want)
				}
				if got[i][n] != want {
					r.Fatalf("row %d: %v, token %d should be %d", i, got[i], n, want)
				}
			}
		}
	})
}

// TestRowsEndAtStopTexts has an automaton that ends a row once it has written two given tokens one
// after the other: state 2 begins, 3 has seen the first.
func TestRowsEndAtStopTexts(t *testing.T) {
	m, want := golden(t, "tiny-qwen2")
	prompts := [][]int32{want.GreedyPrompt, want.GreedyPrompt}
	const maxNew, end = 12, 1
	plain := generate(t, m, prompts[:1], maxNew, maxNew, []int32{end})[0]
	if slices.Contains(plain, end) {
		t.Fatalf("%v ends by itself", plain)
	}
	first, second := plain[4], plain[5]
	class := make([]int32, m.Config.Vocabulary)
	class[first], class[second] = 1, 2
	next := []int32{0, 0, 0, 1, 1, 1, 2, 3, 2, 2, 3, 1}
	if first == second {
		class[first], next = 1, []int32{0, 0, 0, 1, 1, 1, 2, 3, 2, 2, 1, 2}
	}
	met := 0 // how many tokens that takes
	for state := int32(2); state != 1; met++ {
		state = next[state*3+class[plain[met]]]
	}
	flat := run[int32](t, m, leftPadded(prompts), func(w map[string]*Node, rows Rows) []*Node {
		g := rows.Tokens.Graph()
		stops := &Stops{State: Const(g, []int32{2, 0}), Class: Const(g, class), Next: Const(g, next), Classes: Const(g, int32(3))}
		return []*Node{m.Config.Generate(w, rows, maxNew, Const(g, int32(maxNew)), []int32{end}, nil, stops)}
	})[0]
	cut := append(slices.Clone(plain[:met]), slices.Repeat([]int32{end}, maxNew-met)...)
	if got := flat[:maxNew]; !slices.Equal(got, cut) {
		t.Errorf("%v, want %v", got, cut)
	}
	if got := flat[maxNew:]; !slices.Equal(got, plain) {
		t.Errorf("a row without stop texts: %v, want %v", got, plain)
	}
}

// TestGenerationFollowsTheLastSegment continues an option: it sees the prompt and itself, not the
// option before it.
func TestGenerationFollowsTheLastSegment(t *testing.T) {
	m, _ := golden(t, "tiny-qwen2")
	packed := [3][][]int32{
		{{5, 9, 71, 30, 31, 44, 8}},
		{{0, 1, 2, 3, 4, 3, 4}},
		{{0, 0, 0, 1, 1, 2, 2}},
	}
	got := run[int32](t, m, packed, func(w map[string]*Node, rows Rows) []*Node {
		return []*Node{m.Config.Generate(w, rows, 8, Const(rows.Tokens.Graph(), int32(8)), nil, nil, nil)}
	})[0]
	if want := generate(t, m, [][]int32{{5, 9, 71, 44, 8}}, 8, 8, nil)[0]; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestOptionsInOneRowEqualSeparateRows(t *testing.T) {
	for _, c := range []Config{
		{Architecture: Qwen2Architecture, Layers: 3},
		{Architecture: Gemma2Architecture, Layers: 3, AttentionCap: 2, LogitCap: 3, Window: 3, Windowed: []bool{true, false, true}},
	} {
		c.Vocabulary, c.Width, c.Intermediate, c.Heads, c.KeyValueHeads, c.HeadSize = 50, 24, 40, 6, 3, 6
		c.MaxPositions, c.Epsilon, c.RopeTheta, c.TiedEmbeddings = 64, 1e-6, 1000, true
		m := Random(c, rand.New(rand.NewPCG(1, 2)))
		v := c.Vocabulary
		packed := logitsOf(t, m, [3][][]int32{
			{{0, 0, 11, 12, 13, 21, 22, 31, 32, 33}},
			{{0, 0, 0, 1, 2, 3, 4, 3, 4, 5}},
			{{-1, -1, 0, 0, 0, 1, 1, 2, 2, 2}},
		})
		first := logitsOf(t, m, unpadded([][]int32{{11, 12, 13, 21, 22}}))
		second := logitsOf(t, m, unpadded([][]int32{{11, 12, 13, 31, 32, 33}}))
		near(t, "prompt and first option", packed[2*v:7*v], first, 1e-6)
		near(t, "second option", packed[7*v:], second[3*v:], 1e-6)
	}
}
