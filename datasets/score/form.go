package score

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Form is what answers of a task look like, whatever they say: a number, or a text as long as the
// true ones that begins and ends as one of them does. A written answer that has not the form shows
// a model that does not know any more how to answer.
type Form struct {
	number      bool
	least, most int           // words
	first, last map[rune]bool // classes of characters
}

// NewForm learns a task's form from true answers; scorer is the task's first score.
func NewForm(scorer string, golds []string) Form {
	f := Form{number: slices.Contains([]string{"number", "first_number", "last_number"}, scorer), first: map[rune]bool{}, last: map[rune]bool{}}
	for i, gold := range golds {
		words := len(strings.Fields(gold))
		if f.most = max(f.most, words); i == 0 {
			f.least = words
		}
		f.least = min(f.least, words)
		first, last := ends(gold)
		f.first[first], f.last[last] = true, true
	}
	return f
}

// Has says whether an answer has the form.
func (f Form) Has(answer string) bool {
	if f.number {
		return answerNumber(answer) != nil
	}
	words := len(strings.Fields(answer))
	first, last := ends(answer)
	return words >= f.least && words <= f.most && f.first[first] && f.last[last]
}

// ends are the classes of a text's first and last characters: an upper-case or lower-case letter, a
// letter without case, a digit, or the character itself.
func ends(text string) (first, last rune) {
	text = strings.TrimSpace(text)
	a, _ := utf8.DecodeRuneInString(text)
	b, _ := utf8.DecodeLastRuneInString(text)
	return class(a), class(b)
}

func class(r rune) rune {
	switch {
	case unicode.IsUpper(r):
		return 'A'
	case unicode.IsLower(r):
		return 'a'
	case unicode.IsLetter(r):
		return 'ª'
	case unicode.IsDigit(r):
		return '0'
	}
	return r
}
