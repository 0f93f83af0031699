package reports

import (
	"strings"
	"testing"
)

func TestColourAddsNothingButBoldAndLines(t *testing.T) {
	s := small()
	s.seeds = 8
	r := load(t, s.make(t, nil))
	coloured := asText(t, r, true)
	for _, want := range []string{"\x1b[1m68.5*\x1b[0m", "\x1b[4m65.5†\x1b[0m", "\x1b[1mSummary\x1b[0m"} {
		if !strings.Contains(coloured, want) {
			t.Errorf("the text lacks %q", want)
		}
	}
	plain := strings.NewReplacer("\x1b[1m", "", "\x1b[4m", "", "\x1b[0m", "").Replace(coloured)
	if plain != asText(t, r, false) {
		t.Error("the text differs beyond its colours")
	}
	if markdown := asMarkdown(t, r); !strings.Contains(markdown, "**68.5** ±2.0") || !strings.Contains(markdown, "<u>65.5</u> ±") {
		t.Error("the Markdown does not mark the best and the second")
	}
}
