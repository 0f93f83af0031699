package experiments

import (
	"context"
	"math"
	"slices"
	"testing"

	"secura/experiments/record"
	"secura/experiments/suite"
	"secura/methods"
)

// measuresOn reads the measures of a cell: those of each boundary, and those of each step.
func measuresOn(t *testing.T, w *Worker, cell suite.Cell) (boundaries, steps [][]record.Measure) {
	t.Helper()
	if err := w.RunCell(context.Background(), cell, nil); err != nil {
		t.Fatal(err)
	}
	folder := w.run.Cell(cell.ID)
	for _, e := range boundariesOf(t, folder) {
		boundaries = append(boundaries, e.Measures)
	}
	lines, _, err := record.Read[record.Step](folder.Steps())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range lines {
		steps = append(steps, s.Measures)
	}
	return boundaries, steps
}

func namesOf(list []record.Measure) (names []string) {
	for _, m := range list {
		names = append(names, m.Name)
	}
	return names
}

func TestMeasuresAreOnRecord(t *testing.T) {
	y := newToy(t)
	s := y.with(suite.MethodSpec{Preset: "er", Params: map[string]any{"buffer": 0.2}}, suite.MethodSpec{Preset: "secura", LearningRate: 0.1, Reason: "test"},
		suite.MethodSpec{Preset: "frozen"})
	w := y.open(t, s, t.TempDir())
	update := []string{"update/frobenius", "update/relative", "update/spectral", "weight/frobenius", "update/effective_rank"}
	groups := []string{"gradient/q_proj/A", "gradient/q_proj/B", "gradient/v_proj/A", "gradient/v_proj/B"}
	for i, want := range []struct{ start, step []string }{
		{nil, append(slices.Clone(groups), "replay/share")}, {[]string{"cabr/a0_identity_error"}, groups}, {nil, nil},
	} {
		boundaries, steps := measuresOn(t, w, w.cells[i])
		for j, list := range boundaries {
			names := update
			if j == 0 {
				names = want.start
			}
			if got := namesOf(list); !slices.Equal(got, names) {
				t.Errorf("%s: boundary %d measures %v, want %v", w.cells[i].ID, j, got, names)
			}
		}
		for j, list := range steps {
			if got := namesOf(list); len(got) < len(want.step) || !slices.Equal(got[:len(groups)], groups) {
				t.Errorf("%s: step %d measures %v, want %v", w.cells[i].ID, j+1, got, want.step)
			}
		}
	}

	s.Evaluation.Diagnostics = false
	w = y.open(t, s, t.TempDir())
	boundaries, steps := measuresOn(t, w, w.cells[1])
	for _, list := range append(boundaries, steps...) {
		if list != nil {
			t.Errorf("without diagnostics there are %v", namesOf(list))
		}
	}
}

// What is not finite has no form in the records and is left out; the rest stays.
func TestMeasuresThatAreNotFiniteAreLeftOut(t *testing.T) {
	got := measuresOf([]methods.Measure{{Name: "a", Value: math.NaN()}, {Name: "b", Value: 1}, {Name: "c", Value: math.Inf(-1)}})
	if len(got) != 1 || got[0] != (record.Measure{Name: "b", Value: 1}) {
		t.Errorf("%+v stays", got)
	}
}
