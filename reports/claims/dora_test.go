package claims

import (
	"testing"

	"secura/reports/synthetic"
)

func TestClaimsOverDoRA(t *testing.T) {
	stream := sixteen(2, same(.6), same(.9), same(.9))
	table := judge{evidence(t, stream, synthetic.Variants(8, 0.04))}.dora()
	wants(t, table, "multiple choice, points", Supported, "")
	wants(t, table, "multiple choice, percent", Supported, "")
	wants(t, table, "question answering, points", NotSupported, "")
	if got := table.Rows[0][4]; got.Text != "+4.1" || table.Rows[2][4].Text != "+8.0" {
		t.Errorf("ahead by %s points, %s percent; want +4.1, +8.0", got.Text, table.Rows[2][4].Text)
	}
	// Ahead, but by less than is claimed.
	table = judge{evidence(t, synthetic.Variants(8, 0.01))}.dora()
	wants(t, table, "multiple choice, points", NotSupported, "the whole interval of the difference lies below +3.59%")
	wants(t, judge{evidence(t, synthetic.Variants(3, 0.04))}.dora(), "multiple choice, points", Undecided, "only from 7 on")
	written := synthetic.Variants(8, 0.04)
	written.Choices = 0
	wants(t, judge{evidence(t, written)}.dora(), "multiple choice, points", NotMeasured, "no task of this kind")
	// Tasks learned alone say nothing of retention.
	wants(t, judge{evidence(t, synthetic.Variants(8, 0.04))}.knowledge(), "as K[N]", NotMeasured, "stream of tasks")
}
