package datasets

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"
)

func TestFloatsAreWrittenAsDecimals(t *testing.T) {
	task := Task{Name: "floats", Source: "floats", Prompt: "{{.question}}", Answer: "{{.answer}} for {{.price}}", Scores: []string{"number"}, MaxNewTokens: 8}
	examples, err := task.Load(casesFolder(t), "test")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"3 for 0.1", "18 for 0.2", "1000000 for 0.3", "25000000 for 0.4", "0.1 for 0.5"}
	for i, e := range examples {
		if e.Answer != want[i] {
			t.Errorf("row %d: %q, expected %q", i+1, e.Answer, want[i])
		}
	}
	task.Answer, task.Options, task.Gold, task.Scores, task.MaxNewTokens = "", []string{"a", "b", "c", "d"}, "{{.answer}}", []string{"accuracy"}, 0
	examples, err = task.Load(casesFolder(t), "test")
	expectError(t, err, "row 2", "gold 18 is out of range")
	if len(examples) > 0 {
		t.Error("a wrong gold was read")
	}
}

type floats struct {
	F32 float32
	F64 float64
}

func readFloats(t testing.TB, rows []floats) []Row {
	var out bytes.Buffer
	if err := parquet.Write(&out, rows); err != nil {
		t.Fatal(err)
	}
	list, err := allRows(out.Bytes(), "floats")
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestNaNIsNull(t *testing.T) {
	nan := math.NaN()
	rows := readFloats(t, []floats{{float32(nan), nan}, {1, 2}, {float32(math.Inf(1)), math.Inf(-1)}})
	if rows[0]["F32"] != nil || rows[0]["F64"] != nil || rows[1]["F32"] != 1.0 || rows[2]["F64"] != math.Inf(-1) {
		t.Errorf("%v", rows)
	}
}

func TestFloatsReadBack(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		x := rapid.Float32().Draw(r, "float32")
		y := rapid.Float64().Draw(r, "float64")
		row := readFloats(t, []floats{{x, y}})[0]
		if got := row["F32"].(float64); float32(got) != x {
			r.Fatalf("%g became %g", x, got)
		}
		if got := row["F64"].(float64); got != y {
			r.Fatalf("%g became %g", y, got)
		}
	})
}

// TestHalfFloatsReadBack: of all half floats, each is nearest to what it was read as.
func TestHalfFloatsReadBack(t *testing.T) {
	var values []float64
	for bits := range 0x7c00 {
		values = append(values, halfValue(uint16(bits)))
	}
	for bits, x := range values {
		got := half(uint16(bits))
		i, found := slices.BinarySearch(values, got)
		if !found && i > 0 && (i == len(values) || got-values[i-1] < values[i]-got) {
			i--
		}
		if i != bits {
			t.Fatalf("%g (%#04x) became %g, nearest to %g", x, bits, got, values[i])
		}
	}
	if half(0x2e66) != 0.1 {
		t.Errorf("0.1 is %g", half(0x2e66))
	}
}
