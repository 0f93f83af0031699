package score

import (
	"strings"
	"unicode"
)

// irregular words of NLTK's stemmer and their stems.
var irregular = map[string]string{
	"sky": "sky", "skies": "sky", "dying": "die", "lying": "lie", "tying": "tie",
	"news": "news", "innings": "inning", "inning": "inning",
	"outings": "outing", "outing": "outing", "cannings": "canning", "canning": "canning",
	"howe": "howe", "proceed": "proceed", "exceed": "exceed", "succeed": "succeed",
}

// Stem returns the Porter stem of an English word, lower-cased.
//
// It follows NLTK 3.10.4's PorterStemmer in its default mode, which extends Porter (1980), "An
// algorithm for suffix stripping": irregular words, "ies" and "ied" of four-letter words, y to i
// after a consonant only, "fulli" and "logi". Words of up to two letters, and words that are not
// ASCII, are only lower-cased.
func Stem(word string) string {
	w := lower(word)
	if stem, ok := irregular[w]; ok {
		return stem
	}
	if len(w) <= 2 || strings.ContainsFunc(w, func(r rune) bool { return r > unicode.MaxASCII }) {
		return w
	}
	w = stepPlural(w)
	w = stepPast(w)
	if stem, ok := strings.CutSuffix(w, "y"); ok && len(stem) > 1 && consonant(stem, len(stem)-1) {
		w = stem + "i"
	}
	w = stepDouble(w)
	w = apply(w, step3)
	w = apply(w, step4)
	return stepTidy(w)
}

// rule replaces a suffix if what is left has a measure above least; keep, where not nil, must hold
// too. The first rule whose suffix fits decides.
type rule struct {
	suffix, with string
	least        int
	keep         func(stem string) bool
}

func apply(w string, rules []rule) string {
	for _, r := range rules {
		stem, ok := strings.CutSuffix(w, r.suffix)
		if !ok {
			continue
		}
		if measure(stem) > r.least && (r.keep == nil || r.keep(stem)) {
			return stem + r.with
		}
		return w
	}
	return w
}

// stepPlural is step 1a.
func stepPlural(w string) string {
	if strings.HasSuffix(w, "ies") && len(w) == 4 {
		return w[:3]
	}
	return apply(w, []rule{{"sses", "ss", -1, nil}, {"ies", "i", -1, nil}, {"ss", "ss", -1, nil}, {"s", "", -1, nil}})
}

// stepPast is step 1b: -eed, -ed, -ing.
func stepPast(w string) string {
	if strings.HasSuffix(w, "ied") {
		if len(w) == 4 {
			return w[:3]
		}
		return w[:len(w)-2]
	}
	if strings.HasSuffix(w, "eed") {
		return apply(w, []rule{{"eed", "ee", 0, nil}})
	}
	stem, ok := strings.CutSuffix(w, "ed")
	if !ok || !hasVowel(stem) {
		if stem, ok = strings.CutSuffix(w, "ing"); !ok || !hasVowel(stem) {
			return w
		}
	}
	for _, end := range []string{"at", "bl", "iz"} {
		if strings.HasSuffix(stem, end) {
			return stem + "e"
		}
	}
	if n := len(stem); n >= 2 && stem[n-1] == stem[n-2] && consonant(stem, n-1) {
		if strings.IndexByte("lsz", stem[n-1]) >= 0 {
			return stem
		}
		return stem[:n-1]
	}
	if measure(stem) == 1 && endsCVC(stem) {
		return stem + "e"
	}
	return stem
}

// stepDouble is step 2, in which NLTK lets -alli go first and then starts again.
func stepDouble(w string) string {
	if stem, ok := strings.CutSuffix(w, "alli"); ok && measure(stem) > 0 {
		w = stem + "al"
	}
	if strings.HasSuffix(w, "logi") { // no earlier rule ends in -logi
		if measure(w[:len(w)-3]) > 0 { // the l counts as part of the stem
			return w[:len(w)-1]
		}
		return w
	}
	return apply(w, step2)
}

// stepTidy is step 5: a last -e, and -ll.
func stepTidy(w string) string {
	if stem, ok := strings.CutSuffix(w, "e"); ok {
		if m := measure(stem); m > 1 || m == 1 && !endsCVC(stem) {
			w = stem
		}
	}
	if strings.HasSuffix(w, "ll") && measure(w[:len(w)-1]) > 1 {
		return w[:len(w)-1]
	}
	return w
}

var step2 = []rule{
	{"ational", "ate", 0, nil}, {"tional", "tion", 0, nil}, {"enci", "ence", 0, nil},
	{"anci", "ance", 0, nil}, {"izer", "ize", 0, nil}, {"bli", "ble", 0, nil},
	{"alli", "al", 0, nil}, {"entli", "ent", 0, nil}, {"eli", "e", 0, nil},
	{"ousli", "ous", 0, nil}, {"ization", "ize", 0, nil}, {"ation", "ate", 0, nil},
	{"ator", "ate", 0, nil}, {"alism", "al", 0, nil}, {"iveness", "ive", 0, nil},
	{"fulness", "ful", 0, nil}, {"ousness", "ous", 0, nil}, {"aliti", "al", 0, nil},
	{"iviti", "ive", 0, nil}, {"biliti", "ble", 0, nil}, {"fulli", "ful", 0, nil},
}

var step3 = []rule{
	{"icate", "ic", 0, nil}, {"ative", "", 0, nil}, {"alize", "al", 0, nil},
	{"iciti", "ic", 0, nil}, {"ical", "ic", 0, nil}, {"ful", "", 0, nil}, {"ness", "", 0, nil},
}

var step4 = []rule{
	{"al", "", 1, nil}, {"ance", "", 1, nil}, {"ence", "", 1, nil}, {"er", "", 1, nil},
	{"ic", "", 1, nil}, {"able", "", 1, nil}, {"ible", "", 1, nil}, {"ant", "", 1, nil},
	{"ement", "", 1, nil}, {"ment", "", 1, nil}, {"ent", "", 1, nil},
	{"ion", "", 1, func(stem string) bool { return strings.HasSuffix(stem, "s") || strings.HasSuffix(stem, "t") }},
	{"ou", "", 1, nil}, {"ism", "", 1, nil}, {"ate", "", 1, nil}, {"iti", "", 1, nil},
	{"ous", "", 1, nil}, {"ive", "", 1, nil}, {"ize", "", 1, nil},
}
