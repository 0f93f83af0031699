package prompt

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// rendered is what a template makes of a row.
func rendered(t *testing.T, text string, row map[string]any) (string, error) {
	t.Helper()
	columns := map[string]bool{}
	parsed, err := parseTemplate("prompt", text, true, columns)
	if err != nil {
		return "", err
	}
	return render(parsed, row)
}

func TestFunctionsOfTemplates(t *testing.T) {
	row := map[string]any{"Correct Answer": "x", "odd": map[string]any{"a b": "deep"}, "text": "one;two;three", "label": int64(1), "pandas": 1.0,
		"python": "['a', \"it's\", 3]", "struct": `{"answers": ["p", "q"]}`, "word": "ähnlich", "list": []any{"u", "v"}, "nothing": nil}
	for _, c := range []struct{ text, want, fails string }{
		{`{{column "Correct Answer"}}`, "x", ""},
		{`{{column "Correct Answer" | trim}}!`, "x!", ""},
		{`{{(column "text")}}`, "one;two;three", ""},
		{`{{range .list}}{{.}}{{column "Correct Answer"}}{{end}}`, "uxvx", ""},
		{`{{index (column "odd") "a b"}}`, "deep", ""},
		{`{{column "No Such"}}`, "", "No Such"},
		{`{{column .text}}`, "", "name in quotes"},
		{`{{column "nothing"}}`, "", "is null"},
		{`{{replace ";" ", " .text}}`, "one, two, three", ""},
		{`{{replace "" "x" .text}}`, "", "is empty"},
		{`{{join "+" (split ";" .text)}}`, "one+two+three", ""},
		{`{{index (split ";" .text) 1}}`, "two", ""},
		{`{{regex "t[a-z]+" .text}}`, "two", ""},
		{`{{regex "(t)wo" .text}}`, "t", ""},
		{`{{regex "x" .text}}`, "", "nothing in"},
		{`{{regex "(" .text}}`, "", "pattern"},
		{`{{substitute "(" "" "x"}}`, "", "pattern"},
		{`{{substitute " ?\\[.*?\\]" "" "a [b] c [d]"}}`, "a c", ""},
		{`{{substitute "(t)(w)" "$2$1" .text}}`, "one;wto;three", ""},
		{`{{substitute "\\.?$" "." "end."}}{{substitute "\\.?$" "." "end"}}`, "end.end.", ""},
		{`{{slice .word 1 4}}`, "hnl", ""},
		{`{{slice .word .label 2}}{{slice .word 6}}`, "hh", ""},
		{`{{slice .word 2 1}}`, "", "ascending"},
		{`{{slice .word 0 9}}`, "", "from 0 to 7"},
		{`{{slice .word "x"}}`, "", "not an index"},
		{`{{len .word}}{{len .list}}{{len (slice .list 1)}}{{len .odd}}`, "7211", ""},
		{`{{index .list 1}}{{index .list .pandas}}{{index .odd "a b"}}`, "vvdeep", ""},
		{`{{index .list 2}}`, "", "no entry 2 in a list of 2"},
		{`{{index .odd "c"}}`, "", "there is no c; there is a b"},
		{`{{index .word 0}}`, "", "slice takes characters"},
		{`{{printf "%03d %s" .label .text}}`, "001 one;two;three", ""},
		{`{{printf "%d" .pandas}}`, "", "does not fit 1 values"},
		{`{{printf "%s"}}`, "", "does not fit 0 values"},
		{`{{printf "%s" "50%!"}}`, "50%!", ""},
		{`{{join "" (list "a" .label .word)}}`, "a1ähnlich", ""},
		{`{{position (list "A" "B") "B"}}`, "1", ""},
		{`{{join "" (shuffle "q" (list 1 2 3 4))}}{{join "" (shuffle "q" (list 1 2 3 4))}}{{join "" (shuffle "other" (list 1 2 3 4))}}`, "134213421234", ""},
		{`{{shuffle "q" .text}}`, "", "not a list"},
		{`{{capitalize .word}}`, "Ähnlich", ""},
		{`{{join "|" (json .python)}}`, "a|it's|3", ""},
		{`{{range (json .struct).answers}}{{.}};{{end}}`, "p;q;", ""},
		{`{{json .text}}`, "", "neither JSON nor a list in Python's notation"},
		{`{{if eq .label .pandas}}same{{end}}`, "same", ""},
		{`{{if eq .pandas 1}}one{{else}}other{{end}}`, "one", ""},
		{`{{if eq .text "a" "one;two;three"}}in{{end}}`, "in", ""},
		{`{{if ge .pandas 2}}a{{else if lt .label 2}}b{{end}}`, "b", ""},
		{`{{if lt .text 2}}a{{end}}`, "", "cannot be compared"},
		{`{{if ne (null .nothing) false}}null{{end}}`, "null", ""},
	} {
		got, err := rendered(t, c.text, row)
		if got != c.want || (c.fails == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.fails) {
			t.Errorf("%s: %q, %v; expected %q, %q", c.text, got, err, c.want, c.fails)
		}
	}
	columns := map[string]bool{}
	if _, err := parseTemplate("prompt", `{{column "A b"}}{{with .c}}{{column "D"}}{{end}}`, true, columns); err != nil || fmt.Sprint(columns) != "map[A b:true D:true c:true]" {
		t.Error(columns, err)
	}
	if _, err := parseTemplate("option", `{{column "A"}}`, false, columns); err == nil || !strings.Contains(err.Error(), "not the row") {
		t.Error(err)
	}
}

