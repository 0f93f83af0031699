package methods

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"secura/methods/backbone"
)

// A text stands at the end of its row, with positions from 0, and its slots from first on predict
// what they are given, if they are among the last ones; other rows stay empty.
func TestTextsStandAtTheEndOfTheirRow(t *testing.T) {
	const length, answers = 20, 8
	rapid.Check(t, func(t *rapid.T) {
		ids := func(low, high int, label string) []int32 {
			return rapid.SliceOfN(rapid.Int32Range(1, 99), low, high).Draw(t, label)
		}
		text, answer := ids(1, 10, "text"), ids(1, 10, "answer")
		all, first := slices.Concat(text, answer), len(text)-1
		targets := append(slices.Clone(answer), 100)
		b := EmptyBatch(3, length, answers)
		b.SetText(1, all, first, targets)
		want := EmptyBatch(3, length, answers)
		for i, id := range all {
			at := length + length - len(all) + i
			want.Tokens[at], want.Positions[at], want.Segments[at] = id, int32(i), 0
			if i >= first && len(all)-i <= answers {
				slot := answers + answers - (len(all) - i)
				want.Targets[slot], want.Weights[slot] = targets[i-first], 1
			}
		}
		if d := cmp.Diff(want, b); d != "" {
			t.Fatal(d)
		}
		want.Targets, want.Weights = make([]int32, 3*answers), make([]float32, 3*answers)
		prompt := EmptyBatch(3, length, answers)
		if cut := prompt.SetPrompt(1, slices.Concat(make([]int32, 25-len(all)), all)); !cut || !slices.Equal(prompt.Tokens, want.Tokens) {
			t.Fatalf("a long prompt is %v, want its end %v", prompt.Tokens, want.Tokens)
		}
		prompt = EmptyBatch(3, length, answers)
		if cut := prompt.SetPrompt(1, all); cut {
			t.Fatal("cut though it fits")
		}
		if d := cmp.Diff(want, prompt); d != "" {
			t.Fatal(d)
		}
	})
}

// Each option's tokens are predicted as if the option stood alone after its prompt, and a text's as
// if it stood alone, whatever else stands in the row.
func TestTextsOfARowDoNotSeeEachOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ids := func(low, high int, label string) []int32 {
			return rapid.SliceOfN(rapid.Int32Range(1, 99), low, high).Draw(t, label)
		}
		b := NewPacked(2, 120, 70, 0, 0)
		r := Filled{Row: 1}
		var seen [][]int32 // by prediction
		var targets []int32
		for range rapid.IntRange(1, 4).Draw(t, "texts") {
			prompt := ids(1, 8, "prompt")
			if rapid.Bool().Draw(t, "without options") {
				answer := ids(1, 6, "answer")
				all := slices.Concat(prompt, answer)
				b.AddText(&r, all[:len(all)-1], len(prompt)-1, answer, 3)
				for i, token := range answer {
					seen, targets = append(seen, all[:len(prompt)+i]), append(targets, token)
				}
				continue
			}
			var options [][]int32
			for range rapid.IntRange(1, 4).Draw(t, "options") {
				options = append(options, ids(1, 4, "option"))
			}
			for i, slots := range b.AddOptions(&r, prompt, options) {
				if slots != [2]int{len(targets), len(targets) + len(options[i])} {
					t.Fatalf("option %d of %v is predicted at %v, after %d others", i, options, slots, len(targets))
				}
				for j, token := range options[i] {
					seen, targets = append(seen, slices.Concat(prompt, options[i][:j])), append(targets, token)
				}
			}
		}
		if err := b.Batch.check(); err != nil || r.Answers != len(targets) || b.LossTokens() != int64(len(targets)) {
			t.Fatalf("%d predictions, %d of them counted, expected %d; %v", r.Answers, b.LossTokens(), len(targets), err)
		}
		segments := b.Segments[b.Length:]
		for i, want := range targets {
			slot := int(b.Slots[b.Answers+i])
			var visible []int32
			for j := range slot + 1 {
				s, mine := segments[j], segments[slot]
				if s != mine && s != mine/backbone.TextSegments*backbone.TextSegments {
					continue
				}
				if int(b.Positions[b.Length+j]) != len(visible) {
					t.Fatalf("slot %d has position %d, expected %d", j, b.Positions[b.Length+j], len(visible))
				}
				visible = append(visible, b.Tokens[b.Length+j])
			}
			if got := b.Targets[b.Answers+i]; got != want || !slices.Equal(visible, seen[i]) {
				t.Fatalf("prediction %d is %d seen from %v, expected %d from %v", i, got, visible, want, seen[i])
			}
		}
	})
}
