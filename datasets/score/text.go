package score

import (
	"strings"
	"unicode"
)

// lower is Python's str.lower as far as scores can see it: a dotted capital I becomes an i and a
// combining dot, which Go's ToLower leaves out. (A capital sigma at a word's end is not treated
// specially.)
func lower(s string) string {
	return strings.ToLower(strings.ReplaceAll(s, "İ", "i\u0307"))
}

// isSpace is Python's str.isspace for one character: Unicode white space and the four ASCII
// separators.
func isSpace(r rune) bool {
	return unicode.IsSpace(r) || 0x1c <= r && r <= 0x1f
}

// words splits at runs of white space, as Python's str.split does.
func words(s string) []string { return strings.FieldsFunc(s, isSpace) }

// ngrams counts the runs of n tokens. The key joins them with a blank, which no token contains
// unless all are single characters: then places tell them apart.
func ngrams(tokens []string, n int) map[string]int {
	counts := make(map[string]int)
	for i := 0; i+n <= len(tokens); i++ {
		counts[strings.Join(tokens[i:i+n], " ")]++
	}
	return counts
}

// overlap is the number of n-grams in both, each counted at most as often as in either.
func overlap(a, b map[string]int) int {
	total := 0
	for gram, n := range a {
		total += min(n, b[gram])
	}
	return total
}

// mean is the arithmetic mean. Its caller makes sure that there are values.
func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}
