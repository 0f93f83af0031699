package prompt

import (
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestColumnsAreTheTopLevelFieldsOfTheRow(t *testing.T) {
	for text, want := range map[string]string{
		"{{.question}}":                        "question",
		"{{.translation.en}}":                  "translation",
		"{{$.a}} {{.b | trim}}":                "a b",
		"{{if .a}}{{.b}}{{else}}{{.c}}{{end}}": "a b c",
		"{{range .list}}{{.inner}}{{$.outer}}{{else}}{{.none}}{{end}}":         "list none outer",
		"{{with .a}}{{.inner}}{{else with .b}}{{.inner}}{{else}}{{.c}}{{end}}": "a b c",
		"{{range $i, $e := .list}}{{$e.inner}}{{letter $i}}{{end}}":            "list",
		`{{(index .list 0).inner}}{{join ", " (slice .other 1)}}`:              "list other",
		`{{$x := .a}}{{$x.b}}{{printf "%s %v" .c (len .d)}}`:                   "a c d",
		"{{if and .a (not (null .b))}}x{{end}}":                                "a b",
	} {
		template, err := Compile(Spec{Prompt: text, Answer: "x"})
		if err != nil || strings.Join(template.Columns(), " ") != want {
			t.Errorf("%s: %v, %v", text, template, err)
		}
	}
	template, err := Compile(Spec{Prompt: "{{.b}}", OptionsColumn: "choices.text", Option: "{{.inner}}{{$.also}}", Gold: "{{.a}}"})
	if err != nil || !slices.Equal(template.Columns(), []string{"a", "b", "choices"}) {
		t.Error(template, err)
	}
}

func TestAllMistakesOfTemplatesComeAtOnceWithTheirKeys(t *testing.T) {
	_, err := Compile(Spec{Prompt: "{{.a", OptionsColumn: "a..b", Option: "{{nothing .}}", Gold: "{{if}}", Answer: "{{end}}"})
	for _, want := range []string{"parse prompt: ", "parse option: ", "parse gold: ", "parse answer: ", `"a..b"`, "answer stands beside options_column"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
	for text, want := range map[string]string{
		"":                              "prompt is missing",
		"{{.}}":                         "whole row",
		`{{index $ "a"}}`:               "whole row",
		`{{define "x"}}{{end}}a`:        "define",
		`{{template "prompt" .a}}`:      "template is not supported",
		`{{block "x" .a}}{{.b}}{{end}}`: "define and block",
		`{{.a "x"}}`:                    "no function",
		`{{(.).a}}`:                     "whole row",
		`{{define "x"}}a{{end}}`:        "define and block",
	} {
		if _, err := Compile(Spec{Prompt: text, Answer: "x"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %q is not in %v", text, want, err)
		}
	}
	if _, err := Compile(Spec{Prompt: "a", Option: "b"}); err == nil || !strings.Contains(err.Error(), "need options_column") || !strings.Contains(err.Error(), "answer is missing") {
		t.Error(err)
	}
}

var testRow = map[string]any{
	"question": " What? ", "answer": "so #### 1 #### 72", "null": nil, "yes": true, "n": int64(2), "x": 0.5,
	"list": []any{"a", "b"}, "struct": map[string]any{"en": "x", "null": nil, "list": []any{"p", "q", "r"}},
	"nulls": []any{"a", nil}, "numbers": []any{int64(1), int64(2)}, "one": []any{"a"}, "blank": []any{"a", " "},
}

func TestRender(t *testing.T) {
	for text, want := range map[string]string{
		`{{after "#### " .answer}}`:                              "72",
		`{{.answer | after "####" | trim}}`:                      "72",
		`{{.question | trim | lower}} {{.n}} {{.x}} {{.yes}}`:    "what? 2 0.5 true",
		`{{join ", " .list}}/{{join "" .numbers}}`:               "a, b/12",
		`{{range $i, $o := .list}}{{letter $i}}. {{$o}};{{end}}`: "A. a;B. b;",
		`{{letter .n}}{{position .list "b"}}`:                    "C1",
		`{{if null .null}}none{{else}}{{.null}}{{end}}`:          "none",
		`{{if .yes}}yes{{else}}no{{end}}`:                        "yes",
		`{{if eq .n 2}}two{{end}}`:                               "two",
		`{{.struct.en}}{{with .struct}}{{.en}}{{$.n}}{{end}}`:    "xx2",
		`{{range .list}}{{.}}{{break}}{{end}}{{/* note */}}`:     "a",
		`{{- "<b> & \"c\"" -}}{{.n}}`:                            `<b> & "c"2`,
	} {
		template, err := Compile(Spec{Prompt: text, Answer: "x"})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		for range 2 { // a template is used for many rows
			if got, err := template.Render(testRow); err != nil || got.Prompt != want || got.Answer != "x" || got.Options != nil {
				t.Errorf("%s: %q, %v", text, got.Prompt, err)
			}
		}
	}
}

func TestWhatCannotBeWrittenIsAnErrorThatNamesIt(t *testing.T) {
	for text, want := range map[string][]string{
		"{{.missing}}":                           {"prompt: ", `no entry for key "missing"`},
		"{{.struct.fr}}":                         {"prompt: ", ".struct.fr", `"fr"`},
		"{{.null}}":                              {"prompt: {{.null}} is null"},
		"{{.struct.null}}":                       {"prompt: {{.struct.null}} is null"},
		"{{if .null}}a{{else}}b{{end}}":          {"{{.null}} is null"},
		"{{if eq .null 1}}a{{end}}":              {"{{.null}} is null"},
		`{{printf "%v" .null}}`:                  {"{{.null}} is null"},
		`{{with $v := .null}}{{$v}}{{end}}`:      {"{{.null}} is null"},
		"{{.null.en}}":                           {".null.en"},
		"{{range .null}}{{.}}{{end}}":            {"{{.null}} is null"},
		"{{range .nulls}}{{.}}{{end}}":           {"{{.}} is null"},
		"{{range .nulls}}{{if .}}{{end}}{{end}}": {"{{.}} is null"},
		"{{index .nulls 1}}":                     {"{{index .nulls 1}} is null"},
		"{{.list}}":                              {"{{.list}} is a list of 2, not a text"},
		"{{.struct}}":                            {"{{.struct}} is a struct with en, list, null, not a text"},
		"{{.n}}{{range 1000000000000}}{{end}}":   {"{{1000000000000}} is the int 1000000000000, not a list"},
		"{{.answer.text}}":                       {"{{.answer.text}}: the value is no struct", "{{(json .COLUMN).text}}"},
		"{{range .n}}{{.}}{{end}}":               {"{{.n}} is the int64 2, not a list"},
		`{{after "@" .answer}}`:                  {"prompt: ", `there is no "@" in "so #### 1 #### 72"`, ".answer"},
		`{{after "" .answer}}`:                   {"separator is empty"},
		`{{join "," .answer}}`:                   {"the text", "not a list"},
		`{{join "," .nulls}}`:                    {"entry 1", "null"},
		`{{trim .list}}`:                         {"a list of 2"},
		`{{letter .x}}`:                          {"0.5 is not an index"},
		`{{position .list "z"}}`:                 {`"z" is not in the list [a b]`},
		" \n{{if not .yes}}a{{end}}":             {"prompt: the text is empty"},
	} {
		template, err := Compile(Spec{Prompt: text, Answer: "x"})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		_, err = template.Render(testRow)
		for _, want := range want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q is not in %v", text, want, err)
			}
		}
	}
}

func TestOptionsAndGold(t *testing.T) {
	for _, c := range []struct {
		column, option, gold string
		labels               []string
		want                 string // options and gold, or a part of the error
	}{
		{"list", "", "1", nil, "a|b 1"},
		{"list", " {{.}}", " {{if .yes}}0{{end}}\n", nil, " a| b 0"},
		{"numbers", "", "{{position .list `b`}}", nil, "1|2 1"},
		{"struct.list", "", "{{.n}}", nil, "p|q|r 2"},
		{"list", "", "{{.yes}}", []string{"false", "true"}, "a|b 1"},
		{"list", "", "{{.n}}", nil, "gold 2 is out of range: the 2 options"},
		{"list", "", "-1", nil, "gold -1 is out of range"},
		{"list", "", "B", nil, `gold "B" is not an index`},
		{"list", "", "D", []string{"A", "B"}, `gold "D" is none of gold_labels ["A" "B"]`},
		{"list", "", "C", []string{"A", "B", "C"}, "only 2 options"},
		{"list", "", "{{.null}}", nil, "gold: {{.null}} is null"},
		{"list", "{{.text}}", "0", nil, "options_column list, option 0: option: "},
		{"answer", "", "0", nil, `options_column answer is the text "so #### 1 #### 72", not a list`},
		{"null", "", "0", nil, "options_column null is null, not a list"},
		{"struct", "", "0", nil, "is a struct with en, list, null, not a list"},
		{"other", "", "0", nil, "there is no other; there is answer, blank"},
		{"struct.text", "", "0", nil, "there is no struct.text; there is en, list, null"},
		{"list.text", "", "0", nil, "list is a list of 2, not a struct"},
		{"nulls", "", "0", nil, "option 1: it is null"},
		{"nulls", "{{.}}", "0", nil, "option 1: option: {{.}} is null"},
		{"blank", "", "0", nil, "option 1: it is empty"},
		{"one", "", "0", nil, "at least 2 options, the list has 1"},
	} {
		template, err := Compile(Spec{Prompt: "p", OptionsColumn: c.column, Option: c.option, Gold: c.gold, GoldLabels: c.labels})
		if err != nil {
			t.Fatal(err)
		}
		text, err := template.Render(testRow)
		got := strings.Join(text.Options, "|") + " " + string(rune('0'+text.Gold))
		if err != nil {
			got = err.Error()
		} else if text.Answer != text.Options[text.Gold] {
			t.Errorf("%+v: answer %q", c, text.Answer)
		}
		if err == nil && got != c.want || !strings.Contains(got, c.want) {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

func TestAfterIsBehindTheLastSeparator(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, separator := rapid.String().Draw(t, "before"), rapid.StringN(1, 5, -1).Draw(t, "separator")
		behind := strings.ReplaceAll(rapid.String().Draw(t, "behind"), separator, "")
		got, err := after(separator, before+separator+behind)
		if err != nil || strings.Contains(got, separator) || !strings.HasSuffix(before+separator+behind, separator+got) {
			t.Fatal(got, err)
		}
	})
}

// FuzzTemplate: whatever a suite's templates are, there is an error or a text.
func FuzzTemplate(f *testing.F) {
	f.Add("{{.question}}", "list", "{{.}}", "1")
	f.Add("{{range $i, $e := .list}}{{$e}}{{else}}{{$.n}}{{end}}", "struct.list", "{{printf \"%5d\" 3}}{{.}}", "{{.n}}")
	f.Add("{{with .struct}}{{.en}}{{end}}{{(index .list 0)}}", "numbers", "", "{{position .numbers .n}}")
	f.Add("{{if and .yes (not .null)}}{{slice .question 0 1}}{{end}}", "", "", "")
	f.Fuzz(func(t *testing.T, prompt, column, option, gold string) {
		if len(prompt)+len(option)+len(gold) > 300 {
			t.Skip("long nested ranges only take time")
		}
		spec := Spec{Prompt: prompt, OptionsColumn: column, Option: option, Gold: gold}
		if column == "" {
			spec = Spec{Prompt: prompt, Answer: option}
		}
		template, err := Compile(spec)
		if err != nil {
			return
		}
		text, err := template.Render(testRow)
		if err != nil {
			return
		}
		if strings.TrimSpace(text.Prompt) == "" || strings.TrimSpace(text.Answer) == "" || text.Options != nil && text.Options[text.Gold] != text.Answer {
			t.Fatalf("%+v", text)
		}
		// Only the columns that are named are read.
		few := map[string]any{}
		for _, c := range template.Columns() {
			if v, ok := testRow[c]; ok {
				few[c] = v
			}
		}
		if again, err := template.Render(few); err != nil || again.Prompt != text.Prompt || again.Answer != text.Answer {
			t.Fatalf("with the columns alone: %+v, %v", again, err)
		}
	})
}

func TestFloatsAreWrittenWithoutExponent(t *testing.T) {
	for v, want := range map[float64]string{1e6: "1000000", 0.1: "0.1", 1e21: "1000000000000000000000", -2.5e-7: "-0.00000025", math.Inf(1): "inf", 0: "0", math.Copysign(0, -1): "0"} {
		if got, err := asText(v); got != want || err != nil {
			t.Errorf("%g is written %q, expected %q (%v)", v, got, want, err)
		}
	}
	if got, err := letter(2.0); got != "C" || err != nil {
		t.Errorf("letter 2.0 is %q, %v", got, err)
	}
	if _, err := letter(2.5); err == nil {
		t.Error("2.5 has a letter")
	}
}
