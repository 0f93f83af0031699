package prompt

import (
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

var forms = []norm.Form{norm.NFC, norm.NFD, norm.NFKC, norm.NFKD}

func TestLongRunsOfMarksStayAsTheyAre(t *testing.T) {
	// U+0323 (class 220) comes before U+0307 (230) and composes with s.
	text := "s" + strings.Repeat("\u0307", 40) + strings.Repeat("\u0323", 40)
	if got, want := normalForm(norm.NFD, text), "s"+strings.Repeat("\u0323", 40)+strings.Repeat("\u0307", 40); got != want {
		t.Errorf("%+q", got)
	}
	// ṣ takes the first U+0307 too; a second U+0323 does not block it, being of another class.
	if got, want := normalForm(norm.NFC, text), "\u1e69"+strings.Repeat("\u0323", 39)+strings.Repeat("\u0307", 39); got != want {
		t.Errorf("%+q", got)
	}
}

// Where there are few marks, the own forms are those of the library.
func TestNormalFormsAreThoseOfTheLibrary(t *testing.T) {
	character := rapid.OneOf(rapid.Rune(), rapid.RuneFrom([]rune("aeoszAÅﬁㄱᄀ\u1161\u11a8각가का\u0301\u0307\u0308\u030a\u0323\u0327\u0344\u0345\u05bc\u093c\u0f71\u1e9b\u212b\u2126")))
	rapid.Check(t, func(t *rapid.T) {
		text := string(rapid.SliceOfN(character, 0, 6).Draw(t, "text"))
		marks := "x" + strings.Repeat("\u0307", safeMarks)
		for _, form := range forms {
			// The own form is used for the whole text because of the marks after it.
			if got, want := normalForm(form, text+marks), form.String(text+marks); got != want {
				t.Fatalf("form %d of %+q: %+q, want %+q", form, text, got, want)
			}
		}
	})
}
