package reports

import (
	"math"
	"os"
	"slices"
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
	synthetic.WritePredictions(t, run.Cell("seq-s0-o0"), boundary, append(rows, synthetic.BatteryPredictions(battery, first, right)...))
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

// TestItemsWithPartialCreditAreNotCounted: an answer that is half right is no item that is known or
// not, and K is not made of such shares.
func TestItemsWithPartialCreditAreNotCounted(t *testing.T) {
	run, battery := batteryRun(t)
	writeBattery(t, run, battery, 0, 0, "xxx.")
	rows := synthetic.BatteryPredictions(battery, 0, "xx..")
	rows[3].Score = 0.5
	synthetic.WritePredictions(t, run.Cell("seq-s0-o0"), 2, rows)
	shown, err := tables.Named(load(t, run), "battery")
	synthetic.Must(t, err)
	if got := rowOf(t, shown[0], "seq"); got[1].Text != "–" || !strings.Contains(strings.Join(shown[0].Footnotes, " "), "partial credit") {
		t.Errorf("%s, footnotes %q", textsOf(got), shown[0].Footnotes)
	}
}

// A battery of questions with options is told by the sum of log-likelihoods too: the third item is
// right by it alone, before the stream, and the second at the end.
func TestItemsOfTheBatteryByTheSum(t *testing.T) {
	s := synthetic.Run{Tasks: synthetic.TaskNames(2), Knowledge: true, KnowledgeOptions: true, Methods: synthetic.Named("seq", "frozen"), Seeds: 1, Orders: 1, Score: synthetic.Fade}
	run := s.Make(t, nil)
	battery := load(t, run).Suite.Knowledge[0].Name
	var examples []record.Example
	for id := range int32(4) {
		examples = append(examples, record.Example{Task: battery, ID: id, Options: []string{"long one", "b"}, Gold: "b"})
	}
	data, err := record.EncodeExamples(examples)
	synthetic.Must(t, err)
	synthetic.Must(t, os.WriteFile(run.Examples(), data, 0o644))
	for boundary, items := range map[int]struct{ right, bySum string }{0: {"xx..", "x.x."}, 2: {"x...", "xx.."}} {
		var rows []record.Prediction
		for i := range 4 {
			sums := []float64{-1, -2}
			if items.bySum[i] == 'x' {
				sums = []float64{-2, -1}
			}
			rows = append(rows, record.Prediction{Task: battery, ID: int32(i), Gold: "b", OptionScores: sums, Correct: items.right[i] == 'x'})
		}
		synthetic.WritePredictions(t, run.Cell("seq-s0-o0"), boundary, rows)
	}
	shown, err := tables.Named(load(t, run), "battery")
	synthetic.Must(t, err)
	// kept, gained, K[N] of the records; by the sum kept 1 of 2, gained 1 of 2, both K 2 of 4
	if got := strings.Fields(textsOf(rowOf(t, shown[0], "seq"))); !slices.Equal(append(got[:2:2], got[3:]...), []string{"50.0", "0.0", "50.0", "50.0", "50.0", "50.0"}) {
		t.Errorf("%v", got)
	}
	synthetic.Must(t, os.Remove(run.Examples()))
	shown, err = tables.Named(load(t, run), "battery")
	synthetic.Must(t, err)
	if n := len(rowOf(t, shown[0], "seq")); n != 4 {
		t.Errorf("%d columns without the options' texts", n)
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
