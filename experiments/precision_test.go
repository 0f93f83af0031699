package experiments

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/gomlx/compute/dtypes"

	"secura/experiments/record"
	"secura/experiments/suite"
)

// TestHalfPrecisionLearnsAsFullPrecisionDoes holds each kind of method, one of which writes weights
// in every step, to what it does on the same backbone in float32: nearly the same losses, and the
// same bytes again.
func TestHalfPrecisionLearnsAsFullPrecisionDoes(t *testing.T) {
	y := newToy(t)
	losses := func(dtype string) (list []float64, records string) {
		st := y.with(suite.MethodSpec{Name: "seq", Preset: "seq"}, suite.MethodSpec{Name: "secura", Preset: "secura"}, suite.MethodSpec{Name: "seq-full", Preset: "seq-full"},
			suite.MethodSpec{Name: "ewc", Preset: "ewc"})
		st.DType = dtype
		if err := st.Validate(nil); err != nil {
			t.Fatal(err)
		}
		w := y.open(t, st, t.TempDir())
		for name, want := range map[string]dtypes.DType{"model.layers.0.self_attn.q_proj.weight": dtypes.Float32, "model.embed_tokens.weight": dtypes.BFloat16} {
			if dtype == "" {
				want = dtypes.Float32
			}
			if got := w.base.Model.Weights[name].DType(); got != want {
				t.Fatalf("dtype %q: %s is held as %s", dtype, name, got)
			}
		}
		for _, cell := range w.cells {
			if err := w.RunCell(context.Background(), cell, nil); err != nil {
				t.Fatal(err)
			}
			folder := w.run.Cell(cell.ID)
			steps, _, err := record.Read[record.Step](folder.Steps())
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range steps {
				list = append(list, s.Loss)
			}
			content, err := os.ReadFile(folder.Records())
			if err != nil {
				t.Fatal(err)
			}
			records += string(content)
		}
		return list, records
	}
	full, _ := losses("")
	half, records := losses(suite.HalfPrecision)
	if _, again := losses(suite.HalfPrecision); again != records {
		t.Error("two runs gave different records")
	}
	if fmt.Sprint(full) == fmt.Sprint(half) {
		t.Error("bfloat16 changed nothing: is it used?")
	}
	for i := range full {
		if d := (half[i] - full[i]) / full[i]; d > 0.03 || d < -0.03 {
			t.Errorf("loss %d is %.4f, expected about %.4f", i, half[i], full[i])
		}
	}
}
