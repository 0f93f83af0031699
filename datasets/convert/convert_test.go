package convert

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"secura/datasets"
)

// converted are the rows of a file with this content.
func converted(t testing.TB, name, content, rows string) ([]datasets.Row, Result, error) {
	t.Helper()
	dir, err := os.MkdirTemp("", "convert")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	result, err := Source{Path: path, Rows: rows}.Write(filepath.Join(dir, "out"))
	if err != nil {
		if files, _ := os.ReadDir(filepath.Join(dir, "out")); len(files) > 0 {
			t.Errorf("%v is left", files)
		}
		return nil, result, err
	}
	list, err := read(result)
	return list, result, err
}

func read(result Result) (list []datasets.Row, err error) {
	var names []string
	for _, c := range result.Columns {
		names = append(names, c[:strings.LastIndex(c[:min(len(c), strings.Index(c+"<", "<"))], " ")])
	}
	for row, err := range datasets.OpenRows(result.Path, names) {
		if err != nil {
			return nil, err
		}
		list = append(list, row)
	}
	return list, nil
}

func TestFilesBecomeTheirRows(t *testing.T) {
	for _, c := range []struct {
		name, content, columns string
		want                   []datasets.Row
	}{
		{"a.jsonl", `{"q": "2 + 2?", "n": 4, "meta": {"source": "a"}, "list": ["x", "y"]}` + "\n\n" + `{"q": null, "n": 4.5, "meta": {"source": null, "page": 3}, "list": []}` + "\n",
			"list list<string>; meta struct<page: int64, source: string>; n double; q string", []datasets.Row{
				{"q": "2 + 2?", "n": 4.0, "meta": map[string]any{"source": "a", "page": nil}, "list": []any{"x", "y"}},
				{"q": nil, "n": 4.5, "meta": map[string]any{"source": nil, "page": int64(3)}, "list": []any{}}}},
		{"a.json", "\ufeff[\n {\"a b\": true, \"l\": [{\"x\": 1}, {\"x\": null}, null]},\n {\"a b\": null, \"l\": null}]\n", "a b boolean; l list<struct<x: int64>>", []datasets.Row{
			{"a b": true, "l": []any{map[string]any{"x": int64(1)}, map[string]any{"x": nil}, nil}}, {"a b": nil, "l": nil}}},
		{"one.json", `{"a": 1} {"a": 2}` + "\n{\n\"a\": 3\n}", "a int64", []datasets.Row{{"a": int64(1)}, {"a": int64(2)}, {"a": int64(3)}}},
		{"deep.jsonl", `{"l": [[1, 2], [], null, [3]]}` + "\n" + `{"l": []}`, "l list<list<int64>>", []datasets.Row{
			{"l": []any{[]any{int64(1), int64(2)}, []any{}, nil, []any{int64(3)}}}, {"l": []any{}}}},
		{"a.csv", "question,answer,n\n\"What, is \"\"it\"\"?\",yes,1\n\"two\nlines\",,\n", "answer string; n int64; question string", []datasets.Row{
			{"question": "What, is \"it\"?", "answer": "yes", "n": int64(1)}, {"question": "two\nlines", "answer": "", "n": nil}}},
		{"kinds.csv", "a,b,c,d,e,f\r\n1,1.5,007,true,1,x\r\n,2,8,false,2.5,1\r\n", "a int64; b double; c string; d boolean; e double; f string", []datasets.Row{
			{"a": int64(1), "b": 1.5, "c": "007", "d": true, "e": 1.0, "f": "x"}, {"a": nil, "b": 2.0, "c": "8", "d": false, "e": 2.5, "f": "1"}}},
		{"spelled.csv", "a,b,c\nTrue,TRUE,true\nFalse,False,True\n\ntrue,FALSE,false\n", "a string; b string; c string", []datasets.Row{
			{"a": "True", "b": "TRUE", "c": "true"}, {"a": "False", "b": "False", "c": "True"}, {"a": "true", "b": "FALSE", "c": "false"}}},
		{"one.csv", "a\n\"two\n\nlines\"\r\n\"\"\nx\n", "a string", []datasets.Row{{"a": "two\n\nlines"}, {"a": ""}, {"a": "x"}}},
		{"one.tsv", "a\nx\n\ny\n", "a string", []datasets.Row{{"a": "x"}, {"a": ""}, {"a": "y"}}},
		{"a.tsv", "sentence\tlabel\nhe said \"no\t1\nit's\t0\n", "label int64; sentence string", []datasets.Row{
			{"sentence": "he said \"no", "label": int64(1)}, {"sentence": "it's", "label": int64(0)}}},
		{"wide.jsonl", `{"a": 5, "b": 9007199254740992, "c": [0.1, 1.10, 5e-324, -0.10000000000000001]}` + "\n" + `{"a": 9007199254740993, "b": 0.5, "c": [0.30000000000000004, 1.000000000000000056e-01, 1.7976931348623157e308]}`, "a int64; b double; c list<double>", []datasets.Row{
			{"a": int64(5), "b": 9007199254740992.0, "c": []any{0.1, 1.1, 5e-324, -0.1}}, {"a": int64(9007199254740993), "b": 0.5, "c": []any{0.30000000000000004, 0.1, math.MaxFloat64}}}},
		{"wide.csv", "a,b,c,d,e,f\n9007199254740993,0.5,9007199254740993,3.14159265358979323846264338,1e-400,5\n0.5,9007199254740993,7,0.5,1e999,0.50\n1,1,-9223372036854775808,1,1,1e3\n", "a string; b string; c int64; d string; e string; f double", []datasets.Row{
			{"a": "9007199254740993", "b": "0.5", "c": int64(9007199254740993), "d": "3.14159265358979323846264338", "e": "1e-400", "f": 5.0},
			{"a": "0.5", "b": "9007199254740993", "c": int64(7), "d": "0.5", "e": "1e999", "f": 0.5},
			{"a": "1", "b": "1", "c": int64(math.MinInt64), "d": "1", "e": "1", "f": 1000.0}}},
	} {
		got, result, err := converted(t, c.name, c.content, "")
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if columns := strings.Join(result.Columns, "; "); columns != c.columns || result.Rows != len(c.want) {
			t.Errorf("%s: %d rows of %s, expected %s", c.name, result.Rows, columns, c.columns)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
	got, _, err := converted(t, "olora.json", `{"Definition": ["d"], "Positive Examples": [], "Instances": [{"input": "i", "output": ["o"]}], "more": 1}`, "Instances")
	if err != nil || len(got) != 1 || got[0]["input"] != "i" {
		t.Errorf("%v, %v", got, err)
	}
}

func TestBadFilesNameLineAndColumn(t *testing.T) {
	for _, c := range []struct{ name, content, want string }{
		{"a.jsonl", "{\"a\": 1}\n{\"a\": 2,}\n", "line 2, byte "},
		{"a.jsonl", "{\"a\": 1}\n\n\n{\"a\": \"x\"}\n", "line 4: column a is a text, in line 1 it is a whole number"},
		{"a.jsonl", "{\"a\": {\"b\": 1}}\n{\"a\": {\"b\": [1]}}\n", "line 2: column a.b is a list, in line 1"},
		{"a.jsonl", "{\"a\": [1, \"x\"]}\n", "column a[] is a text"},
		{"a.jsonl", "[1, 2]\n{\"a\": 1}", "expected an object"},
		{"a.jsonl", "{\"a\": 1}\n3\n", "line 2: expected an object"},
		{"a.jsonl", "{\"a\": 12345678901234567890}", "no room in 64 bits"},
		{"a.jsonl", "{\"a\": 1e999}", "no room in 64 bits"},
		{"a.jsonl", "{\"a\": [1]}\n{\"a\": [1e-400]}", "line 2: column a[]: the number 1e-400 has no room in 64 bits: round it, or write it as a text"},
		{"a.jsonl", "{\"a\": 3.14159265358979323846264338}", "line 1: column a: the number 3.14159265358979323846264338 has no room in 64 bits"},
		{"a.jsonl", "{\"a\": 1}\n{\"a\": 9007199254740993}\n{\"a\": 0.5}", "line 3: column a is a number, in line 2 it is a whole number: a double does not hold the whole one exactly, so write all as texts"},
		{"a.jsonl", "{\"a\": 1}\n{\"a\": 0.5}\n{\"a\": 9007199254740993}", "line 3: column a is a whole number, in line 2 it is a number: a double"},
		{"a.jsonl", "{\"a\": {}}", "without keys"},
		{"a.jsonl", "{}\n{}", "no columns"},
		{"a.jsonl", "{\"a\": \"x", "line 1"},
		{"a.jsonl", "{\"a\": \"\xff\"}", "not UTF-8"},
		{"a.jsonl", "", "no rows"},
		{"a.json", "[]", "no rows"},
		{"a.json", "[{\"a\": 1}", "has no end"},
		{"a.json", "[{\"a\": 1}]\n x", "line 2, byte 2: there is something after the list: put all rows into it"},
		{"a.csv", "a,b\n1,2\n1,2,3\n", "line 3 has another number of cells"},
		{"a.csv", "a,b\n1,x\"y\n", "line 2, character"},
		{"a.csv", "a,b\n1,\"x\n", "does not end with one"},
		{"a.csv", "a,a\n1,2\n", "both named a"},
		{"a.csv", "a,\n1,2\n", "column 2 has no name"},
		{"a.csv", "a\n\xff\n", "line 2: column a is not UTF-8"},
		{"a.csv", "a\nx\n\ny\n", "line 3 is empty, which with one column is a row or none: write \"\" for a row"},
		{"a.csv", "a\r\n\"x\ny\"\r\n\r\ny\r\n", "line 4 is empty"},
		{"a.csv", "a\nx\n\n", "line 3 is empty"},
		{"a.csv", "a\n\n", "line 2 is empty"},
		{"a.csv", "\na\nx\n", "line 1 is empty"},
		{"a.csv", "a,b\n", "no rows"},
		{"a.csv", "", "no rows"},
		{"a.tsv", "a\tb\n1\n", "line 2 has 1 cells, the first line names 2"},
		{"a.txt", "a", "expected a name that ends in"},
		{"a.jsonl.gz", "\x1f\x8b", "it is compressed: unpack it first"},
		{"a.jsonl", "\x1f\x8b\x08", "compressed by gzip"},
		{"a.csv", "PK\x03\x04...", "ZIP archive"},
		{"a.csv", "\xff\xfea\x00,\x00", "UTF-16"},
		{"a.json", "PAR1", "needs no converting"},
		{"a.csv", "text;label\nhi;1\n", "the one column \"text;label\" has a ';' in its name: cells are separated by ,"},
		{"a.csv", "text\tlabel\nhi\t1\n", "cells are separated by ,"},
		{"a.tsv", "text,label\nhi,1\n", "cells are separated by tabs"},
		{"a.csv", ",text\n0,x\n", "column 1 has no name: give it one, or leave it out (pandas"},
		{"a.jsonl", "{\"a\": NaN}", "Python writes NaN and Infinity, which are no JSON: write null"},
		{"a.jsonl", "{\"a\": -Infinity}", "write null"},
		{"a.jsonl", "{\"a\": 1}\n{\"b\": {\"c\": 1, \"c\": 2}}", "line 2: the key \"c\" stands twice"},
		{"a.jsonl", "{\"a\": " + strings.Repeat("[", 300) + strings.Repeat("]", 300) + "}", "line 1: lists and objects within each other are deeper than 64"},
		{"a.jsonl", `{"a": "\ud83d"}`, "line 1: half of a character"},
	} {
		if _, _, err := converted(t, c.name, c.content, ""); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.name) {
			t.Errorf("%s %q: %v, expected %q", c.name, c.content, err, c.want)
		}
	}
}

func TestTheRestOfAnObjectIsRead(t *testing.T) {
	const two = `{"rows": [{"a": 1}, {"a": 2}]`
	for _, rest := range []string{"}", "\n}\r\n\t ", `, "x": [{"rows": [[1], "]", {}]}, null], "y": {}}`} {
		if got, _, err := converted(t, "a.json", two+rest, "rows"); err != nil || len(got) != 2 {
			t.Errorf("%q: %v, %v", rest, got, err)
		}
	}
	for content, want := range map[string]string{
		`{"a": []}`:                        `no key "rows"; there is [a]`,
		`{"rows": 3}`:                      "is no list",
		"\n[1]":                            "line 2: expected an object",
		`{"a": 1`:                          "line 1, byte 8: a list or an object has no end",
		two:                                "line 1, byte 30: a list or an object has no end: expected its ] or }, get the whole file",
		two + ",\n garbage":                "line 2, byte 2: no JSON: invalid character 'g'",
		two + `, "x": `:                    "line 1, byte 37: a list or an object has no end",
		two + `, "x": "cut`:                "line 1, byte 41: it ends in the middle of a value",
		two + `, "x": [1, {"y": 2}`:        "line 1, byte 49: a list or an object has no end",
		two + `, "x": nul}`:                "line 1, byte 37: no JSON: invalid character '}' in literal null",
		two + `,}`:                         "line 1, byte 31: no JSON",
		two + ",\n\"rows\": [{\"a\": 3}]}": `line 2: the key "rows" stands twice in one object: put all rows into one list`,
		two + "}\n" + two + "}\n":          `line 2, byte 1: there is something after the object with the key "rows": put the rows of all objects into one list, or`,
		two + `}{"rows": [{"a": 3}]}`:      "line 1, byte 31: there is something after the object",
		two + "}\n\n\x00":                  "line 3, byte 1: there is something after the object",
	} {
		if _, _, err := converted(t, "a.json", content, "rows"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, expected %q", content, err, want)
		}
	}
}

func TestWhatSurvivesBeingADouble(t *testing.T) {
	for text, want := range map[string]bool{
		"0": true, "-0.0": true, "0e-999": true, "0.1": true, "1.10": true, ".5": true, "5.": true, "1E5": true, "1e23": true,
		"0.10000000000000000000": true, "0.1000000000000000055511151231257827021181583404541015625": true, "999999999999999e-15": true,
		"9007199254740992": true, "9007199254740993": false, "9007199254740993.0": false, "9.007199254740993e15": false,
		"9223372036854775807": false, "-9223372036854775808": true, "18014398509481990": false, "90071992547409.93": false,
		"5e-324": true, "3e-324": false, "1e-400": false, "1e308": true, "1e309": false, "3.141592653589793": true, "7.854549544476363e-90": true, "3.14159265358979323846": false,
	} {
		if got := survives(text); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Float64().Draw(t, "number")
		text := strconv.FormatFloat(x, 'e', rapid.IntRange(-1, 30).Draw(t, "digits"), 64)
		if rapid.Bool().Draw(t, "without an exponent") {
			text = strconv.FormatFloat(x, 'f', rapid.IntRange(0, 30).Draw(t, "decimals"), 64)
		}
		if _, err := strconv.ParseFloat(text, 64); err == nil && !survives(text) {
			t.Fatalf("%s, written of a double, does not survive", text)
		}
	})
}

