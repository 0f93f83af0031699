package score

import "strings"

// Normalise makes short answers comparable: lower case, runs of white space as one blank, none at
// the ends, and no punctuation of a sentence or closing quote at the end (a % or # stays: it can be
// the answer).
func Normalise(text string) string {
	text = strings.Join(words(lower(text)), " ")
	return strings.TrimRightFunc(text, func(r rune) bool { return isSpace(r) || strings.ContainsRune(sentenceEnds, r) })
}

const sentenceEnds = ".,;:!?…。！？\"'”’“»"

// ExactMatch says whether both texts are the same once normalised. A gold text that is nothing but
// punctuation is compared without its white space instead, so that it does not match an empty
// answer.
func ExactMatch(prediction, gold string) bool {
	if Normalise(gold) == "" {
		return strings.TrimFunc(prediction, isSpace) == strings.TrimFunc(gold, isSpace)
	}
	return Normalise(prediction) == Normalise(gold)
}
