package suite

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

type sized struct {
	Rank  int `yaml:"rank"`
	Inner int `yaml:"inner"`
}

// TestFixedNamesParameters: what a tuning leaves alone is read from YAML, and is one of the
// method's parameters.
func TestFixedNamesParameters(t *testing.T) {
	presets := Presets{{Name: "sized", NewParams: func() any { return &sized{} }}, {Name: "bare", NewParams: func() any { return nil }}}
	for _, c := range []struct{ method, fixed, want string }{
		{"sized", "[rank, inner]", ""},
		{"sized", "[rnk]", `methods.sized.fixed: unknown parameter "rnk"; did you mean "rank"? Known: inner, rank`},
		{"bare", "[rank]", `methods.bare.fixed: unknown parameter "rank". Known: none`},
	} {
		path := filepath.Join(t.TempDir(), "fixed.yaml")
		text := "extends: smoke\nname: fixed\nmethods:\n  - preset: " + c.method + "\n    fixed: " + c.fixed + "\n"
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		s, err := Load(path, Options{Presets: presets})
		if err != nil {
			t.Fatal(err)
		}
		if got := "[" + strings.Join(s.Methods[0].Fixed, ", ") + "]"; got != c.fixed {
			t.Errorf("fixed is %s, expected %s", got, c.fixed)
		}
		err = s.CheckParams(presets)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s with %s: error %v, expected %q", c.method, c.fixed, err, c.want)
		}
		again, err := s.Resolved()
		if err != nil || !strings.Contains(again, "fixed: "+c.fixed) {
			t.Errorf("the resolved suite lacks fixed: %v\n%s", err, again)
		}
	}
}
