package suite

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// TestDocsCountNothingThatFlagsChange: the page of a run shows its suite's doc, and -methods,
// -seeds and -orders change how many there are.
func TestDocsCountNothingThatFlagsChange(t *testing.T) {
	counted := regexp.MustCompile(`(?i)\b(\d+|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fourteen|twenty) (others?|methods?|seeds?|orders?)\b`)
	for _, name := range List() {
		s, err := load(t, "extends: "+name+"\n")
		if err != nil {
			t.Fatal(err)
		}
		if found := counted.FindString(s.Doc); found != "" {
			t.Errorf("the doc of suite %s counts %q", name, found)
		}
	}
}

// TestTheReadmesDefaultsAreThoseOfTheCode holds the values in brackets of the README's tables of
// keys to Default; what is no word of YAML there, such as a text, is not looked at.
func TestTheReadmesDefaultsAreThoseOfTheCode(t *testing.T) {
	document, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var defaults map[string]any
	text, err := encodeYAML(Default())
	if err == nil {
		err = yaml.Unmarshal([]byte(text), &defaults)
	}
	if err != nil {
		t.Fatal(err)
	}
	looked := 0
	for _, part := range []string{"training", "evaluation"} {
		_, rows, ok := strings.Cut(string(document), "| `"+part+".` | meaning |\n|---|---|\n")
		rows, _, _ = strings.Cut(rows, "\n\n")
		if !ok {
			t.Fatalf("no table of %s", part)
		}
		of := defaults[part].(map[string]any)
		for line := range strings.Lines(rows) {
			keys, _, _ := strings.Cut(line[1:], "|")
			for _, m := range regexp.MustCompile("`([a-z_]+)` \\[([^]]+)\\]").FindAllStringSubmatch(keys, -1) {
				code, ok := of[m[1]]
				if !ok {
					continue // left out where it is empty
				}
				told := strings.ReplaceAll(m[2], "`", "")
				if _, list := code.([]any); list {
					told = "[" + told + "]"
				}
				var want any
				if err := yaml.Unmarshal([]byte(told), &want); err != nil {
					t.Fatal(err)
				}
				if looked++; !reflect.DeepEqual(code, want) {
					t.Errorf("%s.%s is %v, the README says %v", part, m[1], code, want)
				}
			}
		}
	}
	if looked < 20 {
		t.Errorf("only %d defaults were found", looked)
	}
}