// TestPythonsNotationIsRead: each text is what Python's repr writes of the value.
func TestPythonsNotationIsRead(t *testing.T) {
	for text, want := range map[string]any{
		"['a', 'b']":                    []any{"a", "b"},
		`["it's", 'a "b"', 'c\'d"']`:    []any{"it's", `a "b"`, `c'd"`},
		"[1, -2.5, 1e+16, True, None]":  []any{int64(1), -2.5, 1e16, true, nil},
		"('a', 'b')":                    []any{"a", "b"},
		"('a',)":                        []any{"a"},
		"('a')":                         "a",
		"[]":                            []any{},
		"{'text': ['x'], 'label': [0]}": map[string]any{"text": []any{"x"}, "label": []any{int64(0)}},
		"{1: 'a'}":                      map[string]any{"1": "a"},
		`['\n\t\\ \xe4 \u4f60 \q']`:     []any{"\n\t\\ ä 你 \\q"},
		"[['a'], ['b', 'c']]":           []any{[]any{"a"}, []any{"b", "c"}},
		"[nan]":                         []any{nil},
		`["json", 1]`:                   []any{"json", int64(1)},
		`{"a": [1.5, null]}`:            map[string]any{"a": []any{1.5, nil}},
	} {
		got, err := jsonValue(text)
		if d := cmp.Diff(want, got); err != nil || d != "" {
			t.Errorf("%s: %v %s", text, err, d)
		}
	}
	for text, want := range map[string]string{
		"['a' 'b']":               "expected a comma between two entries", // numpy's notation
		"['a'":                    "expected a comma",
		"['a":                     "a text has no end",
		"['a'] x":                 "something after the value",
		"[1]]":                    "something after the value",
		`{"a": 1}}`:               "something after the value",
		"[1]}":                    "something after the value",
		"[a]":                     `"a" is no value`,
		"":                        "it ends",
		"{'a'}":                   "expected a colon",
		`['\u12']`:                "no",
		strings.Repeat("[", 1000): "too deep",
	} {
		if v, err := jsonValue(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v", Shorten(text), v, err)
		}
	}
}

func FuzzLiteral(f *testing.F) {
	f.Add(`['a', "it's", 3, {'x': (1,)}]`)
	f.Fuzz(func(t *testing.T, text string) {
		p := literal{text: text}
		if _, err := p.value(0); err == nil && p.at > len(text) {
			t.Fatal(p.at)
		}
	})
}

func TestListsComeFromColumnsAndTemplates(t *testing.T) {
	row := map[string]any{"choices": map[string]any{"text": []any{"a", "b"}}, "written": "['c', 'd']", "label": int64(1), "parts": "e;f"}
	for _, c := range []struct{ source, want, fails string }{
		{"choices.text", "[a b]", ""},
		{"{{json .written}}", "[c d]", ""},
		{`{{split ";" .parts}}`, "[e f]", ""},
		{"{{.choices.text}}", "[a b]", ""},
		{"written", "", "{{json .written}}"},
		{"choices", "", "not a list"},
		{"choices.none", "", "there is no choices.none"},
		{"{{.label}}", "", "not a list"},
		{"{{json .written}} x", "", "nothing around it"},
		{"a..b", "", "not a column's name"},
		{"{{range .a}}{{end}}", "", "expected one"},
	} {
		columns := map[string]bool{}
		source, err := compileList("options_column", c.source, columns)
		var list []any
		if err == nil {
			list, err = source.list(row)
		}
		got := ""
		if err == nil {
			got = fmt.Sprint(list)
		}
		if got != c.want || (c.fails == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.fails) {
			t.Errorf("%s: %s, %v; expected %s, %q", c.source, got, err, c.want, c.fails)
		}
	}
}
