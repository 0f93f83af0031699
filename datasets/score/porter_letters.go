package score

// consonants marks each letter: a vowel is a, e, i, o, u, or a y after a consonant (Porter 1980).
func consonants(w string) []bool {
	flags := make([]bool, len(w))
	for i := range len(w) {
		switch w[i] {
		case 'a', 'e', 'i', 'o', 'u':
		case 'y':
			flags[i] = i == 0 || !flags[i-1]
		default:
			flags[i] = true
		}
	}
	return flags
}

func consonant(w string, i int) bool { return consonants(w[:i+1])[i] }

func hasVowel(w string) bool {
	for _, c := range consonants(w) {
		if !c {
			return true
		}
	}
	return false
}

// measure is Porter's m: how often a vowel is followed by a consonant.
func measure(w string) int {
	flags, m := consonants(w), 0
	for i := 1; i < len(flags); i++ {
		if !flags[i-1] && flags[i] {
			m++
		}
	}
	return m
}

// endsCVC is Porter's *o, consonant-vowel-consonant with a last letter other than w, x, y; NLTK
// adds words of two letters, vowel and consonant.
func endsCVC(w string) bool {
	flags, n := consonants(w), len(w)
	if n == 2 {
		return !flags[0] && flags[1]
	}
	if n < 3 || !flags[n-3] || flags[n-2] || !flags[n-1] {
		return false
	}
	last := w[n-1]
	return last != 'w' && last != 'x' && last != 'y'
}
