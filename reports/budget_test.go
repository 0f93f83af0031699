package reports

import (
	"slices"
	"strings"
	"testing"

	"secura/experiments/record"
	"secura/reports/synthetic"
	"secura/reports/tables"
)

// SEQ keeps 24,576 trained values; ER as many and 2,000 bytes, for 1.5 times the operations. SECURA
// keeps more than both and is worse than ER; the order of the rows is that of the bytes.
func TestBudgetByHand(t *testing.T) {
	kept := map[string][2]int64{"secura": {24576, 4*24576 + 4096}, "seq": {24576, 4 * 24576}, "er": {24576, 4*24576 + 2048}}
	s := synthetic.Run{Tasks: synthetic.TaskNames(2), Methods: synthetic.Named("secura", "seq", "er", "frozen"), Seeds: 1, Orders: 1, Knowledge: true,
		Score: func(m, _, _, _ int) float64 { return []float64{0.5, 0.25, 0.625, 0}[m] }}
	plain := s
	s.End = func(f *synthetic.CellFiles) {
		name := f.Id[:strings.IndexByte(f.Id, '-')]
		f.Events[0].TrainedParameters, f.Events[0].StateBytes = kept[name][0], kept[name][1]
		var again []record.Timing
		for i := range f.Timings {
			if f.Timings[i].Phase == record.Train {
				f.Timings[i].FLOP = map[string]float64{"seq": 2e9, "er": 3e9, "secura": 2e9}[name]
				again = append(again, f.Timings[i])
			}
		}
		f.Timings = append(again, f.Timings...) // as of a task that was trained again after a break
	}
	shown, err := tables.Named(load(t, s.Make(t, nil)), "budget")
	synthetic.Must(t, err)
	var order []string
	for _, row := range shown[0].Rows {
		order = append(order, row[0].Text)
	}
	if !slices.Equal(order, []string{"seq", "er", "secura"}) {
		t.Errorf("the methods stand in the order %v", order)
	}
	for method, want := range map[string]string{"seq": "96.0 0.0 96.0 2.0 1.00 25.0 93.7 yes", "er": "96.0 2.0 98.0 3.0 1.50 62.5 90.5 yes", "secura": "96.0 4.0 100.0 2.0 1.00 50.0 96.8 "} {
		if got := textsOf(rowOf(t, shown[0], method)); got != want {
			t.Errorf("%s: %q, want %q", method, got, want)
		}
	}
	// Runs that did not count operations have the rest.
	shown, err = tables.Named(load(t, plain.Make(t, nil)), "budget")
	synthetic.Must(t, err)
	if row := rowOf(t, shown[0], "seq"); row[4].Text != "–" || row[5].Text != "·" || !strings.Contains(strings.Join(shown[0].Footnotes, " "), "did not count") {
		t.Errorf("%v, footnotes %q", textsOf(row), shown[0].Footnotes)
	}
}
