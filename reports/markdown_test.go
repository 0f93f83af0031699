package reports

import (
	"strings"
	"testing"
)

func TestEscape(t *testing.T) {
	for text, want := range map[string]string{
		"country_phrases": "country_phrases",
		"a|b":             `a\|b`,
		"_a_ b_c":         `\_a\_ b_c`,
		"two\nlines":      "two lines",
		"a * b <i> `c`":   "a \\* b \\<i> \\`c\\`",
		`\`:               `\\`,
		"[a](b) R[1][2]":  `[a]\(b) R[1][2]`,
		"# a #":           `\# a #`,
		"- a":             `\- a`,
		"-8.1":            "-8.1",
	} {
		if got := escape(text); got != want {
			t.Errorf("escape(%q) = %q, want %q", text, got, want)
		}
	}
}

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

func TestWideTablesAreSplitIntoBlocks(t *testing.T) {
	s := small()
	s.tasks, s.methods = taskNames(40), named("seq")
	r := load(t, s.make(t, nil))
	g := newGrid(MatrixTable(r, r.Suite.Methods[0]))
	seen := map[int]int{}
	for _, block := range g.blocks() {
		width := -g.gap
		for _, column := range block {
			seen[column]++
			width += g.widths[column] + g.gap
		}
		if block[0] != 0 || width > textWidth {
			t.Errorf("block %v is %d wide", block, width)
		}
	}
	for column := 1; column <= 41; column++ {
		if seen[column] != 1 {
			t.Errorf("column %d is shown %d times", column, seen[column])
		}
	}
}