func TestAFileIsNotWrittenOver(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "train.jsonl")
	if err := os.WriteFile(path, []byte("{\"a\": 1}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := Source{Path: path}
	if r, err := s.Write(dir); err != nil || r.Path != filepath.Join(dir, "train.parquet") {
		t.Fatal(r, err)
	}
	if _, err := s.Write(dir); err == nil || !strings.Contains(err.Error(), "there already") {
		t.Error(err)
	}
}

func TestTheCaseOfJSONLines(t *testing.T) {
	const folder = "../../../shared/cases/data/jsonl"
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("%v: the cases lie beside the project", err)
	}
	dir := t.TempDir()
	for _, name := range []string{"train.jsonl", "test.csv"} {
		if _, err := (Source{Path: filepath.Join(folder, name)}).Write(dir); err != nil {
			t.Error(err)
		}
	}
	task := datasets.Task{Name: "n", Source: ".", Prompt: "{{.question}}", Answer: "{{.answer}}"}
	train, err := task.Read(dir, "train")
	if err != nil || len(train.Examples) != 2 || train.Examples[1].Answer != "6" {
		t.Errorf("%v, %v", train, err)
	}
	if test, err := task.Read(dir, "test"); err != nil || test.Examples[0].Prompt != `What, is "it"?` {
		t.Errorf("%v, %v", test, err)
	}
}

