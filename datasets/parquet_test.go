package datasets

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
)

func readAll(path string, columns []string) (rows []Row, err error) {
	for row, err := range OpenRows(path, columns) {
		if err != nil {
			return rows, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// plain gives JSON's view of a value, numbers by their digits.
func plain(t *testing.T, v any) any {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var out any
	if err := decoder.Decode(&out); err != nil {
		t.Fatal(err)
	}
	return wholeNumbers(out)
}

// wholeNumbers writes 1.0 as 1.
func wholeNumbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		return json.Number(strings.TrimSuffix(string(v), ".0"))
	case []any:
		for i := range v {
			v[i] = wholeNumbers(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = wholeNumbers(v[k])
		}
	}
	return v
}

func compareRows(t *testing.T, dir string, files map[string]struct{ Rows []json.RawMessage }) {
	for name, want := range files {
		path := filepath.Join(dir, name)
		if len(want.Rows) == 0 {
			if rows, err := readAll(path, []string{"question"}); err != nil || len(rows) > 0 {
				t.Errorf("%s: %d rows, %v", name, len(rows), err)
			}
			continue
		}
		var first map[string]any
		if err := json.Unmarshal(want.Rows[0], &first); err != nil {
			t.Fatal(err)
		}
		var columns []string
		for c := range first {
			columns = append(columns, c)
		}
		rows, err := readAll(path, columns)
		if err != nil {
			t.Error(err)
			continue
		}
		if d := cmp.Diff(plain(t, want.Rows), plain(t, rows)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestRowsAreThoseThatPyarrowReads(t *testing.T) {
	data, err := os.ReadFile("testdata/parquet/rows.json")
	if err != nil {
		t.Fatal(err)
	}
	var files map[string]struct{ Rows []json.RawMessage }
	if err := json.Unmarshal(data, &files); err != nil {
		t.Fatal(err)
	}
	if len(files) < 11 {
		t.Fatal(len(files))
	}
	compareRows(t, "testdata/parquet", files)
}

func TestTheSharedGoldenFiles(t *testing.T) {
	const dir = "../../shared/golden/parquet"
	data, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if err != nil {
		t.Skip("the shared goldens are not here; testdata/parquet holds most of them")
	}
	var golden struct {
		Files map[string]struct{ Rows []json.RawMessage }
	}
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	compareRows(t, dir, golden.Files)
}

func TestOddTypesAreReadable(t *testing.T) {
	path := "testdata/parquet/odd_types.parquet"
	columns := []string{"u8", "i8", "f16", "f32", "f64", "day", "when_us", "when_ns", "dec", "blob", "fixed", "map", "emb", "nothing", "deep"}
	rows, err := readAll(path, columns)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 4 {
		t.Fatal(rows)
	}
	want := map[string][]any{
		"u8": {int64(0), int64(255), int64(7), nil}, "i8": {int64(-128), int64(127), int64(0), nil},
		"f16": {0.5, -2.0, 0.0, 65504.0}, "f64": {0.1, 1e300, math.Copysign(0, -1), nil},
		"day":     {"2024-02-29", "1969-12-31", nil, "2000-01-01"},
		"when_us": {"2024-02-29T12:30:15.123456Z", nil, "2024-02-29T12:30:15.123456Z", "2024-02-29T12:30:15.123456Z"},
		"when_ns": {"2024-02-29T12:30:15.123456", nil, "2024-02-29T12:30:15.123456", "2024-02-29T12:30:15.123456"},
		"dec":     {"12.34", "-0.01", nil, "99999999.99"},
		"blob":    {"00ff", "", nil, "abc"}, "fixed": {"abcd", "efgh", nil, "ijkl"},
		"map":     {map[string]any{"k": int64(1)}, map[string]any{}, nil, map[string]any{"a": int64(1), "b": nil}},
		"nothing": {nil, nil, nil, nil},
		"deep": {map[string]any{"a": map[string]any{"b": []any{map[string]any{"c": int64(1)}}}}, nil, map[string]any{"a": nil},
			map[string]any{"a": map[string]any{"b": []any{}}}},
	}
	for column, values := range want {
		for i := range rows {
			if d := cmp.Diff(values[i], rows[i][column]); d != "" {
				t.Errorf("%s, row %d: %s", column, i, d)
			}
		}
	}
}

func TestErrorsNameFileColumnAndRow(t *testing.T) {
	path := "testdata/parquet/gsm8k_main.parquet"
	_, err := readAll(path, []string{"qestion", "answer"})
	if err == nil || !strings.Contains(err.Error(), path+`: unknown column "qestion"; did you mean "question"? Known: question, answer`) {
		t.Error(err)
	}
	if _, err := readAll(path, nil); err == nil {
		t.Error("no columns")
	}
	if _, err := readAll("testdata/parquet", []string{"a"}); err == nil || !strings.Contains(err.Error(), "folder") {
		t.Error(err)
	}
	if _, err := readAll("testdata/none.parquet", []string{"a"}); err == nil || !strings.Contains(err.Error(), "none.parquet") {
		t.Error(err)
	}
	var out bytes.Buffer
	type large struct {
		N uint64 `parquet:"n"`
	}
	if err := parquet.Write(&out, []large{{1}, {1 << 63}}); err != nil {
		t.Fatal(err)
	}
	for row, err := range ReadRows(bytes.NewReader(out.Bytes()), int64(out.Len()), "big.parquet", []string{"n"}) {
		if row == nil && (err == nil || !strings.Contains(err.Error(), "read big.parquet: row 2: column n: 9223372036854775808 is above")) {
			t.Error(err)
		}
	}
}

func TestAnEarlyBreakStopsTheReading(t *testing.T) {
	n := 0
	for _, err := range OpenRows("testdata/parquet/cnn_dailymail.parquet", []string{"id"}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 3 {
			break
		}
	}
}

func TestInspect(t *testing.T) {
	data, err := os.ReadFile("testdata/parquet/odd_types.parquet")
	if err != nil {
		t.Fatal(err)
	}
	info, err := Inspect(bytes.NewReader(data), int64(len(data)), "odd")
	if err != nil || info.Rows != 4 || len(info.RowGroups) != 1 || info.CreatedBy == "" {
		t.Fatal(info, err)
	}
	types := map[string]string{}
	for _, c := range info.Columns {
		types[c.Name] = c.Type
	}
	for name, want := range map[string]string{"input": "string", "emb": "list<float>", "deep": "struct<a: struct<b: list<struct<c: int64>>>>"} {
		if types[name] != want {
			t.Errorf("%s: %q, want %q", name, types[name], want)
		}
	}
	if _, err := Inspect(bytes.NewReader(nil), 0, "empty.parquet"); err == nil || !strings.Contains(err.Error(), "empty.parquet") {
		t.Error(err)
	}
}
