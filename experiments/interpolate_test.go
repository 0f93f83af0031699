package experiments

import (
	"context"
	"encoding/json"
	"testing"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
)

// The mixture 0.5 of SEQ's weights has the scores that WiSE-FT of 0.5 ends with, and stands at the
// end alone. A method whose forward pass is not one with weights has none.
func TestMixturesAreThoseOfWiSEFT(t *testing.T) {
	y := newToy(t)
	s := y.with(suite.MethodSpec{Preset: "seq", LearningRate: 0.1, Reason: "to move"},
		suite.MethodSpec{Preset: "wise-ft", LearningRate: 0.1, Reason: "to move", Params: map[string]any{"mix": 0.5}},
		suite.MethodSpec{Preset: "secura-released-m1", Params: map[string]any{"rank": 3, "inner": 5}})
	s.Evaluation.Interpolate = []float64{0.01, 0.5}
	run := rundir.Run{Path: t.TempDir()}
	w := y.open(t, s, run.Path)
	last := map[string]record.Event{}
	for _, cell := range w.cells {
		if err := w.RunCell(context.Background(), cell, nil); err != nil {
			t.Fatal(err)
		}
		events, _, err := record.ReadEvents(run.Cell(cell.ID).Records())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if e.Kind == record.Boundary && e.Index == 3 {
				last[cell.Method.Name] = e
			} else if e.Mixtures != nil {
				t.Errorf("%s: %s %d has mixtures", cell.Method.Name, e.Kind, e.Index)
			}
		}
	}
	mixtures := last["seq"].Mixtures
	if len(mixtures) != 2 || mixtures[0].Mix != 0.01 || mixtures[1].Mix != 0.5 {
		t.Fatalf("SEQ has the mixtures %+v", mixtures)
	}
	text := func(scores []record.TaskScores, knowledge *float64) string {
		data, err := json.Marshal(map[string]any{"scores": scores, "knowledge": knowledge})
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	wise := last["wise-ft"]
	if got, want := text(mixtures[1].Scores, mixtures[1].Knowledge), text(wise.Scores, wise.Knowledge); got != want {
		t.Errorf("SEQ's mixture has %s, WiSE-FT %s", got, want)
	}
	if last["seq"].EvalTokens <= last["secura-released-m1"].EvalTokens || last["secura-released-m1"].Mixtures != nil {
		t.Errorf("tokens %d with mixtures, %d without; the released method has %v", last["seq"].EvalTokens, last["secura-released-m1"].EvalTokens, last["secura-released-m1"].Mixtures)
	}
}
