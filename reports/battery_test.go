package reports

import (
	"math"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/reports/synthetic"
	"secura/reports/tables"
)

// batteryRun is a run of a cell of seq, whose predictions writeBattery makes.
func batteryRun(t *testing.T) (rundir.Run, string) {
	s := synthetic.Run{Tasks: synthetic.TaskNames(2), Knowledge: true, Methods: synthetic.Named("seq", "frozen"), Seeds: 1, Orders: 1, Score: synthetic.Fade}
	run := s.Make(t, nil)
	return run, load(t, run).Suite.Knowledge[0].Name
}

// writeBattery writes which items of the battery, counted from first, are right at a boundary: one
// for each byte, with an x where it is.
func writeBattery(t testing.TB, run rundir.Run, battery string, boundary int, first int32, right string) {
	t.Helper()
	rows := []record.Prediction{{Task: "another", ID: 7, Correct: true}} // no item of the battery
	for i, c := range right {
		rows = append(rows, record.Prediction{Task: battery, ID: first + int32(i), Correct: c == 'x'})
	}
	synthetic.WritePredictions(t, run.Cell("seq-s0-o0"), boundary, rows)
}

func TestItemsOfTheBatteryThatAreKeptAndGained(t *testing.T) {
	run, battery := batteryRun(t)
	for _, x := range []struct{ before, after, kept, gained, note string }{
		{"xxx.", "x.xx", "66.7", "100.0", ""}, // K stands where it was
		{"xxxx", "x.xx", "75.0", "–", "knew every item"},
		{"....", "x.xx", "–", "75.0", "knew no item"},
	} {
		writeBattery(t, run, battery, 0, 0, x.before)
		writeBattery(t, run, battery, 2, 0, x.after)
		shown, err := tables.Named(load(t, run), "battery")
		synthetic.Must(t, err)
		got := rowOf(t, shown[0], "seq")
		if got[1].Text != x.kept || got[2].Text != x.gained || !strings.Contains(strings.Join(shown[0].Footnotes, " "), x.note) {
			t.Errorf("%+v: %s, footnotes %q", x, textsOf(got), shown[0].Footnotes)
		}
		if len(shown[0].Rows) != 1 {
			t.Errorf("%d rows; frozen keeps everything", len(shown[0].Rows))
		}
	}
}

func TestItemsOfTheBatteryAreTheSameAtBothEnds(t *testing.T) {
	run, battery := batteryRun(t)
	path := run.Cell("seq-s0-o0").Predictions(2)
	for want, spoil := range map[string]func(){
		"3 items":             func() { writeBattery(t, run, battery, 2, 0, "xxx") },
		"lacks the battery's": func() { writeBattery(t, run, battery, 2, 1, "xxxx") },
		path:                  func() { synthetic.Must(t, os.WriteFile(path, nil, 0o644)) },
	} {
		writeBattery(t, run, battery, 0, 0, "xxxx")
		spoil()
		if _, err := tables.Named(load(t, run), "battery"); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "cell seq-s0-o0") {
			t.Errorf("expected an error with %q: %v", want, err)
		}
	}
	synthetic.Must(t, os.Remove(path))
	shown, err := tables.Named(load(t, run), "battery")
	synthetic.Must(t, err)
	if row := rowOf(t, shown[0], "seq"); row[1].Text != "–" || !strings.Contains(strings.Join(shown[0].Footnotes, " "), "not there any more") {
		t.Errorf("%v, footnotes %q", textsOf(row), shown[0].Footnotes)
	}
}

// K[N] = K[0]·kept + (1 − K[0])·gained.
func TestKIsMadeOfItemsThatAreKeptAndGained(t *testing.T) {
	run, battery := batteryRun(t)
	share := func(right string) float64 { return float64(strings.Count(right, "x")) / float64(len(right)) }
	rapid.Check(t, func(rt *rapid.T) {
		before := "x." + rapid.StringMatching(`[x.]{0,30}`).Draw(rt, "before")
		after := rapid.StringOfN(rapid.RuneFrom([]rune("x.")), len(before), len(before), -1).Draw(rt, "after")
		writeBattery(t, run, battery, 0, 0, before)
		writeBattery(t, run, battery, 2, 0, after)
		r := load(t, run)
		measures, err := r.BatteryMeasures()
		synthetic.Must(t, err)
		var of []float64
		for _, m := range measures {
			of = append(of, r.Over("seq", m.Of).Mean.Number)
		}
		known := share(before)
		if got := known*of[0] + (1-known)*of[1]; math.Abs(got-share(after)) > 1e-12 {
			rt.Errorf("%v of %s make %g, and %s is %g", of, before, got, after, share(after))
		}
	})
}
