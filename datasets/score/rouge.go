package score

import (
	"strings"
	"unicode"
)

// PRF is a ROUGE score: precision (share of the prediction found in the gold text), recall (the
// other way round) and their harmonic mean, each in [0, 1]. All are 0 where either side has no
// tokens.
type PRF struct{ P, R, F float64 }

// RougeTokens splits a text as rouge_score does: lower case, everything but a-z and 0-9 separates
// words (umlauts too); with stem, words of more than three letters are replaced by their Porter
// stems.
func RougeTokens(text string, stem bool) []string {
	tokens := strings.FieldsFunc(lower(text), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
	if stem {
		for i, t := range tokens {
			if len(t) > 3 {
				tokens[i] = Stem(t)
			}
		}
	}
	return tokens
}

// Rouge1 is the overlap of single words (Lin 2004).
func Rouge1(prediction, gold string, stem bool) PRF {
	return rouge1Of(RougeTokens(prediction, stem), RougeTokens(gold, stem))
}

func rouge1Of(p, g []string) PRF { return prf(overlap(ngrams(p, 1), ngrams(g, 1)), len(p), len(g)) }

// RougeL is the longest common subsequence of words, line breaks ignored (Lin 2004).
func RougeL(prediction, gold string, stem bool) PRF {
	return rougeLOf(RougeTokens(prediction, stem), RougeTokens(gold, stem))
}

func rougeLOf(p, g []string) PRF { return prf(lcs(p, g), len(p), len(g)) }

// withoutSpaces are scripts that write no space between words.
var withoutSpaces = []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar}

// ScriptTokens splits a text of any script: lower case, words are runs of letters, marks and
// digits, and where a script writes no spaces each character with its marks. RougeTokens knows a-z
// and 0-9 alone, as rouge_score does: a text without them scores 0 there.
func ScriptTokens(text string) (tokens []string) {
	start, alone := -1, false // of the open token; whether it is one character of a script without spaces
	end := func(i int) {
		if start >= 0 {
			tokens = append(tokens, text[start:i])
		}
		start = -1
	}
	text = lower(text)
	for i, r := range text {
		single := unicode.In(r, withoutSpaces...)
		switch {
		case start >= 0 && unicode.IsMark(r) && (alone || !single):
		case single:
			end(i)
			start, alone = i, true
		case unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsNumber(r):
			if alone {
				end(i)
			}
			if start < 0 {
				start, alone = i, false
			}
		default:
			end(i)
		}
	}
	end(len(text))
	return tokens
}

func prf(hits, predicted, gold int) PRF {
	s := PRF{P: float64(hits) / float64(max(predicted, 1)), R: float64(hits) / float64(max(gold, 1))}
	s.F = harmonic(s.P, s.R)
	return s
}

// lcs is the length of the longest common subsequence.
func lcs[T comparable](a, b []T) int {
	row := make([]int, len(b)+1) // at j, that of what was seen of a and b's first j
	for _, x := range a {
		diagonal := 0
		for j, y := range b {
			above := row[j+1]
			if x == y {
				row[j+1] = diagonal + 1
			} else {
				row[j+1] = max(above, row[j])
			}
			diagonal = above
		}
	}
	return row[len(b)]
}
