package tables

import (
	"fmt"

	"secura/reports/report"
	"secura/reports/table"
)

// Format tells forgetting how to answer from forgetting what, by report.Report.FormMeasures.
func Format(r *report.Report) (table.Table, error) {
	t := table.Table{Title: "Form of written answers",
		Caption: []string{"The share of written answers that have the form of their task's true ones: a number, or a text as long as these that begins and ends as one of them. " +
			"Lost is by how much the score fell from right after a task's training to the end, by answers that lost the form and by others; of a score that all answers have together, such as BLEU, by the means of single answers. Means over the tasks with written answers, in points of 100" + spreadMeans(r)}}
	measures, err := r.FormMeasures()
	if err != nil {
		return t, fmt.Errorf("table format: %w", err)
	}
	addMeasures(r, &t, r.Learners(), measures)
	return t, nil
}
