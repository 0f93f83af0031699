package datasets

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func ids(t *rapid.T, low, high int, label string) []int32 {
	return rapid.SliceOfN(rapid.Int32Range(1, 99), low, high).Draw(t, label)
}

// A text teaches each token of its answer, and the end, from all tokens before it.
func TestTextsTeachTheAnswerAndItsEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, answer := ids(t, 1, 12, "text"), ids(t, 1, 6, "answer")
		got, cut := Encoded{Prompt: text, Answer: answer}.Train(20, 8, 100)
		if cut {
			t.Fatal("cut though it fits")
		}
		if want := slices.Concat(text, answer); !slices.Equal(got.Tokens, want) {
			t.Fatalf("the text is %v, want %v", got.Tokens, want)
		}
		if !slices.Equal(got.Targets, append(slices.Clone(answer), 100)) || got.First != len(text)-1 {
			t.Fatalf("from slot %d on %v of %v is predicted", got.First, got.Targets, answer)
		}
	})
}

func TestLongTextsAreCutAndSaidSo(t *testing.T) {
	got, cut := Encoded{Prompt: []int32{1, 2, 3, 4, 5}, Answer: []int32{6, 7}}.Train(6, 3, 9)
	if !cut {
		t.Error("a prompt without room was not said to be cut")
	}
	if !slices.Equal(got.Tokens, []int32{2, 3, 4, 5, 6, 7}) {
		t.Errorf("the text is %v", got.Tokens)
	}
	got, cut = Encoded{Prompt: []int32{1, 2, 3, 4, 5}, Answer: []int32{6, 7}, Start: 2}.Train(6, 3, 9)
	if !cut || !slices.Equal(got.Tokens, []int32{1, 2, 4, 5, 6, 7}) {
		t.Errorf("the text with two tokens that every text begins with is %v", got.Tokens)
	}
	if _, cut = (Encoded{Prompt: []int32{1}, Answer: []int32{6, 7, 8}}).Train(6, 3, 9); !cut {
		t.Error("an answer without room was not said to be cut")
	}
}

// What follows the end token is learned as the answer is; of an answer that is cut nothing follows.
func TestTextsHaveATailBehindTheirEnd(t *testing.T) {
	e := Encoded{Prompt: []int32{1, 2, 3}, Answer: []int32{4, 5}, Tail: []int32{7, 8}}
	got, cut := e.Train(10, 6, 9)
	if cut {
		t.Error("the text is cut")
	}
	if want := []int32{1, 2, 3, 4, 5, 9, 7}; !slices.Equal(got.Tokens, want) {
		t.Errorf("tokens %v, want %v", got.Tokens, want)
	}
	if want := []int32{4, 5, 9, 7, 8}; !slices.Equal(got.Targets, want) || got.First != 2 {
		t.Errorf("targets %v from slot %d on, want %v from 2 on", got.Targets, got.First, want)
	}
	if e.Tokens() != 7 || e.AnswerTokens() != 5 {
		t.Errorf("%d tokens, %d of them predicted", e.Tokens(), e.AnswerTokens())
	}
	got, cut = e.Train(10, 4, 9)
	if !cut || !slices.Equal(got.Targets, []int32{4, 5}) {
		t.Errorf("targets of a cut answer are %v", got.Targets)
	}
}