// TestRowsReadBack: rows of one random type, with nulls anywhere, are read as they were written.
func TestRowsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		columns := map[string]func() any{}
		for i := range rapid.IntRange(1, 4).Draw(t, "columns") {
			columns[fmt.Sprintf("c%d", i)] = value(t, 2)
		}
		var text strings.Builder
		var want []datasets.Row
		for range rapid.IntRange(1, 5).Draw(t, "rows") {
			row := datasets.Row{}
			for _, name := range slices.Sorted(maps.Keys(columns)) {
				row[name] = columns[name]()
			}
			want = append(want, row)
			line, err := json.Marshal(row)
			if err != nil {
				t.Fatal(err)
			}
			text.Write(append(line, '\n'))
		}
		dir, err := os.MkdirTemp("", "convert")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		path := filepath.Join(dir, "x.jsonl")
		if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		result, err := Source{Path: path}.Write(dir)
		if err != nil {
			t.Fatal(err)
		}
		got, err := read(result)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("%s\n%s", text.String(), d)
		}
	})
}

// value gives random values of one random type.
func value(t *rapid.T, depth int) func() any {
	maybe := func(f func() any) func() any {
		return func() any {
			if rapid.IntRange(0, 4).Draw(t, "null") == 0 {
				return nil
			}
			return f()
		}
	}
	switch kind := rapid.IntRange(0, 3+2*min(depth, 1)).Draw(t, "kind"); kind {
	case 0:
		return maybe(func() any { return rapid.Bool().Draw(t, "bool") })
	case 1:
		return maybe(func() any { return rapid.Int64().Draw(t, "int") })
	case 2:
		return maybe(func() any {
			x := rapid.Float64Range(-1e9, 1e9).Draw(t, "float") + 0.5
			if x == math.Trunc(x) {
				x = 0.25 // a column of whole numbers alone is one of integers
			}
			return x
		})
	case 3:
		return maybe(func() any { return rapid.StringMatching(`[a-zäß"\\,\n]{0,8}`).Draw(t, "text") })
	case 4:
		item := value(t, depth-1)
		return maybe(func() any {
			list := []any{}
			for range rapid.IntRange(0, 3).Draw(t, "length") {
				list = append(list, item())
			}
			return list
		})
	}
	a, b := value(t, depth-1), value(t, depth-1)
	return maybe(func() any { return map[string]any{"a": a(), "b": b()} })
}

func FuzzConvert(f *testing.F) {
	for _, seed := range []string{"{\"a\": [1, {\"b\": null}]}\n", "[{\"a\": true}]", "a,b\n1,\"x\"\n", "a\tb\n1\tx\n"} {
		for i := range Extensions {
			f.Add(seed, i)
		}
	}
	f.Fuzz(func(t *testing.T, content string, extension int) {
		if extension < 0 || extension >= len(Extensions) {
			t.Skip()
		}
		converted(t, "x"+Extensions[extension], content, "")
	})
}
