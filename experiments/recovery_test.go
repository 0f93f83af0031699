package experiments

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
)

// Old tasks are scored again after further examples, and nothing else changes: the other records
// are those of a cell without it. Of a large rate the scores move.
func TestRecoveryIsScoredAfterTheStream(t *testing.T) {
	y := newToy(t)
	s := y.with(suite.MethodSpec{Preset: "er", LearningRate: 0.2, Reason: "to move", Params: map[string]any{"buffer": 0.5}},
		suite.MethodSpec{Preset: "joint"})
	events := map[bool][]record.Event{}
	for _, asked := range []bool{false, true} {
		if asked {
			s.Evaluation.Recovery = []int{2, 6}
		}
		run := rundir.Run{Path: t.TempDir()}
		w := y.open(t, s, run.Path)
		for _, cell := range w.cells {
			if err := w.RunCell(context.Background(), cell, nil); err != nil {
				t.Fatal(err)
			}
		}
		read := func(id string) []record.Event {
			list, _, err := record.ReadEvents(run.Cell(id).Records())
			if err != nil {
				t.Fatal(err)
			}
			return list
		}
		events[asked] = read("er-s0-o0")
		timings, _, err := record.Read[record.Timing](run.Cell("er-s0-o0").Timing())
		if err != nil {
			t.Fatal(err)
		}
		var timed, recorded int64
		for _, x := range timings {
			if x.Phase == record.Eval && x.Index > 0 {
				timed += x.Tokens
			}
		}
		for _, e := range events[asked] {
			if e.Index > 0 {
				recorded += e.EvalTokens
			}
		}
		if timed != recorded || timed == 0 {
			t.Errorf("recovery %v: %d tokens of evaluations are timed, %d recorded", asked, timed, recorded)
		}
		if slices.ContainsFunc(read("joint-s0-o0"), func(e record.Event) bool { return e.Kind == record.Recovery }) {
			t.Error("joint training has a recovery")
		}
	}
	var recovered []record.Event
	rest := slices.DeleteFunc(slices.Clone(events[true]), func(e record.Event) bool {
		if e.Kind == record.Recovery {
			recovered = append(recovered, e)
		}
		return e.Kind == record.Recovery
	})
	if got, want := len(rest), len(events[false]); got != want {
		t.Fatalf("%d other events with the recovery, %d without", got, want)
	}
	for i, e := range rest {
		a, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(events[false][i])
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a, b) {
			t.Errorf("with the recovery an event is %s, without %s", a, b)
		}
	}
	var at [][2]int
	moved := false
	last := rest[slices.IndexFunc(rest, func(e record.Event) bool { return e.Kind == record.Boundary && e.Index == 3 })]
	for _, e := range recovered {
		at = append(at, [2]int{e.Index, e.Examples})
		if e.Scores[0].Task != e.Task || e.EvalTokens == 0 {
			t.Errorf("%+v", e)
		}
		end := last.Scores[e.Index-1].Scores[0].Value
		moved = moved || e.Scores[0].Scores[0].Value != end
	}
	if !slices.Equal(at, [][2]int{{1, 2}, {1, 6}, {2, 2}, {2, 6}}) {
		t.Errorf("tasks and examples are %v", at)
	}
	if !moved {
		t.Error("no score moved by further examples")
	}
}

// The rows of a recovery were offered in the stream: a memory replays beside them and keeps what it
// has.
func TestARecoveryOffersNoRowAgain(t *testing.T) {
	y := newToy(t)
	var replaying []suite.MethodSpec
	for _, preset := range []string{"er", "er-ball", "der++", "i-lora"} {
		replaying = append(replaying, suite.MethodSpec{Preset: preset, Params: map[string]any{"buffer": 0.5}})
	}
	w := y.open(t, y.with(replaying...), t.TempDir())
	for _, cell := range w.cells {
		folder := mustRun(t, w, cell)
		p, err := w.protocol(t.Context(), cell, folder)
		if err != nil {
			t.Fatal(err)
		}
		l := p.plan()[0]
		session, err := p.start()
		if err != nil {
			t.Fatal(err)
		}
		defer session.Close()
		if err := session.Load(folder.Checkpoint(3)); err != nil {
			t.Fatal(err)
		}
		memory := func() string {
			t.Helper()
			dir := t.TempDir()
			if err := session.Save(dir); err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(filepath.Join(dir, "state.json"))
			if err != nil {
				t.Fatal(err)
			}
			return string(data)
		}
		before, tr := memory(), w.trainer(cell, session, nil)
		next, replay := epochs(l.rows, tr.stream("recovery", l)), tr.stream("recovery/replay", l)
		for range 2 {
			if err := tr.recoveryStep(tr.training.Batch, next, replay, l.rate); err != nil {
				t.Fatal(err)
			}
		}
		if after := memory(); after != before {
			t.Errorf("%s: the memory is %s, before the recovery %s", cell.ID, after, before)
		}
		if tr.session.MixBatch(nil, replay) == nil {
			t.Errorf("%s replays nothing", cell.ID)
		}
	}
}

// What is learned after the stream may diverge; the cell is done all the same, with a warning for
// each score that is not there.
func TestARecoveryThatDivergesIsAWarning(t *testing.T) {
	y := newToy(t)
	s := y.with(suite.MethodSpec{Preset: "seq"})
	run := rundir.Run{Path: t.TempDir()}
	w := y.open(t, s, run.Path)
	folder := mustRun(t, w, w.cells[0])
	w.suite.Evaluation.Recovery = []int{2}
	p, err := w.protocol(t.Context(), w.cells[0], folder)
	if err != nil {
		t.Fatal(err)
	}
	p.lessons = p.plan()
	for i := range p.lessons {
		p.lessons[i].rate = math.MaxFloat32
	}
	if _, err := p.log.cut(folder, rundir.Place{Index: len(p.lessons)}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(p.recover(context.Background()), p.log.close()); err != nil {
		t.Fatal(err)
	}
	events, _, err := record.ReadEvents(folder.Records())
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range events[len(events)-2:] {
		if e.Kind != record.Warning || e.Task != p.lessons[i].name || !strings.Contains(e.Text, "no score after 2 further examples: ") {
			t.Errorf("%+v", e)
		}
	}
}
