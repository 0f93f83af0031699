package table

import (
	"fmt"
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
		if got := EscapeMarkdown(text); got != want {
			t.Errorf("escape(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestLaTeXEscapes(t *testing.T) {
	for text, want := range map[string]string{
		`a_b & 50% {x} \y`: `a\_b \& 50\% \{x\} \textbackslash{}y`,
		"K[N]/K[0] ±2 · –": `K[N]/K[0] $\pm$2 $\cdot$ --`,
		"Zürich 東":         "Zürich [U+6771]",
		"a\tb":             "a b",
	} {
		if got := latex(text); got != want {
			t.Errorf("latex(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestWideTablesAreSplitIntoBlocks(t *testing.T) {
	wide := Table{Columns: []Column{{[]string{"after"}}}, Rows: [][]Entry{{{Text: "after training on task_12"}}}}
	for i := range 41 {
		wide.Columns = append(wide.Columns, Column{[]string{fmt.Sprintf("task_%02d", i)}})
		wide.Rows[0] = append(wide.Rows[0], Score(0.5))
	}
	g := newLayout(wide)
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
