package chat

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
)

type expressions struct {
	Messages []Message
	Cases    []struct {
		Template, Text, Refusal, Error string
		Unsupported                    bool
	}
}

func readExpressions(t testing.TB) expressions {
	t.Helper()
	content, err := os.ReadFile("testdata/expressions.json")
	if err != nil {
		t.Fatal(err)
	}
	var e expressions
	if err := json.Unmarshal(content, &e); err != nil {
		t.Fatal(err)
	}
	if len(e.Cases) < 100 {
		t.Fatalf("%d cases", len(e.Cases))
	}
	return e
}

func evaluate(source string, messages []Message) (string, error) {
	template, err := Compile(source, map[string]string{"bos_token": "<s>"})
	if err != nil {
		return "", err
	}
	return template.Render(messages, true)
}

// What this package does not support must be an error, never another text.
func TestTheLanguageIsThatOfJinja(t *testing.T) {
	e := readExpressions(t)
	for _, c := range e.Cases {
		text, err := evaluate(c.Template, e.Messages)
		var refusal Refusal
		switch {
		case c.Refusal != "":
			if !errors.As(err, &refusal) || string(refusal) != c.Refusal {
				t.Errorf("%s\n  %q and error %v, want the refusal %q", c.Template, text, err, c.Refusal)
			}
		case c.Error != "" || c.Unsupported:
			if err == nil || errors.As(err, &refusal) {
				t.Errorf("%s\n  %q and error %v, want a failure", c.Template, text, err)
			}
		case err != nil || text != c.Text:
			t.Errorf("%s\n  %q and error %v, want %q", c.Template, text, err, c.Text)
		}
	}
}

func TestATemplateRendersConcurrently(t *testing.T) {
	template, err := Compile("{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{{ m.content }}{{ ns.n }}{% endfor %}", nil)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for _, content := range []string{"a", "b", "c", "d"} {
		group.Go(func() {
			for range 50 {
				if text, err := template.Render([]Message{{"user", content}, {"assistant", content}}, false); err != nil || text != content+"1"+content+"2" {
					t.Errorf("%q and error %v", text, err)
				}
			}
		})
	}
	group.Wait()
}

// An if in brackets that is not written otherwise for the library is told by its name, where the
// library speaks of brackets.
func TestAnIfInBracketsIsTold(t *testing.T) {
	for _, source := range []string{"{{ ['a' if true else 'b'][0] }}", "\n{{ ('a' if true) }}", "{{ range(1, 2 if true else 3) }}", "{{ {'a': 'x' if true else 'y'} }}"} {
		if _, err := Compile(source, nil); err == nil || !strings.Contains(err.Error(), "an if in brackets") || !strings.Contains(err.Error(), "line ") {
			t.Errorf("%s: %v", source, err)
		}
	}
	if _, err := Compile("{{ "+strings.Repeat("('a' if true else 'b') + ", mostChoices+1)+"'' }}", nil); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Error(err)
	}
}
