package chat

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestATemplateReadsNoFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret.jinja")
	if err := os.WriteFile(path, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, source := range []string{
		"{% include 'PATH' %}", "{% include ['PATH'] ignore missing %}", "{% import 'PATH' as x %}", "{% from 'PATH' import x %}",
		"{% extends 'PATH' %}", "{% extends '/chat_template' %}", "{% include '/chat_template' %}", "{{ include('PATH') }}", "{{ 'PATH' | file }}",
		"{{ 'PATH' | fileset }}", "{{ lookup('file', 'PATH') }}", "{{ self.block() }}", "{{ open('PATH') }}", "{{ namespace.__globals__.os }}",
		"{% block a %}{{ self.a() }}{% endblock %}", "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "{{ now() }}", "{{ env('HOME') }}",
		"{{ lipsum() }}", "{{ cycler(1) }}", "{{ [1, 2] | random }}", "{{ 'x' | fromjson }}", "{{ strftime_now('%Y') }}",
	} {
		text, err := evaluate(strings.ReplaceAll(source, "PATH", path), []Message{{"user", "hello"}})
		if err == nil {
			t.Errorf("%s: rendered as %q", source, text)
		}
	}
}

// A template that works without end stops at a count of bytes and steps, in whichever way it works.
func TestATemplatesWorkIsBounded(t *testing.T) {
	loop := func(body string) string { return "{% for a in range(10000) %}" + body + "{% endfor %}" }
	for name, source := range map[string]string{
		"nested loops":            loop(loop(loop("x"))),
		"empty loops":             loop(loop(loop("{% set x = 1 %}"))),
		"output":                  "{% set x = 'x' * 100000 %}" + loop("{{ x }}"),
		"a long text":             "{{ 'x' * 100000000000 }}",
		"a long list":             "{{ range(100000000000) | length }}",
		"doubling a text":         "{% set ns = namespace(x='x') %}" + loop("{% set ns.x = ns.x + ns.x %}"),
		"doubling by ~":           "{% set ns = namespace(x='x') %}" + loop("{% set ns.x = ns.x ~ ns.x %}"),
		"doubling by join":        "{% set ns = namespace(x='x') %}" + loop("{% set ns.x = [ns.x, ns.x] | join %}"),
		"doubling by replace":     "{% set ns = namespace(x='x') %}" + loop("{% set ns.x = ns.x | replace('x', 'xx') %}"),
		"doubling by a block":     "{% set ns = namespace(x='x') %}" + loop("{% set y %}{{ ns.x }}{{ ns.x }}{% endset %}{% set ns.x = y %}"),
		"doubling a list":         "{% set ns = namespace(x=[1]) %}" + loop("{% set ns.x = ns.x + ns.x %}"),
		"lists in lists":          "{% set ns = namespace(x=[1]) %}" + loop("{% set ns.x = [ns.x, ns.x] %}"),
		"deep lists":              "{% set ns = namespace(x=[1]) %}" + loop("{% set ns.x = [ns.x] %}"),
		"deep dictionaries":       "{% set ns = namespace(x={}) %}" + loop("{% set ns.x = {'x': ns.x} %}"),
		"a namespace in itself":   "{% set ns = namespace(x=1) %}{% set ns.x = [ns] %}{{ ns.x | tojson }}",
		"comparing wide lists":    "{% set ns = namespace(x=[1]) %}{% for a in range(18) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}" + loop("{{ ns.x == ns.x }}"),
		"searching a list":        "{% set x = range(10000) %}" + loop("{{ 'a' in x }}"),
		"searching a text":        "{% set x = 'x' * 100000 %}" + loop("{{ 'a' in x }}"),
		"indexing a text":         "{% set x = 'x' * 100000 %}" + loop("{{ x[0] }}"),
		"slicing a text":          "{% set x = 'x' * 100000 %}" + loop("{{ x[1:2] }}"),
		"splitting a text":        "{% set x = 'x' * 100000 %}" + loop("{% set y = x.split('y') %}"),
		"counting in a text":      "{% set x = 'x' * 100000 %}" + loop("{% set y = x.count('y') %}"),
		"stripping a text":        "{% set x = ' ' * 100000 %}" + loop("{% set y = x.strip() %}"),
		"trimming a text":         "{% set x = ' ' * 100000 %}" + loop("{% set y = x | trim %}"),
		"replacing in a text":     "{% set x = ' ' * 100000 %}" + loop("{% set y = x | replace('y', '') %}"),
		"length of a text":        "{% set x = ' ' * 100000 %}" + loop("{% set y = x | length %}"),
		"starts of a text":        "{% set x = ' ' * 100000 %}" + loop("{% set y = x.startswith('y') %}"),
		"upper of a text":         "{% set x = 'x' * 100000 %}" + loop("{% set y = x | upper | length %}"),
		"JSON of a text":          "{% set x = '<' * 1000000 %}" + loop("{% set y = x | tojson | length %}"),
		"selecting from a list":   "{% set x = range(10000) %}" + loop("{% set y = x | select('none') | list %}"),
		"equal keys":              "{% set x = range(10000) %}" + loop("{% set y = x | reject('equalto', x) | list %}"),
		"items of a dictionary":   "{% set x = {" + strings.Repeat("'a': 1, ", 200) + "'b': 1} %}" + loop(loop("{{ x.b }}")),
		"deep parentheses":        "{{ " + strings.Repeat("(", 30000) + "1" + strings.Repeat(")", 30000) + " }}",
		"deep brackets":           "{{ " + strings.Repeat("[", 60000),
		"deep calls":              "{{ " + strings.Repeat("a(", 30000),
		"deep indices":            "{{ " + strings.Repeat("a[", 30000),
		"deep dictionaries typed": "{{ " + strings.Repeat("{1:", 20000),
		"many signs":              "{{ " + strings.Repeat("-", 60000) + "1 }}",
		"many negations":          "{{ " + strings.Repeat("not ", 15000) + "1 }}",
		"many operators":          "{{ 1" + strings.Repeat("+1", 30000) + " }}",
		"many powers":             "{{ 1" + strings.Repeat("**1", 20000) + " }}",
		"many indices":            "{{ a" + strings.Repeat("[0]", 20000) + " }}",
		"many attributes":         "{{ a" + strings.Repeat(".a", 30000) + " }}",
		"many filters":            "{{ a" + strings.Repeat("|trim", 12000) + "|x }}",
		"deep conditions":         strings.Repeat("{% if 1 %}", 6000),
		"deep loops":              strings.Repeat("{% for a in b %}", 4000),
		"sixteen parentheses":     "{{ " + strings.Repeat("(", 16) + "1" + strings.Repeat(")", 16) + " + 'a' }}",
		"sixteen brackets":        "{{ " + strings.Repeat("[", 16) + "1" + strings.Repeat("]", 16) + " + 'a' }}",
		"sixteen indices":         "{{ " + strings.Repeat("a[", 16) + "1" + strings.Repeat("]", 16) + " }}",
		"sixteen calls":           "{{ " + strings.Repeat("a(", 16) + "1" + strings.Repeat(")", 16) + " }}",
		"300 signs":               "{{ 'a' + " + strings.Repeat("-", 300) + "1 }}",
		"900 negations":           "{{ 'a' + " + strings.Repeat("not ", 900) + "1 }}",
		"a large template":        strings.Repeat("x", largestSource+1),
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			text, err := evaluate(source, []Message{{"user", "hello"}})
			if err == nil {
				t.Errorf("%d bytes and no error", len(text))
			} else if len(err.Error()) > 1000 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
			t.Logf("%v: %.100v", time.Since(start), err)
		})
	}
}
