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

// TestBoundsOfLearningRatesAscend: those that a tuning tries first are two numbers.
func TestBoundsOfLearningRatesAscend(t *testing.T) {
	presets := Presets{{Name: "bare", NewParams: func() any { return nil }}}
	for bounds, want := range map[string]string{
		"[1e-05, 0.001]":      "",
		"[0.001, 1e-05]":      "methods.bare.learning_rates is [0.001 1e-05], must be the least and the largest that a tuning tries first",
		"[0.001]":             "must be the least and the largest",
		"[0.001, 0.01, 0.1]":  "must be the least and the largest",
		"[-1, 0.1]":           "methods.bare.learning_rates is -1, must be above 0",
		"{least: 0.1, to: 1}": "learning_rates",
	} {
		path := filepath.Join(t.TempDir(), "bounds.yaml")
		text := "extends: smoke\nname: bounds\nmethods:\n  - preset: bare\n    learning_rates: " + bounds + "\n"
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		s, err := Load(path, Options{Presets: presets})
		if err == nil {
			err = s.Validate(presets)
		}
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, expected %q", bounds, err, want)
		}
		if want == "" {
			if again, err := s.Resolved(); err != nil || !strings.Contains(again, "learning_rates: "+bounds) {
				t.Errorf("the resolved suite lacks the bounds: %v\n%s", err, again)
			}
		}
	}
}
