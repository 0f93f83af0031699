package claims

import (
	"strings"
	"testing"

	"secura/reports/synthetic"
)

// The claim is judged by both measures, beside what knows nothing.
func TestTheClaimByTheReleasedMeasure(t *testing.T) {
	s := synthetic.Run{Tasks: synthetic.TaskNames(4), Methods: synthetic.Named("secura", "secura-released-m1", "secura-released-m2", "seq"), Seeds: 6, Orders: 1, Knowledge: true, Score: synthetic.Fade}
	synthetic.Predicting(&s, func(method string) float64 {
		return map[string]float64{"secura": 0.95, "secura-released-m1": 0.75, "secura-released-m2": 0.4, "seq": 1}[method]
	})
	table := judge{evidence(t, s)}.kept()
	want := map[string][]string{
		"untouched":  {"", "100.0", "", "100.0", "100.0", "100.0", "100.0", "100.0", ""},
		"perfect":    {"", "–", "", "120.0", "120.0", "120.0", "120.0", "120.0", ""},
		"echo":       {"", "–", "", "110.0", "110.0", "110.0", "110.0", "110.0", "supported"},
		"with noise": {"", "20.0", "", "75.0", "75.0", "75.0", "75.0", "75.0", "supported"},
		"secura":     {"6", "95.8", "supported", "95.0", "95.0", "95.0", "95.0", "95.0", "supported"},
		// By K it keeps more than by the scores, of which those that it keeps are above the bar.
		"secura-released-m1": {"6", "92.6", "supported", "75.0", "75.0", "75.0", "75.0", "75.0", "supported"},
		"secura-released-m2": {"6", "89.5", "supported", "40.0", "40.0", "40.0", "40.0", "40.0", "not supported"},
	}
	if len(table.Rows) != len(want) {
		t.Errorf("%d rows", len(table.Rows))
	}
	for _, row := range table.Rows {
		texts, ok := want[row[0].Text]
		if !ok {
			t.Errorf("a row of %s", row[0].Text)
			continue
		}
		for i, text := range texts {
			if row[i+1].Text != text {
				t.Errorf("%s, column %d: %q, want %q", row[0].Text, i+1, row[i+1].Text, text)
			}
		}
	}
	if notes := strings.Join(table.Footnotes, "\n"); !strings.Contains(notes, "0.800, 0.800") || !strings.Contains(notes, "8.00 nats a token instead of 1.00") ||
		!strings.Contains(notes, "by 5 of the 5 scores above 70%") {
		t.Errorf("footnotes:\n%s", notes)
	}
	without := synthetic.Run{Tasks: synthetic.TaskNames(4), Methods: synthetic.Named("secura"), Seeds: 1, Orders: 1, Knowledge: true, Score: synthetic.Fade}
	if table := (judge{evidence(t, without)}).kept(); table.Rows[0][9].Text != string(NotMeasured) || !strings.Contains(table.Footnotes[0], "runner run -suite FILE.yaml "+keptSettings) {
		t.Errorf("%+v, %q", table.Rows, table.Footnotes)
	}
}
