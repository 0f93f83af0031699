package table

import (
	"fmt"
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

func TestPlainTable(t *testing.T) {
	plain := New("cell", "tasks\nlearned", "reason")
	plain.TextColumns, plain.Prose = []int{2}, 2
	plain.AddRow("seq-s0-o0", "3/3")
	plain.AddRow("er-s0-o0", "11/3", strings.Repeat("word ", 20)+"end\nhint")
	var out strings.Builder
	if err := plain.Print(&out); err != nil {
		t.Fatal(err)
	}
	want := "             tasks\n" +
		"cell       learned  reason\n" +
		strings.Repeat("─", 99) + "\n" +
		"seq-s0-o0      3/3\n" +
		"er-s0-o0      11/3  " + strings.TrimSpace(strings.Repeat("word ", 16)) + "\n" +
		strings.Repeat(" ", 20) + "word word word word end\n" +
		strings.Repeat(" ", 20) + "hint\n"
	if out.String() != want {
		t.Errorf("got\n%s\nexpected\n%s", &out, want)
	}
}

func TestTableWithoutHeads(t *testing.T) {
	plain := New("", "")
	plain.TextColumns = []int{1}
	plain.AddRow("nano", "embedded")
	plain.AddRow("", "of Qwen2")
	var out strings.Builder
	if err := plain.Print(&out); err != nil {
		t.Fatal(err)
	}
	if want := "nano  embedded\n      of Qwen2\n"; out.String() != want {
		t.Errorf("got %q, expected %q", out.String(), want)
	}
}

// TestAProbabilityBelowTheLevelIsNotPrintedAsTheLevel: 51 of 1,024 is below 0.05.
func TestAProbabilityBelowTheLevelIsNotPrintedAsTheLevel(t *testing.T) {
	for p, want := range map[float64]string{51.0 / 1024: "0.0498", 0.05: "0.050", 0.0502: "0.050", 0.04: "0.040", 1: "1.000", 1.0 / 128: "0.008"} {
		if got := Probability(p); got.Text != want || *got.Number != p {
			t.Errorf("%v: %s, want %s", p, got.Text, want)
		}
	}
}
