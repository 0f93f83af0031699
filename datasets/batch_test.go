package datasets

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// learned reads back what a row of a batch predicts: for each slot that carries a loss, the tokens
// that the slot sees in order, and the target.
func learned(b Batch, row int) (seen [][]int32, targets []int32) {
	at := func(slot int) int { return row*b.Length + slot }
	for i := range b.Answers {
		if b.Weights[row*b.Answers+i] == 0 {
			continue
		}
		slot := b.Length - b.Answers + i
		var visible []int32
		position := int32(0)
		for j := 0; j <= slot; j++ {
			if b.Segments[at(j)] == 0 {
				if b.Positions[at(j)] != position {
					return nil, nil
				}
				position++
				visible = append(visible, b.Tokens[at(j)])
			}
		}
		seen, targets = append(seen, visible), append(targets, b.Targets[row*b.Answers+i])
	}
	return seen, targets
}

func ids(t *rapid.T, low, high int, label string) []int32 {
	return rapid.SliceOfN(rapid.Int32Range(1, 99), low, high).Draw(t, label)
}

// A text row predicts each token of its answer, and the end, from all tokens before it.
func TestTextRowsPredictTheAnswerAndItsEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, answer := ids(t, 1, 12, "text"), ids(t, 1, 6, "answer")
		b := NewBatch(3, 20, 8)
		if b.SetText(1, Encoded{Prompt: text, Answer: answer}, 100) {
			t.Fatal("cut though it fits")
		}
		all := slices.Concat(text, answer)
		seen, targets := learned(b, 1)
		if !slices.Equal(targets, append(slices.Clone(answer), 100)) {
			t.Fatalf("predicts %v of %v", targets, answer)
		}
		for i, visible := range seen {
			if !slices.Equal(visible, all[:len(text)+i]) {
				t.Fatalf("token %d is predicted from %v, expected %v", i, visible, all[:len(text)+i])
			}
		}
		for _, row := range []int{0, 2} {
			if _, targets := learned(b, row); targets != nil {
				t.Fatalf("row %d predicts %v", row, targets)
			}
		}
	})
}

func TestLongTextsAreCutAndSaidSo(t *testing.T) {
	b := NewBatch(1, 6, 3)
	if !b.SetText(0, Encoded{Prompt: []int32{1, 2, 3, 4, 5}, Answer: []int32{6, 7}}, 9) {
		t.Error("a prompt without room was not said to be cut")
	}
	if !slices.Equal(b.Tokens, []int32{2, 3, 4, 5, 6, 7}) {
		t.Errorf("the row is %v", b.Tokens)
	}
	if !b.SetText(0, Encoded{Prompt: []int32{1, 2, 3, 4, 5}, Answer: []int32{6, 7}, Start: 2}, 9) || !slices.Equal(b.Tokens, []int32{1, 2, 4, 5, 6, 7}) {
		t.Errorf("the row with two tokens that every text begins with is %v", b.Tokens)
	}
	if !b.SetText(0, Encoded{Prompt: []int32{1}, Answer: []int32{6, 7, 8}}, 9) {
		t.Error("an answer without room was not said to be cut")
	}
	if !b.SetPrompt(0, []int32{1, 2, 3, 4, 5, 6, 7}) || b.Tokens[0] != 2 {
		t.Errorf("a long prompt is %v", b.Tokens)
	}
}

// What follows the end token is learned as the answer is; of an answer that is cut nothing follows.
func TestTextsHaveATailBehindTheirEnd(t *testing.T) {
	e := Encoded{Prompt: []int32{1, 2, 3}, Answer: []int32{4, 5}, Tail: []int32{7, 8}}
	b := NewBatch(1, 10, 6)
	if b.SetText(0, e, 9) {
		t.Error("the text is cut")
	}
	if want := []int32{0, 0, 0, 1, 2, 3, 4, 5, 9, 7}; !slices.Equal(b.Tokens, want) {
		t.Errorf("tokens %v, want %v", b.Tokens, want)
	}
	if want := []int32{0, 4, 5, 9, 7, 8}; !slices.Equal(b.Targets, want) || b.Weights[0] != 0 || b.Weights[1] != 1 {
		t.Errorf("targets %v with weights %v, want %v", b.Targets, b.Weights, want)
	}
	if e.Tokens() != 7 || e.AnswerTokens() != 5 {
		t.Errorf("%d tokens, %d of them predicted", e.Tokens(), e.AnswerTokens())
	}
	b = NewBatch(1, 10, 4)
	if !b.SetText(0, e, 9) || !slices.Equal(b.Targets, []int32{0, 4, 5, 0}) {
		t.Errorf("targets of a cut answer are %v", b.Targets)
	}
}
