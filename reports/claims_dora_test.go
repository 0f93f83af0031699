package reports

import (
	"secura/reports/synthetic"
	"testing"
)

// variants is a run of tasks learned alone, the first two multiple choice, in
// which secura is ahead of dora by the given points there.
func variants(seeds int, choice float64) synthetic.Synthetic {
	s := synthetic.Synthetic{Tasks: synthetic.TaskNames(4), Methods: synthetic.Named("dora", "secura"), Seeds: seeds, Orders: 1, Stream: "separate", Choices: 2}
	s.Score = func(m, seed, i, j int) float64 {
		x := 0.50 + 0.002*float64(seed)
		if m == 1 && j <= 2 {
			x += choice + 0.001*float64(seed%2)
		} else if m == 1 {
			x -= 0.05 + 0.001*float64(seed%2)
		}
		return x
	}
	return s
}

func TestClaimsOverDoRA(t *testing.T) {
	stream := sixteen(2, same(.6), same(.9), same(.9))
	table := claims{evidence(t, stream, variants(8, 0.04))}.dora()
	wants(t, table, "multiple choice, points", Supported, "")
	wants(t, table, "multiple choice, percent", Supported, "")
	wants(t, table, "question answering, points", NotSupported, "")
	if got := table.Rows[0][4]; got.Text != "+4.1" || table.Rows[2][4].Text != "+8.0" {
		t.Errorf("ahead by %s points, %s percent; want +4.1, +8.0", got.Text, table.Rows[2][4].Text)
	}
	// Ahead, but by less than is claimed.
	table = claims{evidence(t, variants(8, 0.01))}.dora()
	wants(t, table, "multiple choice, points", NotSupported, "the whole interval of the difference lies below +3.59%")
	wants(t, claims{evidence(t, variants(3, 0.04))}.dora(), "multiple choice, points", Undecided, "only from 7 on")
	written := variants(8, 0.04)
	written.Choices = 0
	wants(t, claims{evidence(t, written)}.dora(), "multiple choice, points", NotMeasured, "no task of this kind")
	// Tasks learned alone say nothing of retention.
	wants(t, claims{evidence(t, variants(8, 0.04))}.knowledge(), "as K[N], above 70", NotMeasured, "stream of tasks")
}
