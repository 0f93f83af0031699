package hub

import (
	"slices"
	"strings"
	"testing"
)

func TestEntriesAreFoundInAnyText(t *testing.T) {
	text := "# A card\n```\n@article{a{b}, title={x {y}}}\n```\nwrite to me@home {now}\n  @misc {two,\n  note={}}\n@book{three, open={"
	if got := BibTeX(text); !slices.Equal(got, []string{"@article{a{b}, title={x {y}}}", "@misc {two,\n  note={}}"}) {
		t.Errorf("%q", got)
	}
}

func FuzzEntries(f *testing.F) {
	f.Add("@article{a,\n  title = {b}\n}\n")
	f.Add("@a{b,}@c{d,\n@e{}")
	f.Fuzz(func(t *testing.T, text string) {
		for _, e := range BibTeX(text) {
			if !strings.Contains(text, e) || strings.Count(e, "{") != strings.Count(e, "}") {
				t.Errorf("%q is no entry of %q", e, text)
			}
		}
	})
}
