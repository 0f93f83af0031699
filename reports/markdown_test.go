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

func TestColourAddsNothingButBold(t *testing.T) {
	r := load(t, rough().make(t, nil))
	coloured := asText(t, r, true)
	if !strings.Contains(coloured, "\x1b[1m77.0*\x1b[0m") {
		t.Error("the best value is not bold")
	}
	plain := strings.NewReplacer("\x1b[1m", "", "\x1b[0m", "").Replace(coloured)
	if plain != asText(t, r, false) {
		t.Error("the text differs beyond its colours")
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

func TestTiesAreAllMarkedAndReferencesNever(t *testing.T) {
	s := small()
	s.score = func(m, seed, i, j int) float64 { return []float64{1, 1, 0.5, 0.5, 0.4}[m] }
	table := SummaryTable(load(t, s.make(t, nil)))
	for i, want := range []bool{false, false, true, true, false} {
		if got := table.Rows[i][2].Marked; got != want {
			t.Errorf("accuracy of %s marked: %v, want %v", table.Rows[i][0].Text, got, want)
		}
	}
	if e := table.Rows[2][5]; e.Text != "0.0" || !e.Marked {
		t.Errorf("least forgetting: %+v", e)
	}
}
