package score

import (
	"maps"
	"slices"
	"strings"
	"unicode"
)

// squadWords normalises an answer as SQuAD's evaluation does: lower case, without ASCII punctuation
// and without the words a, an and the, split at white space.
func squadWords(text string) []string {
	text = strings.Map(func(r rune) rune {
		if r > ' ' && r < 0x7f && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return r
	}, lower(text))
	var out strings.Builder
	for len(text) > 0 {
		n := strings.IndexFunc(text, func(r rune) bool { return !isWord(r) })
		if n < 0 {
			n = len(text)
		}
		if word := text[:n]; word == "a" || word == "an" || word == "the" {
			out.WriteByte(' ')
		} else {
			out.WriteString(word)
		}
		text = text[n:]
		n = strings.IndexFunc(text, isWord)
		if n < 0 {
			n = len(text)
		}
		out.WriteString(text[:n])
		text = text[n:]
	}
	return words(out.String())
}

// isWord is Python's \w without the underscore, which is punctuation.
func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }

// SquadExact says whether two answers are the same by SQuAD's rules.
func SquadExact(prediction, gold string) bool {
	return slices.Equal(squadWords(prediction), squadWords(gold))
}

// SquadF1 is the F1 of the words that two answers share by SQuAD's rules, each as often as both
// have it. Where one has no words, as no answer has in SQuAD 2.0, it says whether both have none.
func SquadF1(prediction, gold string) float64 {
	p, g := squadWords(prediction), squadWords(gold)
	if len(p) == 0 || len(g) == 0 {
		return indicator(len(p) == len(g))
	}
	return rouge1Of(p, g).F
}

// macroF1 is the mean F1 of the classes that the gold texts name, compared as ExactMatch does. A
// prediction that is no class counts against the example's own class alone.
func macroF1(cases []Case) (float64, []float64) {
	right, predicted, gold := map[string]int{}, map[string]int{}, map[string]int{}
	each := make([]float64, len(cases))
	for i, c := range cases {
		class := Normalise(c.Golds[0])
		said := Normalise(c.Prediction)
		for _, g := range c.Golds {
			if ExactMatch(c.Prediction, g) {
				said, each[i] = class, 1
				right[class]++
				break
			}
		}
		predicted[said]++
		gold[class]++
	}
	// Integers first: the sum must not depend on the order of the classes.
	classes := slices.Sorted(maps.Keys(gold))
	values := make([]float64, len(classes))
	for i, class := range classes {
		values[i] = 2 * float64(right[class]) / float64(predicted[class]+gold[class])
	}
	return mean(values), each
}
