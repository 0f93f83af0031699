package report

import (
	"secura/reports/metric"
	"secura/reports/table"
)

// ScoreEntry is the entry of a mean in points of 100 with its 95% interval; of an undefined one a
// footnote tells the reason.
func ScoreEntry(t *table.Table, s metric.Summary) table.Entry {
	if !s.Mean.Defined() {
		return t.Undefined(s.Mean.Undefined)
	}
	return MeanEntry(s)
}

// MeanEntry is ScoreEntry of a mean that is defined.
func MeanEntry(s metric.Summary) table.Entry {
	e := table.Score(s.Mean.Number)
	if s.CI95.Defined() {
		width := table.Score(s.CI95.Number)
		e.Spread, e.HalfWidth = "±"+width.Text, width.Number
	}
	return e
}
