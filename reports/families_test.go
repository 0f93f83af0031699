package reports

import (
	"errors"
	"strings"
	"testing"

	"secura/reports/metric"
	"secura/reports/synthetic"
	"secura/reports/tables"
)

// TestFamilies: each family's mean right after learning and at the end, over the tasks that belong
// to it wherever they stand in the stream; joint, which learns all at once, has an end alone.
func TestFamilies(t *testing.T) {
	s := small()
	s.Methods, s.Seeds, s.Families = synthetic.Named("joint", "frozen", "seq"), 1, []string{"arithmetic", "reading", "arithmetic"}
	s.Score = func(method, _, i, j int) float64 {
		switch {
		case i == j:
			return 0.5 + 0.1*float64(j) // 0.6, 0.7, 0.8
		case method == 0:
			return 0.9
		}
		return 0.05 * float64(j) // at the end, of the first two 0.05 and 0.1
	}
	r := load(t, s.Make(t, nil))
	shown, err := tables.Named(r, "families")
	synthetic.Must(t, err)
	for label, want := range map[string]float64{
		"arithmetic (2) learned": 0.7, "arithmetic (2) at the end": (0.05 + 0.8) / 2,
		"reading (1) learned": 0.7, "reading (1) at the end": 0.1,
	} {
		row := rowOf(t, shown[0], label)
		near(t, "base of "+label, metric.Number(*row[1].Number/100), 0.05) // of every run that is made up
		near(t, "seq's "+label, metric.Number(*row[3].Number/100), want)
		if learned := strings.HasSuffix(label, "learned"); learned != (row[2].Number == nil) {
			t.Errorf("joint's %s is %q", label, row[2].Text)
		}
	}
	if heads := shown[0].Columns; len(heads) != 4 {
		t.Errorf("%d columns, expected family, base, joint and seq: the untouched backbone stands once", len(heads))
	}
	s.Families = nil
	if _, err := tables.Named(load(t, s.Make(t, nil)), "families"); !errors.Is(err, tables.ErrLacks) || !strings.Contains(err.Error(), "all tasks are of one family") {
		t.Errorf("of one family: %v", err)
	}
}
