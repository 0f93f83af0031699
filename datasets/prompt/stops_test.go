package prompt

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// met says after which token a text has a stop text; -1 if it never has.
func met(tokenizer *Tokenizer, ids []int32, stop []string) int {
	for n := range ids {
		text := tokenizer.Decode(ids[:n+1])
		if slices.ContainsFunc(stop, func(s string) bool { return strings.Contains(text, s) }) {
			return n
		}
	}
	return -1
}

// A text ends with the token with which its decoded text has a stop text, whatever the tokenizer's
// family.
func TestStopsEndATextWhereItsDecodedTextHasOne(t *testing.T) {
	for _, family := range []string{"small-qwen2", "small-llama3", "small-gemma2", "stories260K"} {
		t.Run(family, func(t *testing.T) {
			tokenizer := testTokenizer(t, family)
			var vocabulary []int32
			for id := range tokenizer.tokens {
				vocabulary = append(vocabulary, id)
			}
			slices.Sort(vocabulary)
			rapid.Check(t, func(r *rapid.T) {
				ids := rapid.SliceOfN(rapid.SampledFrom(vocabulary), 2, 12).Draw(r, "ids")
				text := []rune(tokenizer.Decode(ids))
				var stop []string
				for range rapid.IntRange(1, 3).Draw(r, "stops") {
					from := rapid.IntRange(0, len(text)).Draw(r, "from")
					if part := text[from:rapid.IntRange(from, min(len(text), from+6)).Draw(r, "to")]; len(part) > 0 && !slices.Contains(part, '\uFFFD') {
						stop = append(stop, string(part))
					}
				}
				if len(stop) == 0 {
					stop = []string{"\n"}
				}
				s, starts := tokenizer.Stops(tokenizer.Size()+3, [][]string{nil, stop})
				if s.Met(starts[0], ids) {
					r.Fatal("a text without stop texts has met one")
				}
				want := met(tokenizer, ids, stop)
				got := -1
				for n := range ids {
					if s.Met(starts[1], ids[:n+1]) {
						got = n
						break
					}
				}
				late := want >= 0 && (got < 0 || got > want)
				// A first blank that is dropped, and bytes that are no character, may be told
				// early.
				if exact := !slices.Contains(text, '\uFFFD') && !blank(stop); late || exact && got != want {
					r.Fatalf("%q is met with token %d, expected %d, by %q", string(text), got, want, stop)
				}
			})
		})
	}
}

// blank says whether one of the texts begins with a blank.
func blank(stop []string) bool {
	return slices.ContainsFunc(stop, func(s string) bool { return strings.HasPrefix(s, " ") })
}

func TestStopTextsThatSeveralTokensMake(t *testing.T) {
	tokenizer := testTokenizer(t, "small-qwen2")
	ids, err := tokenizer.Encode("yes, of course.\n\nQuestion: and now?")
	if err != nil {
		t.Fatal(err)
	}
	for _, stop := range [][]string{{"Question:"}, {"\n\nQ"}, {"zzz", "course.\n"}, {"n: a"}} {
		s, starts := tokenizer.Stops(tokenizer.Size(), [][]string{stop})
		want := met(tokenizer, ids, stop)
		if want < 0 || !s.Met(starts[0], ids[:want+1]) || s.Met(starts[0], ids[:want]) {
			t.Errorf("%q is not met with token %d", stop, want)
		}
		if s.Classes >= tokenizer.Size()/2 {
			t.Errorf("%d classes of %d tokens", s.Classes, tokenizer.Size())
		}
	}
}

// A special token stands for no text: where it is a whole stop text it stops by itself, for its own
// list alone, and where it is a part of one nothing could be met.
func TestASpecialTokenStopsByItself(t *testing.T) {
	tokenizer := testTokenizer(t, "small-qwen2")
	end, ok := tokenizer.ID("<|im_end|>")
	if !ok || !tokenizer.special[end] {
		t.Fatal("the tokenizer has no special token <|im_end|>")
	}
	ids, err := tokenizer.Encode("yes, of course")
	if err != nil {
		t.Fatal(err)
	}
	ids = append(ids, end)
	s, starts := tokenizer.Stops(tokenizer.Size(), [][]string{{"<|im_end|>", "zzz"}, {"zzz"}})
	if !s.Met(starts[0], ids) || s.Met(starts[0], ids[:len(ids)-1]) || s.Met(starts[1], ids) {
		t.Error("the text is not met with its special token, or before, or by another list")
	}
	if got, err := tokenizer.StopTokens([]string{"zzz", "<|im_end|>"}); err != nil || !slices.Equal(got, []int32{end}) {
		t.Errorf("the tokens are %v, %v, expected %d", got, err, end)
	}
	if _, err := tokenizer.StopTokens([]string{"\n", "x<|im_end|>\n"}); err == nil || !strings.Contains(err.Error(), `"x<|im_end|>\n" has the special token "<|im_end|>"`) {
		t.Error(err)
	}
}
