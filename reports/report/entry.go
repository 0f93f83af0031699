package report

import (
	"secura/reports/metric"
	"secura/reports/table"
)

// ScoreEntry is MeanEntry of a score.
func ScoreEntry(t *table.Table, s metric.Summary) table.Entry {
	return MeanEntry(t, s, table.Score)
}

// MeanEntry is the entry of a mean with its 95% interval, each shown as a number is; footnotes tell
// why a mean is undefined, and why that of several seeds has no interval.
func MeanEntry(t *table.Table, s metric.Summary, shown func(float64) table.Entry) table.Entry {
	if !s.Mean.Defined() {
		return t.Undefined(s.Mean.Undefined)
	}
	e := shown(s.Mean.Number)
	switch {
	case s.CI95.Defined():
		width := shown(s.CI95.Number)
		e.Spread, e.HalfWidth = "±"+width.Text, width.Number
	case s.N > 1:
		e.Notes = append(e.Notes, t.Note(s.CI95.Undefined))
	}
	return e
}

// Shown is how a number of a metric is shown: in points of 100, or in nats where it is plain.
func Shown(d metric.Definition) func(float64) table.Entry {
	if d.Plain {
		return table.Nats
	}
	return table.Score
}
