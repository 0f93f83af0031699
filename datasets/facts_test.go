package datasets

import (
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"secura/datasets/prompt"
)

func TestWarningsTellWhatIsKnownOfTheData(t *testing.T) {
	content, err := os.ReadFile("../methods/backbone/nano/files/tokenizer.json")
	if err != nil {
		t.Fatal(err)
	}
	tokenizer, err := prompt.NewTokenizer(content)
	if err != nil {
		t.Fatal(err)
	}
	encoder := NewEncoder(tokenizer)
	written := Task{Name: "n", Scores: []string{"rougeL"}}
	choice := Task{Name: "n", Options: []string{"no", "yes"}, Scores: []string{"accuracy"}}
	options := []string{"no", "yes"}
	for name, c := range map[string]struct {
		data Evaluated
		want string // "" for none
	}{
		"nothing":     {Evaluated{Task: written, Used: []Example{{ID: 1, Answer: "a"}, {ID: 2, Answer: "b"}}}, ""},
		"left out":    {Evaluated{Task: written, Train: Set{Rows: 9, LeftOut: 2}}, "`where` leaves out 2 of 9 training rows"},
		"one class":   {Evaluated{Task: choice, Used: []Example{{Options: options, Answer: "no"}, {Options: options, Answer: "no"}}}, `all 2 evaluated examples have the answer "no"`},
		"own options": {Evaluated{Task: choice, Used: []Example{{Options: options, Answer: "no"}, {Options: []string{"x", "y"}, Answer: "x"}}}, ""},
		"shared": {Evaluated{Task: written, Used: []Example{{ID: 4, Prompt: "p", Answer: "a"}, {Prompt: "q", Answer: "b"}}, Shared: []int{0}},
			`1 of 2 evaluated examples stand in training too, with their answers, such as row 4 "p"`},
		"equal options": {Evaluated{Task: choice, Used: []Example{{ID: 3, Options: []string{" x", "x"}}, {Gold: 1, Options: options}}}, "1 of 2 evaluated examples have two options of equal text, such as row 3"},
		"blank":         {Evaluated{Task: written, UsedBorders: Borders{All: 2, Blank: 1}}, "1 of 2 evaluated prompts end in white space"},
		"merged":        {Evaluated{Task: written, TrainBorders: Borders{All: 1, Merged: 1}}, "in 1 of 1 training examples a token reaches over the border between prompt and answer, which then loses its beginning"},
		"NFC":           {Evaluated{Task: written, Used: []Example{{ID: 7, Answer: " e\u0301t"}, {Answer: "b"}}}, "1 of 2 right answers cannot be written by this tokenizer"},
		"stop":          {Evaluated{Task: Task{Name: "n", Scores: []string{"exact"}, Stop: []string{"."}}, Used: []Example{{ID: 6, Answer: "e.g."}, {Answer: "b"}, {Golds: []string{"a.", "c"}}}}, `1 of 3 right answers have one of the texts of stop, such as "e.g." of row 6`},
		"long":          {Evaluated{Task: Task{Name: "n", Scores: []string{"exact"}, MaxNewTokens: 2}, Used: []Example{{ID: 8, Answer: " a b c"}, {Answer: "b"}}, Long: []int{0}}, `1 of 2 right answers have more tokens than max_new_tokens, 2, such as "a b c" of row 8`},
		"early":         {Evaluated{Task: Task{Name: "n", Scores: []string{"first_number"}, MaxNewTokens: 2}, Used: []Example{{Answer: "1 a b"}, {Answer: "2"}}, Long: []int{0}}, ""},
		"number":        {Evaluated{Task: Task{Name: "n", Scores: []string{"number"}}, Used: []Example{{ID: 9, Answer: " two"}, {Answer: "2"}, {Golds: []string{"two", "2"}}}}, `number finds no number in 1 of 3 right answers, such as "two" of row 9`},
		"scripts":       {Evaluated{Task: written, Used: []Example{{ID: 5, Answer: "日本語"}, {Answer: "b"}}}, "rougeL sees nothing of 1 of 2 right answers, such as row 5"},
	} {
		for i, e := range c.data.Used {
			if encoder.CannotWrite(e) {
				c.data.Unwritable = append(c.data.Unwritable, i)
			}
		}
		got := strings.Join(c.data.Warnings(), "\n")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) || strings.Count(got, "\n") > 0 {
			t.Errorf("%s: %q, expected %q", name, got, c.want)
		}
	}
}

func TestFingerprintsTellTextsApart(t *testing.T) {
	e := Example{Prompt: "p", Answer: "a", Options: []string{"a", "b"}}
	same := e
	same.ID, same.System, same.Gold = 7, "s", 1
	if e.Fingerprint() != same.Fingerprint() {
		t.Error("row, system prompt and gold are part of it")
	}
	for _, other := range []Example{{Prompt: "q", Answer: "a", Options: e.Options}, {Prompt: "p", Answer: "b", Options: e.Options}, {Prompt: "p", Answer: "a"}, {Prompt: "pa", Options: e.Options}} {
		if e.Fingerprint() == other.Fingerprint() {
			t.Errorf("%+v is taken for %+v", other, e)
		}
	}
}

func TestRowLengthsFitTheirShares(t *testing.T) {
	if got := RowLengths([]int{10, 12, 15, 100, 400}, 512); !slices.Equal(got, []int{16, 400}) {
		t.Error(got)
	}
	if RowLengths(nil, 9) != nil {
		t.Error("lengths of nothing")
	}
	rapid.Check(t, func(t *rapid.T) {
		tokens := rapid.SliceOfN(rapid.IntRange(0, 2000), 1, 50).Draw(t, "tokens")
		most := rapid.IntRange(8, 2048).Draw(t, "most")
		lengths := RowLengths(tokens, most)
		if !slices.IsSorted(lengths) || len(lengths) > 3 || lengths[len(lengths)-1] < min(slices.Max(tokens), most) || slices.Max(lengths) > most {
			t.Fatalf("%v of %v", lengths, tokens)
		}
	})
}
