package reports

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"secura/experiments/record"
	"secura/reports/report"
	"secura/reports/synthetic"
	"secura/reports/tables"
)

// The area is that of the union of rectangles, counted on a grid.
func TestTheAreaUnderAFrontIsThatOfItsRectangles(t *testing.T) {
	const side = 20
	rapid.Check(t, func(t *rapid.T) {
		points := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) report.FrontPoint {
			return report.FrontPoint{Learning: float64(rapid.IntRange(0, side).Draw(t, "learning")) / side, Retention: float64(rapid.IntRange(0, side).Draw(t, "retention")) / side}
		}), 0, 6).Draw(t, "points")
		want := 0
		for i := range side {
			for j := range side {
				for _, p := range points {
					if (float64(i)+0.5)/side < p.Learning && (float64(j)+0.5)/side < p.Retention {
						want++
						break
					}
				}
			}
		}
		if got := report.Area(points); math.Abs(got-float64(want)/(side*side)) > 1e-9 {
			t.Fatalf("the area under %v is %g, counted %g", points, got, float64(want)/(side*side))
		}
	})
	if got := report.Area([]report.FrontPoint{{Learning: 0.5, Retention: 1.4}, {Learning: 0.2, Retention: -1}}); got != 0.5 {
		t.Errorf("retention above 1 or below 0 counts: %g", got)
	}
}

// Two settings of er and one of seq on two seeds, counted by hand. er's are (0.6, 0.4/0.6) and
// (0.4, 0.38/0.4) on seed 0; seq's, (0.6, 0.1/0.6), is dominated by the first of them.
func TestTheFrontOfARun(t *testing.T) {
	scores := map[int][2]float64{0: {0.6, 0.1}, 1: {0.6, 0.4}, 2: {0.4, 0.38}} // learned, and left at the end
	methods := synthetic.Named("seq", "er", "er", "frozen")
	methods[2].Name = "er-small"
	s := synthetic.Run{Tasks: synthetic.TaskNames(2), Methods: methods, Seeds: 2, Orders: 1,
		Score: func(m, seed, i, j int) float64 {
			x := scores[m][1]
			if i == j {
				x = scores[m][0]
			}
			if i == 2 { // the last task too: all are left with the same
				x = scores[m][1]
			}
			return x
		}}
	s.End = func(f *synthetic.CellFiles) { // right after its own training the last task has the first number
		for _, e := range f.Events {
			if e.Kind == record.Boundary && e.Index == 2 {
				for m, name := range []string{"seq-s", "er-s", "er-small-s"} {
					if strings.HasPrefix(f.Id, name) {
						e.Scores[0].Scores[0].Value = 2*scores[m][1] - scores[m][0]
						e.Scores[1].Scores[0].Value = scores[m][0]
					}
				}
			}
		}
	}
	r := load(t, s.Make(t, nil))
	fronts, err := tables.Named(r, "front")
	synthetic.Must(t, err)
	if len(fronts) != 1 {
		t.Fatalf("%d tables without a battery", len(fronts))
	}
	// 0.6·(0.4/0.6) + 0.4·(0.95 − 0.4/0.6) = 0.4 + 0.1133
	for method, want := range map[string]string{"er": "2 51.3 · 38.0 er-small er, er-small", "seq": "1 10.0 · · · none"} {
		if got := textsOf(rowOf(t, fronts[0], method)); got != want {
			t.Errorf("%s: %q, want %q", method, got, want)
		}
	}
	if len(fronts[0].Rows) != 2 {
		t.Errorf("%d rows, expected er and seq", len(fronts[0].Rows))
	}
	s.Knowledge = true
	if fronts, err = tables.Named(load(t, s.Make(t, nil)), "front"); err != nil || len(fronts) != 2 || !strings.Contains(fronts[0].Title, "knowledge") {
		t.Errorf("with a battery: %d tables, error %v", len(fronts), err)
	}
}

// Of a tuning the settings are its trials. The first one of secura keeps all on one seed, 0.2 and
// 0.3 of it on the others; nothing is known of those that diverged.
func TestTheFrontOfATuning(t *testing.T) {
	k := tried()
	fronts, err := tables.Named(&report.Report{Trials: &k}, "front")
	synthetic.Must(t, err)
	// Seed 0: (0.5, 1) and (0.625, 0.6): 0.625·0.6 + 0.5·0.4. On the others 0.35 and 0.4. No
	// setting keeps 0.9 of what it learned: the means are 0.5 and 0.62.
	if got := textsOf(rowOf(t, fronts[0], "secura")); got != "3 44.2 · · · t02" {
		t.Error(got)
	}
	if row := rowOf(t, fronts[0], "seq"); row[2].Text != "–" || !strings.Contains(strings.Join(fronts[0].Footnotes, " "), "diverged: loss is NaN") {
		t.Errorf("%v, footnotes %q", textsOf(row), fronts[0].Footnotes)
	}
	if settings := report.TriedSettings(k); len(settings) != 6 || len(settings[1].Retention) != 3 || settings[1].Retention[0].Value.Number != 0.6 {
		t.Errorf("%+v", settings)
	}
}
