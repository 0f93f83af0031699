package prompt

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// searched are the pieces that the library finds by a pattern.
func searched(t testing.TB, pattern string) splitter {
	t.Helper()
	split, err := splitAt(pattern, true)
	if err != nil {
		t.Fatal(err)
	}
	return split
}

func sameWords(t testing.TB, pattern string, library splitter, text string) {
	t.Helper()
	want, err := library(nil, text)
	if err != nil {
		t.Skip(err)
	}
	got, err := knownSplits[pattern](nil, text)
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("%q by %s: %q, %v; expected %q", text, pattern, got, err, want)
	}
}

// TestKnownWordsAreThoseOfTheirPatterns tries characters in every place that a pattern tells apart:
// all below U+3100, and above, where they come in long rows of a kind, some of each row.
func TestKnownWordsAreThoseOfTheirPatterns(t *testing.T) {
	for pattern := range knownSplits {
		library := searched(t, pattern)
		var text strings.Builder
		for r := rune(0); r <= utf8.MaxRune; r++ {
			if r >= 0x3100 && r%17 != 0 || r >= 0x20000 && r%1009 != 0 || !utf8.ValidRune(r) {
				continue
			}
			for _, around := range []string{"a%b", " %", "  %", "%%1", "'%", "\n%x", "!%\n"} {
				text.WriteString(strings.ReplaceAll(around, "%", string(r)))
			}
			if text.Len() > 1<<12 {
				sameWords(t, pattern, library, text.String())
				text.Reset()
			}
		}
		sameWords(t, pattern, library, text.String())
	}
}

// TestShortTextsHaveTheWordsOfTheirPatterns goes through all texts of five characters of each kind.
func TestShortTextsHaveTheWordsOfTheirPatterns(t *testing.T) {
	alphabet := []string{"a", "S", "l", "1", " ", "\n", "\r", "\t", "'", ".", "é", "\u00a0"}
	for pattern := range knownSplits {
		library := searched(t, pattern)
		var texts func(text string, left int)
		texts = func(text string, left int) {
			sameWords(t, pattern, library, text)
			if left > 0 {
				for _, c := range alphabet {
					texts(text+c, left-1)
				}
			}
		}
		texts("", 4)
	}
}

func FuzzKnownWords(f *testing.F) {
	for _, text := range []string{"It's 1,234 o'clock.\r\n\r\n  We'LL  go\u2028 'ſ ", "x\t\t y", "日本語 ٣٤٥٦ — ok", " \n \n a"} {
		f.Add(text)
	}
	libraries := map[string]splitter{}
	for pattern := range knownSplits {
		libraries[pattern] = searched(f, pattern)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			t.Skip()
		}
		for pattern, library := range libraries {
			sameWords(t, pattern, library, text)
		}
	})
}
