package tables

import (
	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/table"
)

// Recovery shows how fast forgotten tasks come back: the mean score of all tasks but the last right
// after their training, at the end, and after a few further examples of each from there. The last
// column is the share of what was forgotten that the most of these bring back.
func Recovery(r *report.Report) table.Table {
	t := table.Table{Title: "Recovery",
		Caption: []string{"The mean score of the tasks but the last, in points of 100" + spreadMeans(r) + ", and after so many further examples of each, learned from the final weights. " +
			"Back is (after the most examples − end) / (learned − end): what comes back so fast was out of use and not forgotten."}}
	addMeasures(r, &t, r.Learners(), append([]report.Measure{
		{Head: []string{"", "learned"}, Of: report.LearnedButLast},
		{Head: []string{"", "end"}, Of: func(c report.Cell) metric.Value { return c.RecoveredBy(0) }},
	}, report.RecoveryMeasures(r.RecoveryExamples())...))
	return t
}
