package score

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestExactMatchIgnoresCaseSpaceAndTheLastPoint(t *testing.T) {
	for _, c := range []struct {
		prediction, gold string
		want             bool
	}{
		{" Paris.\n", "paris", true},
		{"New   York", "new york!", true},
		{"the red\tfox", "red fox", false},
		{"50%", "50", false},
		{"C#", "C", false},
		{"3.5", "35", false},
		{"", "...", false},
		{"...", "...", true},
		{"", "", true},
	} {
		if got := ExactMatch(c.prediction, c.gold); got != c.want {
			t.Errorf("ExactMatch(%q, %q) = %v", c.prediction, c.gold, got)
		}
	}
}

func TestChooseNormalisesByLengthAndBreaksTiesLow(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		sums   []float64
		tokens []int
		mean   int
		raw    int
	}{
		{[]float64{-4, -3}, []int{4, 2}, 0, 1},
		{[]float64{-2, -4, -2}, []int{1, 2, 1}, 0, 0},
		{[]float64{nan, -9}, []int{1, 1}, 1, 1},
		{[]float64{nan}, []int{1}, -1, -1},
		{[]float64{0, -1}, []int{0, 1}, 1, 0},
		{[]float64{math.Inf(-1), math.Inf(-1)}, []int{1, 1}, 0, 0},
		{nil, nil, -1, -1},
	} {
		if got := Choose(c.sums, c.tokens); got != c.mean {
			t.Errorf("Choose(%v, %v) = %d, want %d", c.sums, c.tokens, got, c.mean)
		}
		if got := ChooseRaw(c.sums); got != c.raw {
			t.Errorf("ChooseRaw(%v) = %d, want %d", c.sums, got, c.raw)
		}
	}
}

func TestByNameSuggestsTheNearestName(t *testing.T) {
	for name, hint := range map[string]string{"rouge_1": `"rouge1"`, "rougel": `"rougeL"`, "blue": `"bleu"`, "numbers": `"number"`} {
		_, err := ByName(name)
		if err == nil || !strings.Contains(err.Error(), "did you mean "+hint) || !strings.Contains(err.Error(), "sentence_bleu") {
			t.Errorf("ByName(%q): %v", name, err)
		}
	}
	if _, err := ByName("perplexity"); err == nil || strings.Contains(err.Error(), "did you mean") {
		t.Errorf("far-off name: %v", err)
	}
}

func TestNoExamplesHaveNoScore(t *testing.T) {
	for _, s := range Scorers {
		if corpus, each := s.Score(nil, nil); !math.IsNaN(corpus) || len(each) != 0 {
			t.Errorf("%s of nothing = %v, %v", s.Name, corpus, each)
		}
	}
}

// text draws what the tokenizers find hard, and anything else.
var text = rapid.OneOf(rapid.String(), rapid.StringMatching(`([a-eA-E]|[ .,\n-]|[0-9]|&amp;|é|####){0,30}`))

func TestScoresStayBetweenZeroAndOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 4).Draw(t, "n")
		p := rapid.SliceOfN(text, n, n).Draw(t, "predictions")
		g := rapid.SliceOfN(text, n, n).Draw(t, "golds")
		for _, s := range Scorers {
			corpus, each := s.Score(p, g)
			if len(each) != n {
				t.Fatalf("%s scored %d of %d", s.Name, len(each), n)
			}
			for _, v := range append(each, corpus) {
				if !(v >= 0 && v <= 1) {
					t.Fatalf("%s gives %v", s.Name, v)
				}
			}
		}
	})
}

func TestATextScoresFullyAgainstItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := text.Draw(t, "text")
		if !ExactMatch(s, s) {
			t.Fatal("not an exact match of itself")
		}
		if FinalNumber(s) != nil && !NumberMatch(s, s) {
			t.Fatal("not the same number as itself")
		}
		if len(RougeTokens(s, false)) > 0 && RougeL(s, s, true).F != 1 {
			t.Fatal("ROUGE of itself is not 1")
		}
		if len(Tokens13a(s)) > 0 && math.Abs(SentenceBLEU(s, s, false)-100) > tolerance {
			t.Fatal("BLEU of itself is not 100")
		}
	})
}

func TestRougeSwapsPrecisionAndRecallWithItsSides(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := text.Draw(t, "a"), text.Draw(t, "b")
		for _, f := range []func(p, g string, stem bool) PRF{Rouge1, RougeL} {
			x, y := f(a, b, false), f(b, a, false)
			if x.P != y.R || x.R != y.P || math.Abs(x.F-y.F) > tolerance {
				t.Fatalf("%+v against %+v", x, y)
			}
		}
		if Rouge1(a, b, false).P < RougeL(a, b, false).P {
			t.Fatal("a common subsequence is longer than the common words")
		}
	})
}

func TestNormaliseAndStemNeverFail(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := text.Draw(t, "text")
		if n := Normalise(s); Normalise(n) != n {
			t.Fatalf("Normalise is not idempotent: %q", n)
		}
		Stem(s)
		Stem(rapid.StringMatching(`[aelstyz]{0,5}(alli|logi|ing|eed|ies|ion|ed|ll)`).Draw(t, "word"))
	})
}
